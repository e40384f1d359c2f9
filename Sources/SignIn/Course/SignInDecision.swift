// What a sign-in decided on its way, in order: the trace from which a person is told and the doctor speaks.

import OmlxErrors
import OmlxHTTPClient

/// One thing a sign-in decided.
enum SignInDecision: Sendable {
    /// What a place of a metadata document was good for.
    case judged(PlaceJudgement)
    /// Discovery is over, and which scopes are asked for by what it found.
    case discovered(Discovery, usesDevice: Bool, scopes: [String])
    /// The client's own metadata document was found good, or was found good before.
    case clientDocument(DiscoveredDocument)
    /// The client is settled.
    case chose(ChosenClient)
    /// A client is to be registered here.
    case registers(at: HTTPURL)
    /// What the look at the authorization address came to.
    case looked(ClientLookFinding)
    /// What a person should know.
    case notice(String)
}

extension [SignInDecision] {
    /// What a person should know, in the order it came up.
    var notices: [String] { compactMap { if case .notice(let text) = $0 { text } else { nil } } }

    /// What discovery found where, the client's own document included.
    var documents: [DiscoveredDocument] {
        flatMap { decision -> [DiscoveredDocument] in
            switch decision {
            case .discovered(let discovery, _, _): discovery.documents
            case .clientDocument(let document): [document]
            default: []
            }
        }
    }
}
