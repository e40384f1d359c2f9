// One sign-in for all who wait for it, as a refresh is one: within a process by joining, between processes by taking turns.

import OmlxCredentials
import OmlxErrors

/// The sign-in at one server, made once for all who need it at the same time.
///
/// A sign-in under way is joined by callers whose scopes it asks for; one whose scopes it does not ask for waits for its end,
/// and then makes the next one. One that stops waiting ends no other's waiting: the sign-in goes on until the last one has
/// gone.
package actor SharedSignIn<Value: Sendable> {
    private struct Running {
        let number: Int
        let scopes: [String]?
        let task: Task<Void, Never>
        var waiting: [Int: CheckedContinuation<Value, any Error>] = [:]
        /// No caller waits any more: it ends, and none joins.
        var isEnding = false
    }

    private var running: Running?
    /// Those that wait for its end only to make one of their own.
    private var watching: [Int: CheckedContinuation<Void, any Error>] = [:]
    private var last: (scopes: [String]?, result: Result<Value, any Error>)?
    private var begun = 0
    private var waiterCount = 0

    /// How many sign-ins have ended: to be read before an operation, which then knows those that ended during it.
    package private(set) var ended = 0

    /// How many wait for the one under way.
    var waiting: Int { running?.waiting.count ?? 0 }

    /// No sign-in.
    package init() {}

    /// Waits for a sign-in: the one under way, the one that ended since, or one of its own.
    /// - Parameters:
    ///   - scopes: what it has to ask for at least; `nil` for whatever it asks for.
    ///   - mark: `ended` as it was before the operation that needs the sign-in.
    ///   - work: the sign-in.
    /// - Throws: what the sign-in throws; `CancellationError` when the caller is cancelled.
    package func join(
        wanting scopes: [String]?, since mark: Int, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        while let current = running {
            if !current.isEnding, Self.covers(current.scopes, scopes) { return try await wait(current.number) }
            try await end(of: current.number)
        }
        if let last, ended > mark, Self.covers(last.scopes, scopes) { return try last.result.get() }
        return try await wait(start(scopes, work))
    }

    /// Makes a sign-in of its own, after the one under way; others may join it.
    /// - Throws: what the sign-in throws; `CancellationError` when the caller is cancelled.
    package func make(asking scopes: [String]?, _ work: @escaping @Sendable () async throws -> Value) async throws
        -> Value
    {
        while let current = running { try await end(of: current.number) }
        return try await wait(start(scopes, work))
    }

    /// Ends the sign-in under way, for all who wait for it, and waits until it has ended.
    package func cancel() async {
        guard let task = running?.task else { return }
        running?.isEnding = true
        task.cancel()
        await task.value
    }

    private static func covers(_ asked: [String]?, _ wanted: [String]?) -> Bool {
        guard let wanted else { return true }
        return asked.map { Set($0).isSuperset(of: wanted) } ?? false
    }

    private func start(_ scopes: [String]?, _ work: @escaping @Sendable () async throws -> Value) -> Int {
        begun += 1
        let number = begun
        // Not a caller's child: only the last one's cancellation ends it.
        let task = Task {
            let result: Result<Value, any Error>
            do { result = .success(try await work()) } catch { result = .failure(error) }
            end(result)
        }
        running = Running(number: number, scopes: scopes, task: task)
        return number
    }

    private func end(_ result: Result<Value, any Error>) {
        guard let done = running else { return }
        running = nil
        ended += 1
        // An end that no caller waited for is no answer.
        last = done.isEnding ? nil : (done.scopes, result)
        for waiter in done.waiting.values { waiter.resume(with: result) }
        for watcher in watching.values { watcher.resume() }
        watching = [:]
    }

    /// Waits for the end of a sign-in without keeping it alive.
    private func end(of number: Int) async throws {
        waiterCount += 1
        let watcher = waiterCount
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                guard running?.number == number else { return continuation.resume() }
                guard !Task.isCancelled else { return continuation.resume(throwing: CancellationError()) }
                watching[watcher] = continuation
            }
        } onCancel: {
            Task { await self.stopWatching(watcher) }
        }
    }

    private func stopWatching(_ watcher: Int) {
        watching.removeValue(forKey: watcher)?.resume(throwing: CancellationError())
    }

    private func wait(_ number: Int) async throws -> Value {
        waiterCount += 1
        let waiter = waiterCount
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                guard running?.number == number else { return continuation.resume(throwing: CancellationError()) }
                running?.waiting[waiter] = continuation
                if Task.isCancelled { leave(waiter, number) }
            }
        } onCancel: {
            Task { await self.leave(waiter, number) }
        }
    }

    /// The last one to leave ends the sign-in, and hears how it ends.
    private func leave(_ waiter: Int, _ number: Int) {
        guard running?.number == number, running?.waiting[waiter] != nil else { return }
        if running?.waiting.count == 1 {
            running?.isEnding = true
            running?.task.cancel()
        } else {
            running?.waiting.removeValue(forKey: waiter)?.resume(throwing: CancellationError())
        }
    }
}

extension SignInContext {
    /// Lets one program at a time ask the person for a sign-in: who comes meanwhile waits, and then finds it made.
    /// - Parameters:
    ///   - seconds: how long another program's sign-in is waited for; then the person is asked all the same.
    ///   - waiting: told when another program is asking already.
    package func takingTurn<Value: Sendable>(
        _ key: CredentialKey, within seconds: Double, waiting: @Sendable (String) async -> Void,
        _ work: @Sendable () async throws -> Value
    ) async throws -> Value {
        let lock = try await turn(key, within: seconds, waiting: waiting)
        defer { lock?.release() }
        return try await work()
    }

    private func turn(
        _ key: CredentialKey, within seconds: Double, waiting: @Sendable (String) async -> Void
    ) async throws -> CredentialLock? {
        let name = try key.recordName() + "-asking"
        do {
            do {
                return try await CredentialLock.acquire(name, in: lockFolder, command: command, timeout: 0, now: now)
            } catch let error as OmlxError where error.code == .storeLockTimeout && seconds > 0 {
                let holder = CredentialLock.holderText(of: name, in: lockFolder) ?? "another program"
                await waiting("\(holder) asks for this sign-in already; waiting for it")
                return try await CredentialLock.acquire(
                    name, in: lockFolder, command: command, timeout: seconds, now: now)
            }
        } catch is OmlxError {
            // A lock that cannot be had does not keep from signing in: at worst a person is asked twice.
            return nil
        }
    }
}
