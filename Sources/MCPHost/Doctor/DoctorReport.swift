// What the doctor found: each step of reaching and signing in to one server, with the strings it compared.

import OmlxErrors

/// One step of an examination.
public struct DoctorStep: Sendable, Hashable, Codable {
    /// What the step is about.
    @nonexhaustive
    public enum Part: String, Sendable, Hashable, CaseIterable, Codable {
        /// The server's entry.
        case configuration
        /// The last thing that went wrong, as `status` knows it.
        case history = "last_error"
        /// Name, proxy, address, TLS.
        case network
        /// The child process of a stdio server.
        case process
        /// A request to the MCP server, without a sign-in.
        case mcp
        /// What a refusal says about signing in.
        case challenge
        /// Protected resource metadata (RFC 9728).
        case resource = "resource_metadata"
        /// Authorization server metadata (RFC 8414, OpenID Connect Discovery).
        case server = "server_metadata"
        /// How a client would come about.
        case client
        /// The store and its locks.
        case store
        /// The stored sign-in.
        case credential
        /// A connection as it would be used, and its tools.
        case session
    }

    /// How a step came out.
    public enum Verdict: String, Sendable, Hashable, CaseIterable, Codable {
        /// As it should be.
        case ok
        /// Worth knowing, no fault.
        case notice
        /// What keeps the server from being used.
        case problem
    }

    /// What it is about.
    public var part: Part
    /// How it came out.
    public var verdict: Verdict
    /// What was done and what came of it, in a line.
    public var title: String
    /// What may be done about it, where it is no fault.
    public var advice: Remedy?
    /// The address asked, if one was.
    public var url: String?
    /// The status of the answer, if there was one.
    public var httpStatus: Int?
    /// What was seen or compared.
    public var facts: [OmlxError.Comparison]
    /// The code, the strings compared and what to change, where something is wrong.
    public var error: OmlxError?

    /// A step.
    public init(
        _ part: Part, _ verdict: Verdict, _ title: String, advice: Remedy? = nil, url: String? = nil,
        httpStatus: Int? = nil,
        facts: [OmlxError.Comparison] = [], error: OmlxError? = nil
    ) {
        self.part = part
        self.verdict = verdict
        self.title = OmlxError.shown(title, limit: 500)
        self.advice = advice
        self.url = url.map { OmlxError.shown($0, limit: 500) }
        self.httpStatus = httpStatus
        self.facts = facts
        self.error = error
    }

    /// A step that failed.
    public init(
        _ part: Part, _ error: OmlxError, url: String? = nil, httpStatus: Int? = nil,
        facts: [OmlxError.Comparison] = []
    ) {
        self.init(
            part, .problem, error.message, url: url, httpStatus: httpStatus ?? error.httpStatus, facts: facts,
            error: error)
    }
}

/// An examination of one server. Holds no secret.
public struct DoctorReport: Sendable, Hashable, Codable {
    /// The server's name.
    public var server: String
    /// The steps in their order.
    public var steps: [DoctorStep]
    /// Edits of the configuration that would mend something, the likeliest first.
    public var fixes: [DoctorFix] = []

    /// The finding that decides: the first problem that is more than a missing sign-in, else the missing sign-in.
    public var worst: OmlxError? {
        let errors = steps.filter { $0.verdict == .problem }.compactMap(\.error)
        return errors.first { SignInState(problem: $0.code) == nil } ?? errors.first
    }
}
