// What an answer to an authorization request is worth before it is judged: only the one that is awaited may end a sign-in.

import OmlxCryptography
import OmlxOAuth

/// What the answer that is awaited must carry.
struct AwaitedAnswer: Sendable {
    /// The state that was sent.
    let state: String
    /// Whether the authorization server promises to name itself in every answer (RFC 9207 §3).
    var promisesIssuer = false

    init(_ state: String, promisesIssuer: Bool = false) {
        self.state = state
        self.promisesIssuer = promisesIssuer
    }

    /// The answer to this request.
    init(to request: AuthorizationRequest) {
        self.init(request.state, promisesIssuer: request.server.sendsIssuerInCallback)
    }
}

/// What an answer is worth. Many can lead a browser to the listener: a stale tab, another user of the machine, any page.
enum AnswerWeight: Equatable {
    /// It carries the state that was sent: it is judged, and ends the wait.
    case decides
    /// It carries another state, or none, and is used for nothing.
    case foreign(hasState: Bool)
    /// It says that the sign-in was refused, and does not prove that it is the answer to it.
    case unproven(UnprovenRefusal)

    /// Weighs the query of an answer, as it came to the redirect URI less what that has of its own.
    init(_ query: String, for awaited: AwaitedAnswer) {
        let fields = FormEncoding.decode(query)
        let states = fields.filter { $0.name == "state" }.map(\.value)
        let refusal = Self.refusal(fields)
        guard states.count == 1, !states[0].isEmpty, constantTimeEquals(states[0].utf8, awaited.state.utf8) else {
            let hasState = states.contains { !$0.isEmpty }
            if let refusal, !hasState {
                self = .unproven(UnprovenRefusal(reply: refusal, lacks: .state))
            } else {
                self = .foreign(hasState: hasState)
            }
            return
        }
        // RFC 9207 §2.4: without the issuer it may be another server's answer.
        if let refusal, awaited.promisesIssuer, !fields.contains(where: { $0.name == "iss" }) {
            self = .unproven(UnprovenRefusal(reply: refusal, lacks: .issuer))
        } else {
            self = .decides
        }
    }

    private static func refusal(_ fields: [(name: String, value: String)]) -> OAuthErrorReply? {
        guard let error = fields.first(where: { $0.name == "error" })?.value, !error.isEmpty else { return nil }
        return OAuthErrorReply(
            error: error, errorDescription: fields.first { $0.name == "error_description" }?.value)
    }
}

/// A refusal that may be the server's word or another's.
struct UnprovenRefusal: Hashable, Sendable {
    /// What it lacks.
    enum Lack: Hashable, Sendable { case state, issuer }

    var reply: OAuthErrorReply
    var lacks: Lack

    /// What came, in one clause.
    var text: String {
        let proof =
            switch lacks {
            case .state: "the state that was sent"
            case .issuer: "the issuer that the authorization server promises to name"
            }
        return "error=\(reply.text) came without \(proof), which proves nothing"
    }
}

/// The query a redirect URI has of its own. It comes back with every answer, beside what the answer adds (RFC 6749 §3.1.2).
struct RedirectQuery: Sendable {
    private let own: [(name: String, value: String)]

    /// The query of this redirect URI or path.
    init(of uri: String) {
        let parts = uri.prefix { $0 != "#" }.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        own = parts.count > 1 ? FormEncoding.decode(parts[1]) : []
    }

    /// An answer's query without the redirect URI's own, so that neither is taken for the other.
    func removed(from query: some StringProtocol) -> String {
        var missing = own
        let added = query.split(separator: "&", omittingEmptySubsequences: true).filter { piece in
            guard let field = FormEncoding.decode(piece).first,
                let index = missing.firstIndex(where: { $0.name == field.name && $0.value == field.value })
            else { return true }
            missing.remove(at: index)
            return false
        }
        return added.joined(separator: "&")
    }
}
