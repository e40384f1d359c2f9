// Calls of the desktop's Secret Service, each on a thread of its own and with an end: a keyring that hangs keeps no caller.

import OmlxCSecret
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Glibc
import Synchronization

/// The desktop's Secret Service. Sessions are kept and used again; one that failed is not.
final class SecretServiceSession: Sendable {
    /// The longest a store operation may take, all its calls together, in seconds.
    static let standardLimit = 3.0
    /// What a glance may take, in seconds.
    private static let glanceLimit = 0.2
    /// How many sessions are tried until the keys of one fit.
    private static let sessions = 4

    /// Owned by one thread at a time: taken out of `idle`, used, put back.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let idle = Idle()
    private let limit: Double
    private let patience: KeyringPatience
    /// Whether the environment names a bus at all: without one nothing is loaded and nothing started.
    private let hasBus: Bool

    init(environment: [String: String], limit: Double) {
        self.limit = limit
        let address = environment["DBUS_SESSION_BUS_ADDRESS"] ?? ""
        let runtime = environment["XDG_RUNTIME_DIR"] ?? ""
        hasBus = !address.isEmpty || (!runtime.isEmpty && access(runtime + "/bus", F_OK) == 0)
        patience = KeyringPatience.of(bus: address.isEmpty ? runtime : address)
    }

    /// Runs calls on a session, on a thread of its own.
    /// - Parameters:
    ///   - times: how many times the limit they may take.
    ///   - waits: how many seconds more a person may take.
    ///   - endsEarly: whether a cancelled caller ends them: for what waits for a person, never for a write.
    /// - Throws: `OmlxError`: what `body` throws; `STORE_UNAVAILABLE`; `STORE_TIMEOUT` when they take too long: what was
    ///   under way may still happen.
    func run<Value: Sendable>(
        times: Double = 1, waits: Double = 0, endsEarly: Bool = false,
        _ body: @escaping @Sendable (borrowing SecretServiceCalls) throws(OmlxError) -> Value
    ) async throws(OmlxError) -> Value {
        guard hasBus else { throw .unavailable("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)") }
        func run(on handle: Handle, _ end: SessionEnd) async throws(OmlxError) -> Value {
            let start = ContinuousClock.now
            let allowed = patience.limit(limit * times)
            do throws(OmlxError) {
                let value = try await self.run(
                    allowed + waits, endsEarly, on: handle, end, body)
                patience.answered()
                return value
            } catch {
                // How long a person took is no matter of the keyring.
                if error.code == .storeTimeout {
                    if waits == 0 { patience.waitedInVain(since: start, atMost: limit) }
                } else {
                    patience.answered()
                }
                throw error
            }
        }
        if let kept = idle.take() {
            let end = SessionEnd()
            do throws(OmlxError) {
                return try await run(on: kept, end)
            } catch {
                // The keyring, or the bus, may be another one since: what comes first is a look, and nothing was done. One
                // that left in the middle may have done something.
                let isAnother = error.code == .storeUnavailable && !end.isGone
                guard isAnother || error.isAboutContent else { throw error }
            }
        }
        var isDamaged = false
        for _ in 1..<Self.sessions {
            let end = SessionEnd()
            do throws(OmlxError) {
                return try await run(on: try make(), end)
            } catch {
                // A key that does not fit can, rarely, unseal to something: damage counts when two sessions show it.
                guard end.isFlawed || (error.isAboutContent && !isDamaged) else { throw error }
                isDamaged = error.isAboutContent
            }
        }
        return try await run(on: try make(), SessionEnd())
    }

    /// Whether the keyring is locked, where that can be told in a moment and without starting anything; `nil` otherwise.
    func glance() async -> Bool? {
        guard hasBus, let handle = try? Self.make(limit: Self.glanceLimit) else { return nil }
        return try? await run(Self.glanceLimit, false, isKept: false, on: handle, SessionEnd()) {
            (calls) throws(OmlxError) in try calls.isLockedAtAGlance()
        }
    }

    /// What a session's calls showed about it: its keys do not fit, or the keyring left the bus in the middle of one.
    private final class SessionEnd: Sendable {
        private let found = Mutex((isFlawed: false, isGone: false))
        var isFlawed: Bool { found.withLock { $0.isFlawed } }
        var isGone: Bool { found.withLock { $0.isGone } }
        func note(_ session: OpaquePointer) {
            found.withLock { $0 = (csecret_is_flawed(session), csecret_is_gone(session)) }
        }
    }

