// Requests to a Vault: token, namespace, time limits, the mount's version, renewal of the token.

import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxJSON
import Synchronization

/// A Vault over HTTP. One connection is kept and used again.
final class VaultConnection: Sendable {
    /// The version of the KV secrets engine.
    enum Engine: Sendable { case version1, version2 }

    /// A request without a usable answer.
    struct Failure: Error {
        var error: OmlxError
        /// Whether it may have been done all the same.
        var mayBeDone: Bool
    }

    private struct State {
        var token: Secret?
        var engine: Engine?
        var isLooked = false
        /// How often the token's life was looked at.
        var renewals = 0
    }

    static let limits = HTTPLimits(connect: 3, firstByte: 5, idle: 5, bodyBytes: 4 << 20)
    private static let looking = "look at the mount"
    private static let jsonType = HTTPRequestHeader("Content-Type", "application/json")

    let settings: VaultSettings
    private let http: HTTPClient
    private let state = Mutex(State())
    /// The next look at the token.
    private let renewals = OwnedTasks()

    init(_ settings: VaultSettings) {
        self.settings = settings
        http = HTTPClient(environment: settings.environment, tls: settings.tls)
    }

    /// The path segments of the mount.
    var mount: [String] { settings.mount.split(separator: "/").map(String.init) }
    /// The path segments records begin with.
    var prefix: [String] { settings.prefix.split(separator: "/").map(String.init) }

    /// The version of the mounted engine; asked for once.
    /// - Throws: `Failure`.
    func engine() async throws(Failure) -> Engine {
        if let known = state.withLock({ $0.engine }) { return known }
        let path = ["sys", "internal", "ui", "mounts"] + mount
        var answer = try await send("GET", path, doing: Self.looking)
        if case .forbidden = answer, try await adoptNewToken() {
            answer = try await send("GET", path, doing: Self.looking)
        }
        let engine: Engine
        switch answer {
        case .done(let body):
            let kind = body.json["data"]?["type"]?.stringValue ?? "kv"
            guard kind == "kv" || kind == "generic" else {
                throw Failure(
                    error: OmlxError(
                        .storeUnavailable,
                        "Vault's mount \(OmlxError.shown(settings.mount, limit: 80)) is no KV secrets engine but "
                            + OmlxError.shown(kind, limit: 40),
                        nextStep: "name a KV mount in vaultMountPoint of tokenStorage"), mayBeDone: false)
            }
            let version = body.json["data"]?["options"]?["version"]
            engine = version?.stringValue == "2" || version?.intValue == 2 ? .version2 : .version1
        // A gateway may show the secrets and nothing else: version 2 is what a mount has by default.
        case .missing, .conflict: engine = .version2
        case .forbidden:
            let failure = try await refusal(Self.looking, path)
            guard failure.error.code == .storeForbidden else { throw failure }
            engine = .version2
        case .refused(let error): throw Failure(error: error, mayBeDone: false)
        }
        state.withLock { $0.engine = engine }
        return engine
    }

    /// Sends a request; a token that ended is told apart from one that may not do this. The token's own life is looked
    /// at beside the first request.
    /// - Parameters:
    ///   - path: segments after `/v1/`, not yet escaped.
    ///   - body: JSON text.
    ///   - purpose: what it is for, as after "may not".
    /// - Throws: `Failure`.
    func call(
        _ method: String, _ path: [String], query: String? = nil, body: Secret? = nil,
        limits: HTTPLimits = VaultConnection.limits, doing purpose: String
    ) async throws(Failure) -> VaultAnswer {
        let isFirst = state.withLock { state in
            defer { state.isLooked = true }
            return !state.isLooked
        }
        // What keeps the token from being renewed says the request itself.
        async let renewed: Void = isFirst ? renewIfDue() : ()
        let answer = await Result { () async throws(Failure) in
            try await send(method, path, query: query, body: body, limits: limits, doing: purpose)
        }
        await renewed
        guard case .success(.forbidden) = answer else { return try answer.get() }
        if try await adoptNewToken() {
            return try await send(method, path, query: query, body: body, limits: limits, doing: purpose)
        }
        throw try await refusal(purpose, path)
    }

    private func send(
        _ method: String, _ path: [String], query: String? = nil, body: Secret? = nil,
        limits: HTTPLimits = VaultConnection.limits, doing purpose: String
    ) async throws(Failure) -> VaultAnswer {
        let (request, token): (HTTPRequest, Secret)
        do throws(OmlxError) {
            (request, token) = try await self.request(method, path, query, body, limits)
        } catch {
            throw Failure(error: error, mayBeDone: false)
        }
        do {
            var reply = try await http.fetch(request)
            defer { reply.wipe() }
            return VaultAnswer.judge(reply, origin: request.url.origin, hiding: token)
        } catch let failure as HTTPFailure {
            throw Failure(error: Self.translated(failure.error, purpose), mayBeDone: failure.mayHaveBeenSent)
        } catch {
            throw Failure(error: OmlxError(.storeTimeout, "the request to Vault was cancelled"), mayBeDone: true)
        }
    }

