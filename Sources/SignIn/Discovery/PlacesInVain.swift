// The places discovery asked in vain, and why each was of no use: for the error when all were.

import OmlxErrors
import OmlxHTTPClient

/// The places that were of no use, in the order they were asked.
struct PlacesInVain {
    enum Reason {
        /// Nothing of the kind is published there.
        case notHere(String)
        /// What is published there cannot be used.
        case unusable(OmlxError)
        /// The server could not say, or could not be reached.
        case unavailable(OmlxError, why: String)

        /// In a few words.
        var text: String {
            switch self {
            case .notHere(let why): why
            case .unusable(let error): error.message
            case .unavailable(_, let why): why
            }
        }
    }

    private var all: [(place: String, reason: Reason)] = []

    mutating func note(_ place: String, _ reason: Reason) { all.append((place, reason)) }

    mutating func note(_ place: HTTPURL, _ reason: Reason) { note(place.withoutQuery, reason) }

    /// Why the last one was of no use.
    var lastReason: Reason? { all.last?.reason }

    /// Whether nothing is published anywhere: no place is down, none has a document that cannot be used.
    var areAllEmpty: Bool { firstUnavailable == nil && firstUnusable == nil }

    private var firstUnusable: OmlxError? {
        all.lazy.compactMap { if case .unusable(let error) = $0.reason { error } else { nil } }.first
    }

    var firstUnavailable: OmlxError? {
        all.lazy.compactMap { if case .unavailable(let error, _) = $0.reason { error } else { nil } }.first
    }

    /// The error when there is no place left: what may be otherwise soon, else what is wrong, else that nothing is there;
    /// with every place and why.
    func error(whenEmpty nothing: OmlxError) -> OmlxError {
        var error = firstUnavailable ?? firstUnusable ?? nothing
        guard all.count > 1 || error == nothing else { return error }
        error.compared += all.map { OmlxError.Comparison(OmlxError.shown($0.place), $0.reason.text) }
        if error.nextStep == nil { error.nextStep = nothing.nextStep }
        return error
    }
}
