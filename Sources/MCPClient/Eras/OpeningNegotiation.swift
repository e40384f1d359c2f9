// What a server speaks, as a value: offers revisions, judges the answers. No I/O.

import OmlxErrors
import OmlxJSON

/// Settles the revision of a session. A server is asked what it speaks (`server/discover`), unless it is known to speak the
/// handshake; one that does not say gets the handshake (MCP 2026-07-28, versioning, stdio, streamable HTTP).
struct OpeningNegotiation: Sendable {
    /// What the driver does.
    enum Action: Sendable, Hashable {
        /// Send `initialize` with these parameters.
        case send(params: JSONObject)
        /// Ask what the server speaks, in the modern era.
        case discover
        /// Settled: send `notifications/initialized` and go on.
        case ready(ProtocolRevision, InitializeResult)
        /// Settled: each request speaks for itself.
        case modern(InitializeResult)
        /// Disconnect.
        case fail(OmlxError)
    }

    /// Why the server refused, and what that is when it is the end.
    private struct Refusal: Sendable {
        var error: JSONRPCError
        var failure: OmlxError
    }

    private let client: ClientInfo
    private let older: ProtocolRevision
    private var offered = ProtocolRevision.latest
    private var refused: Set<ProtocolRevision> = []
    /// The first refusal says most: it is about what omlx speaks by preference.
    private var first: Refusal?
    private var hasOfferedNamed = false
    private var hasOfferedOlder = false
    /// What is wrong if the server does not say either what it speaks.
    private var strange: OmlxError?
    /// What the server said when it was asked what it speaks.
    private var probe = Probe.none
    private let known: SpokenEra?
    private let elicits: Bool

    private enum Probe: Sendable {
        case none
        /// It said nothing, as one does that is still starting.
        case silent
        /// It does not say: by this error, where it was one of the protocol.
        case refused(JSONRPCError?)
    }

    /// - Parameters:
    ///   - older: What is offered after a refusal that names no revision.
    ///   - known: What the server spoke before, if that is known.
    ///   - elicits: Whether questions of the server can be answered.
    init(
        client: ClientInfo, older: ProtocolRevision = .v2024_11_05, known: SpokenEra? = nil, elicits: Bool = false
    ) {
        self.elicits = elicits
        self.client = client
        self.older = older
        self.known = known
    }

    /// Whether it was asked what it speaks.
    var wasProbed: Bool {
        if case .none = probe { false } else { true }
    }

    /// The first message.
    func start() -> Action { known == .initialize ? offer : .discover }

    /// The handshake (MCP 2025-11-25, lifecycle).
    private var offer: Action {
        .send(params: [
            "protocolVersion": .string(offered.rawValue),
            "capabilities": elicits ? offered.elicitation : [:], "clientInfo": .object(client.members),
        ])
    }

    /// The server's result (MCP 2025-11-25, lifecycle).
    mutating func received(_ result: JSON) -> Action {
        guard let version = result["protocolVersion"]?.stringValue else {
            let error = OmlxError(
                .protocolInvalidMessage, "the server's answer to initialize names no protocol version",
                nextStep: "check whether the URL or command is that of an MCP server")
            return .fail(error)
        }
        guard let revision = ProtocolRevision(rawValue: version) else {
            guard version == ModernEra.revision else { return .fail(unsupported([version])) }
            strange = unsupported([version])
            return question
        }
        let capabilities = result["capabilities"]?.objectValue.map { JSON.object($0) } ?? .null
        let answer = InitializeResult(
            protocolVersion: version, capabilities: capabilities, serverInfo: result["serverInfo"] ?? .null,
            instructions: result["instructions"]?.stringValue)
        return .ready(revision, answer)
    }

    /// The server's error: a version it names is offered once; without any, an older one is, once. Versions omlx does
    /// not speak are told.
    mutating func refused(_ error: JSONRPCError) -> Action {
        refused(Refusal(error: error, failure: error.failure(of: "initialize")))
    }

    /// A refusal by HTTP, in words of the server's own.
    mutating func refused(_ error: OmlxError) -> Action {
        let words = error.serverWords ?? ""
        return refused(
            Refusal(error: JSONRPCError(code: 0, message: words, httpStatus: error.httpStatus), failure: error))
    }

    private mutating func refused(_ refusal: Refusal) -> Action {
        first = first ?? refusal
        refused.insert(offered)
        let error = refusal.error
        let supported = error.supportedVersions
        if let supported {
            let isModern = supported.contains(ModernEra.revision)
            if isModern, error.code == JSONRPCError.unsupportedProtocolVersion { return question }
            return offer(of: supported) ?? (isModern ? question : .fail(unsupported(supported)))
        }
        if let next = offer(of: error.mentionedVersions) { return next }
        if JSONRPCError.ofLaterEra.contains(error.code) || error.isUnknownMethodOverHTTP { return question }
        if !hasOfferedOlder, older < offered {
            hasOfferedOlder = true
            offered = older
            return offer
        }
        return first?.error.mayBeOfLaterEra == true ? question : failure
    }

    /// A server that answered the question what it speaks is not asked again.
    private var question: Action {
        if case .refused = probe { return undiscovered }
        return .discover
    }

