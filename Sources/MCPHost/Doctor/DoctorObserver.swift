// Signs requests with the token that is there, renews nothing, and writes down the head of every answer.

import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient
import OmlxMCPClient
import OmlxSignIn
import Synchronization

/// What a connection of the doctor shows.
final class DoctorObserver: RequestAuthorizer {
    /// The head of an answer and the request it is to.
    struct Heard: Sendable {
        var method: String
        var url: HTTPURL
        var head: HTTPResponseHead
    }

    private struct State {
        var asked: [(method: String, url: HTTPURL)] = []
        var heard: [Heard] = []
        var chatter = ServerChatter()
        var warnings: [String] = []
        var words = EmptyListWords()
    }

    /// How many lines of a child's error stream are shown.
    private static let tail = 20

    private let credential: Credential?
    private let state = Mutex(State())

    /// - Parameter credential: the sign-in to ask with; `nil` to ask without one.
    init(_ credential: Credential? = nil) { self.credential = credential }

    /// The answers in their order.
    var heard: [Heard] { state.withLock { $0.heard } }
    /// The last lines of a child's error stream.
    var lines: [String] { state.withLock { $0.chatter.errorLines.suffix(Self.tail) } }
    /// What the server said beside its answers.
    var chatter: ServerChatter { state.withLock { $0.chatter } }
    /// What a person should know though nothing failed.
    var warnings: [String] { state.withLock { $0.warnings } }
    /// What the server said beside its answers that may say why it has no tools.
    var words: EmptyListWords { state.withLock { $0.words } }

    func authorize(method: String, url: HTTPURL) async throws -> RequestAuthorization {
        state.withLock { $0.asked.append((method, url)) }
        return RequestAuthorization(headers: try credential?.headers(for: method, url) ?? [])
    }

    func judge(
        _ head: HTTPResponseHead, of authorization: RequestAuthorization, attempt: Int
    ) async throws -> AuthorizationVerdict {
        state.withLock { state in
            // Requests of one connection may overlap; the answer's own address tells which it was.
            let index = state.asked.firstIndex { $0.url == head.url } ?? state.asked.indices.first
            guard let index else { return }
            let asked = state.asked.remove(at: index)
            state.heard.append(Heard(method: asked.method, url: asked.url, head: head))
        }
        return .accept
    }

    func note(_ event: ConnectionEvent) {
        state.withLock { state in
            state.words.note(event)
            state.chatter.note(event)
            if let warning = event.warning, !state.warnings.contains(warning) { state.warnings.append(warning) }
        }
    }
}
