// What one place of a metadata document answered, and what that was good for: discovery's part of a sign-in's trace.

import OmlxErrors
import OmlxHTTPClient

/// A place that was asked, and what became of its answer.
struct PlaceJudgement: Sendable {
    enum Verdict: Sendable {
        case found(DiscoveredDocument)
        /// Of no use; why, in a few words. The next place is asked, if there is one.
        case passedOver(String)
        /// It ended discovery.
        case ended(OmlxError)
    }

    /// Whose document was asked for.
    let kind: DiscoveredDocument.Kind
    let place: HTTPURL
    let answer: Result<HTTPResponseHead, OmlxError>
    let verdict: Verdict
}
