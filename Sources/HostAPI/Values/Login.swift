// A sign-in as a conversation: what the host says and asks, and what the person answers.

import OmlxErrors
import OmlxSignIn

/// What a host says during a sign-in.
package enum LoginEvent: Sendable, Hashable, Codable {
    /// The address to open, or the address and the code to enter there; the person has so much time from now on.
    case address(SignInPrompt)
    /// Something on the side: a fallback taken, a pasted text that could not be used.
    case notice(String)
    /// What to compare with what the provider has, while no answer comes or when the sign-in is given up.
    case hint(SignInHint)
    /// It was made, and is kept.
    case signedIn
    /// It failed.
    case failed(OmlxError)
    /// It was given up.
    case cancelled
}

/// What a host asks during a sign-in.
package enum LoginQuestion: Sendable, Hashable, Codable {
    /// Open this address in a browser of the person; answered by `LoginAnswer.opened`.
    case open(url: String)
}

/// What a person, or the program in front of one, answers.
package enum LoginAnswer: Sendable, Hashable, Codable {
    /// Whether a browser could be started.
    case opened(Bool)
}

/// The person in front of a sign-in, or the program that speaks for one. Who gives up cancels the task.
package protocol LoginPerson: Sendable {
    /// Hears what the host says, one event after the other.
    func hear(_ event: LoginEvent, of server: String) async
    /// Answers a question; it may take as long as the program runs.
    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer
    /// Lines that are typed or pasted from now on, such as the address the browser ended at: the host iterates this only while
    /// one is awaited. The end of the stream ends nothing.
    func pasted() -> AsyncStream<String>
}

/// A person, and by what means they sign in.
package struct LoginOffer: Sendable {
    /// The person.
    package var person: any LoginPerson
    /// Whether a browser can be opened for them.
    package var opensBrowser: Bool
    /// By a browser, or by a code.
    package var flow: SignInFlow
    /// Their time, in seconds.
    package var seconds: Int

    /// An offer.
    package init(_ person: any LoginPerson, opensBrowser: Bool, flow: SignInFlow = .browser, seconds: Int = 600) {
        self.person = person
        self.opensBrowser = opensBrowser
        self.flow = flow
        self.seconds = seconds
    }
}