    private func run<Value: Sendable>(
        _ limit: Double, _ endsEarly: Bool, isKept: Bool = true, on handle: Handle, _ showing: SessionEnd,
        _ body: @escaping @Sendable (borrowing SecretServiceCalls) throws(OmlxError) -> Value
    ) async throws(OmlxError) -> Value {
        let answer = FirstResult<Value, OmlxError>()
        // Under the answer's lock, while the thread surely still has the session. It lets go soon after; the caller goes on now.
        let end: @Sendable () -> Void = {
            answer.give(.failure(.overdue)) { csecret_cancel(handle.pointer) }
        }
        let alarm = Alarm(after: limit, end)
        let isStarted = OwnThread.start("omlx-keyring") { [idle] in
            let result: Result<Value, OmlxError>
            do throws(OmlxError) {
                result = .success(try body(SecretServiceCalls(session: handle.pointer)))
            } catch {
                result = .failure(error)
            }
            showing.note(handle.pointer)
            // One that was given up, or could not be used, is not used again.
            if answer.give(result), isKept, !result.isAboutSession {
                idle.put(handle)
            } else {
                csecret_close(handle.pointer)
            }
        }
        if !isStarted {
            answer.give(.failure(.unavailable("no thread could be started")))
            csecret_close(handle.pointer)
        }
        let result = await withTaskCancellationHandler {
            await answer.result
        } onCancel: {
            if endsEarly { end() }
        }
        alarm.cancel()
        return try result.get()
    }

    /// An element for every change, whichever keyring is there by then; `nil` when there is no bus.
    func changes() -> AsyncStream<Void>? {
        guard hasBus else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watch = Watch()
        continuation.onTermination = { _ in watch.end() }
        let limit = limit
        let isStarted = OwnThread.start("omlx-keyring") {
            let teller = Unmanaged.passRetained(Work { continuation.yield() })
            while let handle = watch.begin({ try? Self.make(limit: limit) }) {
                var reason = csecret_reason()
                _ = csecret_watch(
                    handle.pointer,
                    { context in
                        if let context { Unmanaged<Work>.fromOpaque(context).takeUnretainedValue().body() }
                    }, teller.toOpaque(), &reason)
                watch.close()
                // Without a keyring, or after the bus ended: there may be one later.
                watch.pause()
            }
            teller.release()
            continuation.finish()
        }
        if !isStarted { continuation.finish() }
        return stream
    }

    /// A session that is ended by one thread, and opened and closed by another.
    private final class Watch: Sendable {
        private static let pauses = 50
        private let state = Mutex<(handle: Handle?, isOver: Bool)>((nil, false))

        /// A session to watch with; `nil` when the watch is over.
        func begin(_ make: () -> Handle?) -> Handle? {
            guard !state.withLock({ $0.isOver }) else { return nil }
            // A keyring may take seconds: who ends the watch meanwhile, in a cancellation, does not wait for it.
            let made = make()
            let kept = state.withLock { state in
                if !state.isOver { state.handle = made }
                return state.handle
            }
            if kept == nil, let made { csecret_close(made.pointer) }
            return kept
        }

        func end() {
            state.withLock { state in
                state.isOver = true
                if let handle = state.handle { csecret_cancel(handle.pointer) }
            }
        }

        func close() {
            state.withLock { state in
                if let handle = state.handle { csecret_close(handle.pointer) }
                state.handle = nil
            }
        }

        /// 5 s, or less when the watch ends.
        func pause() {
            for _ in 0..<Self.pauses where !state.withLock({ $0.isOver }) { usleep(100_000) }
        }
    }

    private func make() throws(OmlxError) -> Handle { try Self.make(limit: limit) }

    private static func make(limit: Double) throws(OmlxError) -> Handle {
        var pointer: OpaquePointer?
        var reason = csecret_reason()
        let status = csecret_open(Int32(limit * 1000), &pointer, &reason)
        guard status == CSECRET_OK, let pointer else { throw SecretServiceCalls.failure(status, reason) }
        return Handle(pointer: pointer)
    }

    /// Sessions that are not in use.
    private final class Idle: Sendable {
        private let handles = Mutex<[Handle]>([])

        func take() -> Handle? { handles.withLock { $0.popLast() } }
        func put(_ handle: Handle) { handles.withLock { $0.append(handle) } }

        deinit { for handle in handles.withLock({ $0 }) { csecret_close(handle.pointer) } }
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}

extension Result where Failure == OmlxError {
    /// Whether it says something about the session rather than about what was asked.
    fileprivate var isAboutSession: Bool {
        if case .failure(let error) = self { return [.storeUnavailable, .storeTimeout].contains(error.code) }
        return false
    }
}
