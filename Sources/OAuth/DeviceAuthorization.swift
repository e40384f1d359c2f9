// RFC 8628, the device authorization grant: ask for a code a person enters elsewhere, then ask for the token until they did.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// A device authorization under way: what was asked, and what the answers are held against. In memory only.
package struct DeviceAuthorizationRequest: Sendable {
    /// The authorization server.
    package var server: AuthorizationServerMetadata
    /// The client.
    package var client: OAuthClient
    /// The scopes asked for.
    package var scopes: [String]
    /// The resource the token is for (RFC 8707), or `nil` when it is not sent.
    package var resource: String?
    /// Parameters the configuration adds, in order.
    package var extraParameters: [(name: String, value: String)]
    /// Parameters the configuration adds to the request for the token, in order.
    package var tokenParameters: [(name: String, value: String)]

    /// The grant type (RFC 8628 §3.4).
    package static let grantType = "urn:ietf:params:oauth:grant-type:device_code"

    /// A device authorization to ask for.
    package init(
        server: AuthorizationServerMetadata, client: OAuthClient, scopes: [String], resource: String?,
        extraParameters: [(name: String, value: String)] = [], tokenParameters: [(name: String, value: String)] = []
    ) {
        self.server = server
        self.client = client
        self.scopes = scopes
        self.resource = resource
        self.extraParameters = extraParameters
        self.tokenParameters = tokenParameters
    }

    /// The request for a user code (RFC 8628 §3.1). It is never redirected.
    package func request(to endpoint: HTTPURL) -> HTTPRequest {
        var form = FormParameters()
        if !scopes.isEmpty { form.set("scope", Scopes.text(scopes)) }
        form.set("resource", optional: resource)
        for extra in extraParameters where !AuthorizationRequest.reservedNames.contains(extra.name) {
            form.set(extra.name, extra.value)
        }
        return TokenRequest.post(form, to: endpoint, as: client)
    }

    /// The request for the token (RFC 8628 §3.4).
    /// - Parameter client: the client as it shows itself now.
    package func tokenRequest(_ deviceCode: Secret, as client: OAuthClient) -> HTTPRequest {
        var form = FormParameters()
        form.set("grant_type", Self.grantType)
        form.set("device_code", deviceCode)
        form.set("resource", optional: resource)
        TokenRequest.add(tokenParameters, to: &form)
        return TokenRequest.post(form, to: server.tokenEndpoint, as: client)
    }
}

/// What a device authorization endpoint gave (RFC 8628 §3.2).
package struct DeviceAuthorization: Sendable {
    /// The code the token is asked for with.
    package var deviceCode: Secret
    /// The code the person enters.
    package var userCode: String
    /// Where they enter it.
    package var verificationURI: HTTPURL
    /// The same address with the code in it, if there is one.
    package var verificationURIComplete: HTTPURL?
    /// How long both codes live, in seconds.
    package var lifetime: Int
    /// The shortest pause between two requests for the token, in seconds.
    package var interval: Int
    /// What of the answer could not be used and was left out, for people.
    package var oddities: [String] = []

    /// The pause when the server names none, in seconds (RFC 8628 §3.2).
    static let standardInterval = 5
    /// The longest pause that is believed, in seconds.
    static let longestInterval = 60
    /// The life assumed when the server names none, in seconds; RFC 8628 requires it to.
    static let standardLifetime = 600
    private static let userCodeLimit = 64

    /// What the answer means.
    package enum Reply: Sendable {
        case granted(DeviceAuthorization)
        /// An OAuth error: the client may not use this grant, a scope is unknown, and the like.
        case error(OAuthErrorReply, status: Int)
        /// Nothing usable.
        case failed(OmlxError)
    }

    /// Judges the answer to `DeviceAuthorizationRequest.request(to:)`.
    package static func judge(_ reply: HTTPReply) -> Reply {
        let status = reply.head.status
        let origin = reply.head.url.origin
        var body = reply.body
        let secrets = Secret.take(["device_code"], from: &body)
        if status >= 500 || status == 429 {
            return .failed(unavailable(reply, "HTTP \(status)"))
        }
        if let error = OAuthErrorReply(body: body, mediaType: reply.head.mediaType) {
            return .error(error, status: status)
        }
        let parsed = try? JSON.parseNotingConflicts(body)
        let isPage = parsed == nil && reply.head.mediaType == "text/html"
        guard status == 200 || status == 201, !isPage else {
            return .failed(unavailable(reply, isPage ? "a page for people" : "HTTP \(status)"))
        }
        guard let (value, conflicts) = parsed, let object = value.objectValue else {
            return .failed(
                OmlxError(
                    .oauthDeviceReplyInvalid, "the device authorization reply of \(origin) is no JSON object",
                    httpStatus: status))
        }
        let fields = DocumentFields(
            object: object, code: .oauthDeviceReplyInvalid, what: "device authorization reply of \(origin)",
            secrets: secrets, conflicts: conflicts)
        do throws(OmlxError) { return .granted(try DeviceAuthorization(fields)) } catch { return .failed(error) }
    }

    private static func unavailable(_ reply: HTTPReply, _ answer: String) -> OmlxError {
        OmlxError(
            .oauthDeviceUnavailable,
            "the device authorization endpoint at \(reply.head.url.origin) answered with \(answer)",
            httpStatus: reply.head.status, retryAfter: reply.head.retryAfter, nextStep: reply.head.againStep)
    }

    private init(_ document: DocumentFields) throws(OmlxError) {
        var fields = document
        deviceCode = try fields.requiredSecret("device_code")
        userCode = try fields.requiredString("user_code")
        guard userCode.utf8.count <= Self.userCodeLimit, userCode.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw OmlxError(
                .oauthDeviceReplyInvalid, "user_code in the \(fields.what) is nothing a person could enter",
                compared: [.init("user_code", userCode)])
        }
        // Google's older name for it.
        let isOlder =
            [nil, .null, ""].contains(fields.object["verification_uri"])
            && ![nil, .null, ""].contains(fields.object["verification_url"])
        verificationURI = try fields.requiredURL(isOlder ? "verification_url" : "verification_uri")
        // Only a convenience: one that cannot be used is left out.
        verificationURIComplete = fields.url("verification_uri_complete")
        lifetime = fields.seconds("expires_in").flatMap { $0 > 0 ? $0 : nil } ?? Self.standardLifetime
        interval = min(max(fields.seconds("interval") ?? Self.standardInterval, 1), Self.longestInterval)
        oddities = fields.notes
    }
}

