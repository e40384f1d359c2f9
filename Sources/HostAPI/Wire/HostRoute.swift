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
package struct HostRouteForm: Sendable, Hashable {
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
    /// The JSON type of the question and of the answer, and their names.
    package let question: Shape
    package let answer: Shape

    /// What a value looks like.
    package struct Shape: Sendable, Hashable {
        package let name: String
        package let isArray: Bool
        package let isOptional: Bool

        init<Value>(_ type: Value.Type) {
            isOptional = type is any AnyOptional.Type
            let inner = (type as? any AnyOptional.Type)?.wrapped ?? type
            isArray = inner is any AnyArray.Type
            name = "\((inner as? any AnyArray.Type)?.element ?? inner)"
        }
    }

    /// The path from the root.
    package var fullPath: String { HostAPI.root + path }
}

private protocol AnyArray { static var element: Any.Type { get } }
extension Array: AnyArray { fileprivate static var element: Any.Type { Element.self } }
private protocol AnyOptional { static var wrapped: Any.Type { get } }
extension Optional: AnyOptional { fileprivate static var wrapped: Any.Type { Wrapped.self } }

/// The HTTP interface of `Host`.
package enum HostAPI {
    /// Counted up when a question is added or changed.
    package static let level = 1
    /// What all paths begin with.
    package static let root = "/api/v1/"
    /// The most bytes a question may have.
    package static let questionLimit = 16 << 20
    /// How often a stream that has nothing to say shows that it is there, in seconds.
    package static let heartbeat = 15.0
}

extension HostRoute {
    static func route(
        _ path: String, _ access: HostRouteForm.Access, _ summary: String, told: Bool = false, plain: Question? = nil
    ) -> HostRoute {
        HostRoute(
            HostRouteForm(
                path: path, summary: summary, access: access, isTold: told, isPlain: plain != nil,
                question: .init(Question.self), answer: .init(Answer.self)),
            plain: plain)
    }
}
