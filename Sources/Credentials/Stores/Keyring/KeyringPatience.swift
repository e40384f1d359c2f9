// How long a process waits for a keyring that does not answer: once, not at every call anew.

import Synchronization

/// The time a silent keyring has taken from this process, and what it may still take. A command asks a keyring several
/// times; a keyring that was stopped is silent every time.
final class KeyringPatience: Sendable {
    /// What all operations may wait in vain together, in seconds.
    static let total = 3.5
    /// What an operation may take all the same, in seconds: the keyring may be back.
    private static let least = 0.1
    /// After so many seconds without a caller, a process that stays up waits anew.
    private static let forgetting = 30.0

    private struct State {
        var spent = 0.0
        /// The end of the last wait, so that operations that wait at the same time count once.
        var last: ContinuousClock.Instant?
    }

    private static let all = Mutex<[String: KeyringPatience]>([:])
    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

    /// The patience with the keyring of a session bus, shared by all stores of the process.
    static func of(bus address: String) -> KeyringPatience {
        all.withLock { all in
            if let known = all[address] { return known }
            let made = KeyringPatience()
            all[address] = made
            return made
        }
    }

    /// What an operation that wants so many seconds gets.
    func limit(_ wanted: Double) -> Double {
        state.withLock { state in
            if let last = state.last, last.duration(to: now()) > .seconds(Self.forgetting) { state = State() }
            guard state.spent > 0 else { return wanted }
            return min(wanted, max(Self.least, Self.total - state.spent))
        }
    }

    /// The keyring said something.
    func answered() { state.withLock { $0 = State() } }

    /// Nothing came since then.
    /// - Parameter longest: the silence of one call, in seconds: what an operation took before it was not in vain.
    func waitedInVain(since start: ContinuousClock.Instant, atMost longest: Double) {
        let now = now()
        state.withLock { state in
            let from = max(start, state.last ?? start)
            state.spent += min(max(0, from.duration(to: now) / .seconds(1)), longest)
            state.last = now
        }
    }
}
