// Which answer is awaited, and which are over: what the callback listener does with each answer. No I/O.

import OmlxCryptography
import OmlxOAuth

/// The authorization request whose answer is awaited, and those that have had theirs.
struct CallbackExpectation {
    /// What becomes of an answer.
    enum Verdict: Equatable {
        /// It is the one awaited.
        case taken
        /// Its request has been answered or given up.
        case alreadyAnswered
        /// Nothing is awaited yet.
        case notAwaited
        /// It ends nothing; the person hears of it.
        case passedOver(AnswerWeight)
    }

    private var awaited: AwaitedAnswer?
    /// The states of requests that were answered or given up: each is good for one answer (C9.4).
    private var spent: [[UInt8]] = []

    /// Awaits this answer; the one awaited before is given up.
    mutating func expect(_ answer: AwaitedAnswer) {
        if let awaited { spent.append(Array(awaited.state.utf8)) }
        awaited = answer
    }

    /// What becomes of an answer. One with a state that was never ours is passed over: a tab of an earlier sign-in, another
    /// user, or a page that leads a browser here would end the sign-in otherwise.
    mutating func judge(_ query: String) -> Verdict {
        let states = FormEncoding.decode(query).filter { $0.name == "state" }.map { Array($0.value.utf8) }
        if let state = states.first, spent.contains(where: { constantTimeEquals($0, state) }) {
            return .alreadyAnswered
        }
        guard let awaited else { return .notAwaited }
        let weight = AnswerWeight(query, for: awaited)
        guard weight == .decides else { return .passedOver(weight) }
        spent.append(Array(awaited.state.utf8))
        return .taken
    }
}

extension CallbackExpectation.Verdict {
    /// The page to show in place of the answer's own.
    var page: CallbackPage? {
        switch self {
        case .taken: nil
        case .alreadyAnswered: .alreadyAnswered
        case .notAwaited: .notAwaited
        case .passedOver(.unproven): .unproven
        case .passedOver: .otherSignIn
        }
    }
}
