// A sign-in as it is shown: a value, from its beginning to its end.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost
import OmlxSignIn

/// How far a sign-in is.
struct SignInCourse: Sendable {
    enum Stage: Sendable {
        /// It is looked for who signs in; there is no address yet.
        case beginning
        /// The person is at the provider's.
        case waiting(SignInPrompt, until: Date)
        /// The answer came and was good; tools are listed.
        case finishing
        case ended(End)
    }

    enum End: Sendable {
        /// With what is known of it, where it was made for its own sake.
        case signedIn(LoginReport?)
        case failed(OmlxError)
        case cancelled
    }

    enum Event: Sendable {
        case heard(LoginEvent, at: Date)
        case done(Result<LoginReport?, OmlxError>)
        case brokenOff
        /// The person gives it up.
        case cancel
        /// The person pasted the address the browser ended at.
        case pasted(String)
    }

    enum Action: Sendable {
        /// What was asked of the host is no longer wanted.
        case stop
        /// The host reads this line.
        case handOn(String)
        /// The sign-in that waits for this one begins.
        case beginNext
    }

    let id: String
    let server: String
    /// The servers to sign in to after this one, where several want it.
    let next: [String]
    /// Which of how many it is, where there are several.
    let place: (number: Int, total: Int)?
    /// Whether it was begun in front of another program, as a terminal, which goes on with it.
    let isElsewhere: Bool
    /// Whether it goes by a code that is entered in a browser anywhere (RFC 8628).
    let usesCode: Bool
    private(set) var stage = Stage.beginning
    /// What was said on the side, the last things alone.
    private(set) var notes: [String] = []
    /// The sign-in that was begun after this one.
    var follower: String?

    init(
        id: String, server: String, next: [String] = [], place: (Int, Int)? = nil, isElsewhere: Bool = false,
        usesCode: Bool = false
    ) {
        self.id = id
        self.isElsewhere = isElsewhere
        self.usesCode = usesCode
        self.server = server
        self.next = next
        self.place = place.map { ($0.0, $0.1) }
    }

    var isOver: Bool {
        if case .ended = stage { true } else { false }
    }

    /// Whether the address to open carries this `state` (RFC 6749 §4.1.1).
    func awaits(_ state: String) -> Bool {
        guard case .waiting(let prompt, _) = stage else { return false }
        let query = prompt.url.split(separator: "?", maxSplits: 1).last ?? ""
        return query.split(separator: "&").contains { $0 == "state=\(state)" }
    }

    mutating func take(_ event: Event) -> [Action] {
        switch (stage, event) {
        // What comes after the end is late, and changes nothing.
        case (.ended, _): return []
        case (_, .heard(let event, let now)):
            hear(event, now)
            return []
        case (_, .done(.success(let report))):
            stage = .ended(.signedIn(report))
            return next.isEmpty ? [] : [.beginNext]
        case (_, .done(.failure(let error))):
            stage = .ended(error.code == .oauthSignInCancelled ? .cancelled : .failed(error))
            return []
        case (_, .brokenOff):
            stage = .ended(.cancelled)
            return []
        // An answer that was taken is not thrown away: it is kept, and its tools come by themselves.
        case (.finishing, .cancel): return []
        case (_, .cancel):
            stage = .ended(.cancelled)
            return [.stop]
        case (.waiting, .pasted(let text)):
            notes = []
            return [.handOn(text)]
        case (_, .pasted): return []
        }
    }

    private mutating func hear(_ event: LoginEvent, _ now: Date) {
        switch event {
        case .address(let prompt): stage = .waiting(prompt, until: now.addingTimeInterval(Double(prompt.seconds)))
        case .notice(let text): note(text)
        case .hint(let hint): for sentence in hint.sentences() { note(sentence) }
        case .signedIn: stage = .finishing
        // How it ended is what the host answers.
        case .failed, .cancelled: break
        }
    }

    private mutating func note(_ text: String) {
        notes.append(text)
        if notes.count > 12 { notes.removeFirst(notes.count - 12) }
    }
}
