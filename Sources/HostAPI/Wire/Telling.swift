// What a host tells over time, as events of a stream (WHATWG HTML §9.2), and what is replied to it.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// The types of the events of a told question.
package enum ToldEvent: String, Sendable, CaseIterable {
    /// The number by which replies are posted to `conversations/NUMBER`: the first of a conversation with a person.
    case conversation
    /// `ServerTools`: a server is connected, or failed.
    case server
    /// `ServerCatalogue`: what a server has beside tools is listed, or was not.
    case catalogue
    /// The URI of a resource that changed.
    case update
    /// `Progress` of a call.
    case progress
    /// `ToldLogin`: what is said during a sign-in.
    case login
    /// `AskedPerson`: a question to the person.
    case question
    /// `AskedElicitation`: a question of a server to the person.
    case elicitation
    /// `ListeningPlace`: what is typed or pasted is wanted from now on.
    case listen
    /// `ListeningPlace`: it is wanted no longer, or the answer to a server's question is not.
    case enough
    /// The answer, and the end.
    case answer
    /// An error in place of the answer, and the end.
    case error
}

/// Which conversation.
package struct ConversationStart: Sendable, Hashable, Codable {
    package var id: String
    package init(id: String) { self.id = id }
}

/// Something said during a sign-in.
package struct ToldLogin: Sendable, Hashable, Codable {
    package var server: String
    package var event: LoginEvent
    package init(server: String, event: LoginEvent) { (self.server, self.event) = (server, event) }
}

/// A question to the person.
package struct AskedPerson: Sendable, Hashable, Codable {
    /// What the answer names.
    package var place: Int
    package var server: String
    package var question: LoginQuestion

    package init(place: Int, server: String, question: LoginQuestion) {
        (self.place, self.server, self.question) = (place, server, question)
    }
}

/// A question of a server.
package struct AskedElicitation: Sendable, Hashable, Codable {
    /// What the answer names.
    package var place: Int
    package var question: ServerQuestion

    package init(place: Int, question: ServerQuestion) { (self.place, self.question) = (place, question) }
}

/// Where typed lines go.
package struct ListeningPlace: Sendable, Hashable, Codable {
    package var place: Int
    package init(place: Int) { self.place = place }
}

/// What is posted to a conversation.
package struct ConversationReply: Sendable, Hashable, Codable {
    /// What is replied to.
    package var place: Int
    /// The answer to a question.
    package var answer: LoginAnswer?
    /// The answer to a server's question.
    package var elicited: ElicitationAnswer?
    /// A line that was typed or pasted.
    package var line: String?

    package init(
        place: Int, answer: LoginAnswer? = nil, elicited: ElicitationAnswer? = nil, line: String? = nil
    ) {
        (self.place, self.answer, self.elicited, self.line) = (place, answer, elicited, line)
    }
}
