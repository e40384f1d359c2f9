// What a person whose provider shows an error page needs: an authorization server that does not know the client, or the
// redirect URI, tells the browser, and never omlx (RFC 6749 §4.1.2.1).

import OmlxErrors
import OmlxOAuth

/// What to compare with what the provider has, while no answer comes.
public struct SignInHint: Sendable, Hashable, Codable {
    /// When it is given.
    public enum Moment: String, Sendable, Hashable, CaseIterable, Codable {
        /// No answer has come for a while.
        case waiting
        /// The sign-in is being given up.
        case interrupted
    }

    /// When it is given.
    public var moment: Moment
    /// Where the browser is to come back to: what has to be registered with the provider.
    public var redirectURI: String
    /// The client that asks.
    public var clientID: String
    /// Where that client comes from.
    public var client: SignInClient
    /// What is known by now of why no answer comes, each a clause: what a look at the address was answered, and refusals
    /// that do not prove that they belong to this sign-in.
    public var reasons: [String]

    /// Sentences for a person.
    /// - Parameter word: words an action of the host, as for a remedy.
    public func sentences(_ word: (RemedyAction) -> String = \.plainWords) -> [String] {
        let opening =
            switch moment {
            case .waiting:
                "No answer yet. If the page shows an error, compare with what the provider knows of the client:"
            case .interrupted:
                "The sign-in is given up. If the page showed an error, compare with what the provider knows:"
            }
        return reasons.map { "Known so far: \($0)." } + [
            opening, "  redirect URI to register: \(OmlxError.shown(redirectURI))",
            "  client_id: \(OmlxError.shown(clientID)) (\(origin.text(word)))",
        ]
    }

    private var origin: Remedy {
        switch client {
        case .configured:
            "configured; without it omlx registers one where the server lets it, anew with \(.setting(.resetClient))"
        case .metadataDocument:
            "a metadata document, which must list that redirect URI; \(.setting(.resetClient)) does not change it"
        case .registeredBefore, .registeredNow: "registered by omlx; \(.setting(.resetClient)) registers anew"
        }
    }
}