/// When to ask for the token again, and what its answers mean (RFC 8628 §3.5). No I/O, no clock.
package struct DevicePolling: Sendable {
    /// What to do next.
    package enum Action: Sendable {
        /// Ask after this many seconds.
        case ask(after: Int)
        case granted(TokenGrant)
        /// The person said no, the code ended, or the server refuses.
        case failed(OmlxError)
    }

    private let server: String
    private let scopes: [String]
    private let supported: [String]?
    private var interval: Int
    /// Requests in a row that got no answer about the code.
    private var failures = 0
    /// Refusals in a row that were no OAuth error.
    private var refusals = 0
    /// The client as it shows itself in the next request.
    package private(set) var authentication: ClientAuthentication

    /// The seconds `slow_down` adds for good (RFC 8628 §3.5).
    private static let slowDown = 5

    /// Polling for one device authorization.
    package init(_ authorization: DeviceAuthorization, for request: DeviceAuthorizationRequest) {
        interval = authorization.interval
        server = request.server.tokenEndpoint.origin
        authentication = ClientAuthentication(request.client)
        scopes = request.scopes
        supported = request.server.scopesSupported
    }

    /// The first request is due after the interval, too: a person takes longer to enter a code.
    package var first: Action { .ask(after: interval) }

    /// Judges an answer. Failures of the network only make the pause longer; the code's life ends the asking.
    package mutating func received(_ result: Result<HTTPReply, HTTPFailure>) -> Action {
        switch result {
        case .failure(let failure):
            let final: [ErrorCode] = [
                .transportAddressRefused, .transportRedirectRefused, .transportRedirectOrigin, .configTLSInvalid,
            ]
            return final.contains(failure.error.code) ? .failed(failure.error) : pauseLonger(atLeast: 0)
        case .success(let reply):
            // No sooner than any other request, so that no server takes it for haste.
            if authentication.next(after: reply) != nil { return .ask(after: interval) }
            switch TokenReply(reply) {
            case .granted(let grant): return .granted(grant)
            case .unusable(let error): return .failed(error)
            case .unknown(let error): return pauseLonger(atLeast: error.retryAfter ?? 0)
            case .refused(let refusal): return judge(refusal)
            case .error(let error, let status):
                failures = 0
                refusals = 0
                return judge(error, status)
            }
        }
    }

    /// Exponential, as RFC 8628 §3.5 wants it after a connection that timed out.
    private mutating func pauseLonger(atLeast seconds: Int) -> Action {
        failures = min(failures + 1, 8)
        return .ask(after: min(max(interval << failures, seconds), DeviceAuthorization.longestInterval))
    }

    /// Refusals of this kind that end the asking: one may come from whatever is in between.
    private static let refusalLimit = 3

    /// A refusal in the server's own words: two of RFC 8628's are understood in any member.
    private mutating func judge(_ refusal: UnnamedRefusal) -> Action {
        let words = refusal.words?.lowercased() ?? ""
        for code in ["authorization_pending", "slow_down"] where words.contains(code) {
            return judge(OAuthErrorReply(error: code), refusal.status)
        }
        refusals += 1
        guard refusals >= Self.refusalLimit else { return pauseLonger(atLeast: 0) }
        return .failed(
            OmlxError(
                .oauthTokenError, "\(server) refused the token request (\(refusal.text))",
                httpStatus: refusal.status))
    }

    private mutating func judge(_ error: OAuthErrorReply, _ status: Int) -> Action {
        switch error.error {
        case "authorization_pending": return .ask(after: interval)
        case "slow_down":
            interval = min(interval + Self.slowDown, DeviceAuthorization.longestInterval)
            return .ask(after: interval)
        case "access_denied":
            return .failed(
                OmlxError(.oauthAccessDenied, "the sign-in was not granted (\(error.text))", nextStep: "\(.signIn())"))
        case "expired_token":
            return .failed(
                OmlxError(
                    .oauthDeviceCodeExpired, "the code ended before anybody entered it at \(server)",
                    nextStep: "\(.signIn())"))
        case "invalid_client":
            return .failed(
                OmlxError(
                    .oauthInvalidClient, "\(server) does not accept the client (\(error.text))", httpStatus: status))
        case "unauthorized_client":
            return .failed(
                OmlxError(
                    .oauthTokenError, "\(server) does not allow the client this grant, device_code (\(error.text))",
                    httpStatus: status))
        case "invalid_grant":
            return .failed(
                OmlxError(
                    .oauthInvalidGrant, "\(server) does not accept the device code (\(error.text))", httpStatus: status,
                    nextStep: "\(.signIn())"))
        default:
            return .failed(
                OmlxError(
                    .oauthTokenError, "\(server) refused the token request (\(error.text))",
                    compared: error.scopes(asked: scopes, supported: supported), httpStatus: status,
                    nextStep: error.error == "invalid_scope" ? OAuthErrorReply.scopeStep : nil))
        }
    }
}
