// How many child processes start at the same time: each gets the processor it needs within its own limit.

import Synchronization

/// Bounds the starts of child processes, in the order in which they were asked for. What is started already counts no more
/// once it has answered, or has had its time alone: a server that hangs holds up the others for no longer than that.
final class StartGate: Sendable {
    private struct State {
        var free: Int
        var nextID = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        /// Those that gave up before they began to wait.
        var givenUp: Set<Int> = []
    }

    /// How long a start keeps its place, in seconds.
    static let standardPatience = 3.0

    private let state: Mutex<State>
    private let patience: Double

    /// - Parameters:
    ///   - limit: how many starts at most.
    ///   - patience: how long a start keeps its place, in seconds.
    init(limit: Int, patience: Double = StartGate.standardPatience) {
        state = Mutex(State(free: max(1, limit)))
        self.patience = patience
    }

    /// How many wait for a place.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Waits for a place.
    /// - Throws: `CancellationError` when the task is cancelled while it waits.
    func enter() async throws -> Place {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if state.givenUp.remove(id) != nil { return .failure(CancellationError()) }
                    guard state.free > 0 else {
                        state.waiting.append((id, continuation))
                        return nil
                    }
                    state.free -= 1
                    return .success(())
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            giveUp(id)
        }
        let place = Place(self, seconds: patience)
        state.withLock { _ = $0.givenUp.remove(id) }
        if Task.isCancelled {
            place.giveBack()
            throw CancellationError()
        }
        return place
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                state.givenUp.insert(id)
                return nil
            }
            return state.waiting.remove(at: index).continuation
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Hands the place on to the one that waits longest.
    fileprivate func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst().continuation }
            state.free += 1
            return nil
        }
        next?.resume()
    }

    /// The place of one start; given back once, however often and by whomever.
    final class Place: Sendable {
        private let gate: Mutex<StartGate?>
        private let timer = Mutex<Task<Void, Never>?>(nil)

        fileprivate init(_ gate: StartGate, seconds: Double) {
            self.gate = Mutex(gate)
            let task = Task { [weak self] in
                guard (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
                self?.giveBack()
            }
            timer.withLock { $0 = task }
        }

        func giveBack() {
            let gate = gate.withLock { gate in
                defer { gate = nil }
                return gate
            }
            timer.withLock { timer in
                defer { timer = nil }
                return timer
            }?.cancel()
            gate?.leave()
        }

        deinit { giveBack() }
    }
}
