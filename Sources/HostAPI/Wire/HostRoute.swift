// A question of `Host` as HTTP has it: where it is asked, by whom, and what is said and answered.

import OmlxErrors
import OmlxJSON

/// A question of `Host` over HTTP. The one description of it: who asks, who answers and what describes it go by this.
package struct HostRoute<Question: Codable & Sendable, Answer: Codable & Sendable>: Sendable {
    /// What is known of it without its types.
    package let form: HostRouteForm
    /// What is asked by GET, without a body; `nil` for what has to be named, or changes something.
    package let plain: Question?

    fileprivate init(_ form: HostRouteForm, plain: Question? = nil) {
        self.form = form
        self.plain = plain
    }
}

/// A question, without its types.
package struct HostRouteForm: Sendable {
    /// Who may ask.
    package enum Access: String, Sendable, Hashable {
        /// Every key, about the servers it is for.
        case key
        /// The user the host belongs to.
        case owner
        /// The same user, by the Unix socket: a secret is asked or answered.
        case local
    }

    /// The path below `/api/v1/`.
    package let path: String
    /// What is asked.
    package let summary: String
    /// Who may ask.
    package let access: Access
    /// Whether it may take long, and is told over time to who wants a stream of events.
    package let isTold: Bool
    /// Whether it can be asked by GET.
    package let isPlain: Bool
    /// The types of the question and of the answer.
    package let question: any (Codable & Sendable).Type
    package let answer: any (Codable & Sendable).Type
    /// The secret that stands beside the question or the answer, in the same object.
    package let secret: Secret?

    /// Where a secret stands.
    package enum Secret: Sendable, Hashable {
        /// Beside the question: the member of this name, and whether it has to be there.
        case asked(String, isRequired: Bool)
        /// Beside the answer.
        case answered(String)
    }

    /// The path from the root.
    package var fullPath: String { HostAPI.root + path }
}

/// The HTTP interface of `Host`.
package enum HostAPI {
    /// Counted up when a question is added or changed.
    package static let level = 3
    /// What all paths begin with.
    package static let root = "/api/v1/"
    /// The query member that names the account whose sign-ins are used.
    package static let account = "account"
    /// The query member that limits how long each server may take, in seconds.
    package static let timeout = "timeout"
    /// The most bytes a question may have.
    package static let questionLimit = 16 << 20
    /// How often a stream that has nothing to say shows that it is there, in seconds.
    package static let heartbeat = 15.0
}

extension HostRoute {
    static func route(
        _ path: String, _ access: HostRouteForm.Access, _ summary: String, told: Bool = false, plain: Question? = nil,
        secret: HostRouteForm.Secret? = nil
    ) -> HostRoute {
        HostRoute(
            HostRouteForm(
                path: path, summary: summary, access: access, isTold: told, isPlain: plain != nil,
                question: Question.self, answer: Answer.self, secret: secret),
            plain: plain)
    }
}