    private func request(
        _ method: String, _ path: [String], _ query: String?, _ body: Secret?, _ limits: HTTPLimits
    ) async throws(OmlxError) -> (HTTPRequest, Secret) {
        let base = try settings.url()
        let token = try await currentToken()
        guard !(mount + prefix).contains(where: { [".", ".."].contains($0) }) else {
            throw OmlxError(
                .configURLInvalid, "Vault's mount or prefix has a part that is . or ..",
                nextStep: "correct vaultMountPoint and vaultPathPrefix in tokenStorage")
        }
        var root = base.text
        while root.hasSuffix("/") { root.removeLast() }
        let text = root + "/v1/" + path.map(Self.escaped).joined(separator: "/") + (query.map { "?" + $0 } ?? "")
        let url: HTTPURL
        do {
            url = try HTTPURL(text)
        } catch {
            throw OmlxError(.configURLInvalid, "Vault's path cannot be used: \(error.reason)")
        }
        var headers = [
            HTTPRequestHeader("X-Vault-Token", secret: token), HTTPRequestHeader("X-Vault-Request", "true"),
        ]
        if let namespace = settings.namespace { headers.append(HTTPRequestHeader("X-Vault-Namespace", namespace)) }
        if body != nil { headers.append(Self.jsonType) }
        let request = HTTPRequest(
            method, url, headers: headers, body: body.map { .secret($0) } ?? .none, limits: limits,
            redirects: .returned)
        return (request, token)
    }

    /// A path segment as it may stand in a URL (RFC 3986 §2.3).
    private static func escaped(_ segment: String) -> String {
        var text = ""
        for byte in segment.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return text
    }

    private static func translated(_ error: OmlxError, _ purpose: String) -> OmlxError {
        let isSlow = [
            .transportConnectTimeout, .transportFirstByteTimeout, .transportIdleTimeout, .transportTimeout,
        ].contains(error.code)
        let hint = error.nextStep ?? "look whether Vault runs: vault status"
        return OmlxError(
            isSlow ? .storeTimeout : .storeUnavailable,
            isSlow
                ? "Vault did not answer in time (to \(purpose): \(error.message))"
                : "Vault cannot be reached (\(error.code.text): \(error.message))", nextStep: hint)
    }

    // MARK: the token

    private func currentToken() async throws(OmlxError) -> Secret {
        if let token = state.withLock({ $0.token }) { return token }
        guard let source = settings.token else { throw settings.tokenMissing }
        let token = try await source.read()
        state.withLock { $0.token = token }
        return token
    }

    /// Whether the token's file holds another one now.
    private func adoptNewToken() async throws(Failure) -> Bool {
        guard case .file? = settings.token, let token = try? await settings.token?.read() else { return false }
        return state.withLock { state in
            guard state.token != token else { return false }
            state.token = token
            // Its life is another one.
            state.isLooked = false
            return true
        }
    }

    /// Why the answer was 403. Vault says the same to a token that ended and to one that may not do this.
    private func refusal(_ purpose: String, _ path: [String]) async throws(Failure) -> Failure {
        if case .forbidden = try await send("GET", ["auth", "token", "lookup-self"], doing: "look at the token") {
            return Failure(
                error: OmlxError(
                    .storeTokenExpired, "Vault's token ended or is not valid; Vault refused to \(purpose)",
                    httpStatus: 403,
                    nextStep: "vault login, or set VAULT_TOKEN anew; one without the default policy must also be "
                        + "allowed to read auth/token/lookup-self"), mayBeDone: false)
        }
        let shown = OmlxError.shown(path.joined(separator: "/"), limit: 200)
        return Failure(
            error: OmlxError(
                .storeForbidden, "Vault's token may not \(purpose)", compared: [.init("path", shown)], httpStatus: 403,
                nextStep: "give it the policy of docs/scaling.md"), mayBeDone: false)
    }

    /// Looks at the token's life and renews it when half of it is over; does so again by itself while there is a caller
    /// to use it. A token that cannot be renewed is used until it ends.
    private func renewIfDue() async {
        let turn = state.withLock { state in
            state.renewals += 1
            return state.renewals
        }
        guard let pause = await renewed() else { return }
        renewals.start { [weak self] in
            guard (try? await Task.sleep(for: .seconds(pause))) != nil else { return }
            // Another token is looked at by itself.
            guard let self, state.withLock({ $0.renewals }) == turn else { return }
            await renewIfDue()
        }
    }

    /// Renews the token when it is due.
    /// - Returns: when to look again, in seconds; `nil` for never.
    private func renewed() async -> Double? {
        let answer = try? await send("GET", ["auth", "token", "lookup-self"], doing: "look at the token")
        switch answer {
        case .done(let body)?:
            let life = VaultTokenLife(body.json)
            guard life.isDue else { return life.pause }
            let renewal = try? await send(
                "POST", ["auth", "token", "renew-self"], body: Secret("{}"), doing: "renew the token")
            if case .done(let body)? = renewal { return VaultTokenLife(renewed: body.json).pause }
            return life.retry
        // Out of reach or sealed: the token may still be good when Vault is back.
        case nil, .refused?: return VaultTokenLife.longestRetry
        // There is nothing to look at, or it is over.
        case .missing?, .forbidden?, .conflict?: return nil
        }
    }
}

extension Result where Failure == VaultConnection.Failure {
    fileprivate init(_ body: () async throws(VaultConnection.Failure) -> Success) async {
        do throws(VaultConnection.Failure) { self = .success(try await body()) } catch { self = .failure(error) }
    }
}
