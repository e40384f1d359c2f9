// The person in front of a sign-in: what is shown and told, and what comes of it.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors

/// How a person signs in.
public enum SignInFlow: Sendable, Hashable, Codable {
    /// A browser that comes back to the listener, or the address it ended at, pasted.
    case browser
    /// A code to be entered in a browser anywhere (RFC 8628).
    case device
    /// `device` where there is no display and the authorization server has it, else `browser`.
    case automatic(hasDisplay: Bool)
}

/// What a person is shown when a sign-in begins.
public struct SignInPrompt: Sendable, Hashable, Codable {
    /// The address to open.
    public var url: String
    /// The code to enter there, when the sign-in goes by the device grant (RFC 8628).
    public var userCode: String?
    /// The address with the code in it, for a QR code, when there is one.
    public var completeURL: String?
    /// Where the browser will come back to; empty when it comes back nowhere.
    public var redirectURI: String
    /// Whether omlx listens there; if not, the answer has to be pasted.
    public var isListening: Bool
    /// Whether a browser is being opened.
    public var opensBrowser: Bool
    /// How long the person has, in seconds.
    public var seconds: Int
}

/// The person in front of a sign-in.
public protocol SignInInterface: Sendable {
    /// Shows the address. Returns at once.
    func show(_ prompt: SignInPrompt) async
    /// Says something on the side: a fallback taken, a pasted text that could not be used, time left.
    func notice(_ text: String) async
    /// Says what to compare with what the provider has, while no answer comes or when the sign-in is given up.
    func hint(_ hint: SignInHint) async
    /// Lines the person types or pastes. The end of the stream ends nothing.
    func lines() -> AsyncStream<String>
    /// The sign-in is over, and nothing more is shown or asked: the last that is told of it, once.
    func ended(_ end: SignInEnd) async
}

/// How a sign-in ended, for the person in front of it.
@nonexhaustive
public enum SignInEnd: Sendable {
    /// It was made and is kept.
    case signedIn(SignInOutcome)
    /// It failed.
    case failed(OmlxError)
    /// It was given up.
    case cancelled
}

extension SignInInterface {
    /// Nothing: a program that shows nothing that has to go may leave it out.
    public func ended(_ end: SignInEnd) async {}

    /// Its sentences, each by itself.
    public func hint(_ hint: SignInHint) async { for sentence in hint.sentences() { await notice(sentence) } }
}

/// A finished sign-in.
public struct SignInOutcome: Sendable {
    /// The credential as it is stored.
    public var credential: Credential
    /// Scopes asked for and not granted.
    public var missingScopes: [String]
    /// The resource's own name for people, if it has one.
    public var resourceName: String?
    /// What discovery found where.
    package var documents: [DiscoveredDocument]
    /// Who signed in, where the authorization server says so.
    public var accountName: String?
    /// Where the client came from.
    public var client: SignInClient
    /// Whether a client registered earlier turned out to be unknown and was replaced.
    public var replacedClient: Bool
    /// What became of the tokens of the sign-in this one replaced; `nil` when there was none, or they had to be left alone.
    public var replaced: SignOutOutcome.Revocation?

    /// Places that answered discovery, to be given to the next sign-in.
    public var places: [String] { documents.places }
}

/// A person's interface that is told nothing secret on the side. The address to open is shown as it is.
struct HidingInterface: SignInInterface {
    let interface: any SignInInterface
    let redactor: Redactor

    func show(_ prompt: SignInPrompt) async { await interface.show(prompt) }
    func notice(_ text: String) async { await interface.notice(redactor.hide(text)) }
    func hint(_ hint: SignInHint) async {
        var hint = hint
        hint.reasons = hint.reasons.map { redactor.hide($0) }
        await interface.hint(hint)
    }
    func lines() -> AsyncStream<String> { interface.lines() }
    func ended(_ end: SignInEnd) async { await interface.ended(end) }
}