    /// The newest revision both speak, offered once.
    private mutating func offer(of versions: [String]) -> Action? {
        let mutual = versions.compactMap { ProtocolRevision(rawValue: $0) }.filter { !refused.contains($0) }.max()
        guard let mutual, !hasOfferedNamed else { return nil }
        (hasOfferedNamed, hasOfferedOlder) = (true, true)
        offered = mutual
        return offer
    }

    // MARK: the modern era

    /// What the server says it speaks (MCP 2026-07-28, server/discover). One that has a revision of the other era alone is offered it.
    mutating func discovered(_ result: JSON) -> Action {
        probe = .refused(nil)
        guard let (versions, description) = ModernEra.description(in: result) else { return undiscovered }
        if versions.contains(ModernEra.revision) { return .modern(description) }
        return offer(of: versions) ?? .fail(unsupported(versions))
    }

    /// The server said nothing in time.
    mutating func discoverySilent() -> Action {
        probe = .silent
        return undiscovered
    }

    /// The server did not say what it speaks: by an error of the protocol, or otherwise when `nil`. Which one tells nothing of
    /// a server of the handshake, unless it names revisions.
    mutating func discoveryRefused(_ error: JSONRPCError?) -> Action {
        probe = .refused(error)
        guard let versions = error?.supportedVersions else { return undiscovered }
        if let next = offer(of: versions) { return next }
        return versions.contains(ModernEra.revision) ? undiscovered : .fail(unsupported(versions))
    }

    /// Some errors are answered by servers of the modern era alone; others may be.
    private var undiscovered: Action {
        if let strange { return .fail(strange) }
        guard let first else { return offer }
        let error = first.error
        let mentioned = ((error.supportedVersions ?? []) + error.mentionedVersions).filter { $0 >= ModernEra.revision }
        let isCertain =
            [error.code, refusedProbe?.code ?? 0].contains { JSONRPCError.ofLaterEra.contains($0) }
            || error.isUnknownMethodOverHTTP || error.speaksOfMetadata || !mentioned.isEmpty
        guard isCertain else {
            var failure = first.failure
            failure.message += "; a server that speaks only \(ModernEra.revision) or later answers so, too"
            return .fail(failure)
        }
        var failure = mentioned.isEmpty || mentioned.contains(ModernEra.revision) ? silent : unsupported(mentioned)
        failure.message += "; it answered initialize with error \(error.code)"
        if !error.words.isEmpty { failure.message += ": \(error.words)" }
        // The older transport may still be spoken at the URL.
        if error.isUnknownMethodOverHTTP { failure.httpStatus = error.httpStatus }
        return .fail(failure)
    }

    private var refusedProbe: JSONRPCError? {
        if case .refused(let error) = probe { return error }
        return nil
    }

    /// What the server said when it refused first.
    var refusal: OmlxError? { first?.failure }

    private var failure: Action {
        .fail(first?.failure ?? OmlxError(.protocolInvalidMessage, "the server did not answer initialize"))
    }

    private static let ours = [ModernEra.revision] + ProtocolRevision.allCases.reversed().map(\.rawValue)

    private var silent: OmlxError {
        OmlxError(
            .protocolVersionUnsupported,
            "the server seems to speak only \(ModernEra.revision) or later, and does not say by server/discover which revisions",
            compared: [.init("server", "not named"), .init("omlx", Self.ours.joined(separator: ", "))],
            nextStep: "report it to the server's makers, or use another release of it")
    }

    private func unsupported(_ versions: [String]) -> OmlxError {
        let theirs = versions.prefix(8).map { OmlxError.shown($0, limit: 40) }.joined(separator: ", ")
        let isLater = versions.allSatisfy { $0 > ModernEra.revision }
        let what = versions.count == 1 ? "protocol revision" : "protocol revisions"
        return OmlxError(
            .protocolVersionUnsupported,
            "the server speaks only the \(what) \(theirs); omlx speaks \(Self.ours.joined(separator: ", "))",
            compared: [.init("server", theirs), .init("omlx", Self.ours.joined(separator: ", "))],
            nextStep: isLater
                ? "use a release of the server that speaks \(ModernEra.revision) too, or a newer omlx"
                : "use a newer release of the server")
    }
}

extension JSONRPCError {
    /// The revisions the server names as its own.
    fileprivate var supportedVersions: [String]? {
        let names = ["supported", "supportedVersions", "supportedProtocolVersions", "supported_versions"]
        return names.lazy.compactMap { data?[$0]?.stringArrayValue }.first { !$0.isEmpty }
    }

    /// Revisions in the server's words.
    fileprivate var mentionedVersions: [String] {
        let text = message + " " + (data?.text() ?? "")
        return text.matches(of: /[0-9]{4}-[0-9]{2}-[0-9]{2}/).map { String($0.output) }
    }

    /// `initialize` is no method there: a server of the initialize era knows it, and answers unknown methods with 200.
    fileprivate var isUnknownMethodOverHTTP: Bool { code == Self.methodNotFound && httpStatus == 404 }

    /// That the metadata of each request is incomplete is a fault of the later era alone.
    fileprivate var speaksOfMetadata: Bool {
        let text = message + (data?.text() ?? "")
        return text.contains("io.modelcontextprotocol/") || text.contains("_meta")
    }

    fileprivate var mayBeOfLaterEra: Bool {
        code == Self.invalidParams || code == Self.methodNotFound || speaksOfMetadata
            || mentionedVersions.contains { $0 >= ModernEra.revision }
    }
}
