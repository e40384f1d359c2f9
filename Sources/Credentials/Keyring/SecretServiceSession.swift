// Calls of the desktop's Secret Service, each on a thread of its own and with an end: a keyring that hangs keeps nobody.

import CSecret
import Cryptography
import ErrorCatalogue
import Glibc
import Synchronization

/// An item of the Secret Service.
struct SecretServiceItem: Sendable, Hashable {
    var path: String
    var isLocked: Bool
}

/// The desktop's Secret Service. Sessions are kept and used again; one that failed is not.
final class SecretServiceSession: Sendable {
    /// The longest a store operation may take, all its calls together, in seconds.
    static let standardLimit = 3.0
    /// How many sessions are tried until the keys of one fit.
    private static let sessions = 4

    /// Owned by one thread at a time: taken out of `idle`, used, put back.
    private struct Handle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private let idle = Idle()
    private let limit: Double
    /// Whether the environment names a bus at all: without one nothing is loaded and nothing started.
    private let hasBus: Bool

    init(environment: [String: String], limit: Double) {
        self.limit = limit
        let address = environment["DBUS_SESSION_BUS_ADDRESS"] ?? ""
        let runtime = environment["XDG_RUNTIME_DIR"] ?? ""
        hasBus = !address.isEmpty || (!runtime.isEmpty && access(runtime + "/bus", F_OK) == 0)
    }

    /// Runs calls on a session, on a thread of its own.
    /// - Parameters:
    ///   - times: how many times the limit they may take.
    ///   - endsEarly: whether a cancelled caller ends them: for what waits for a person, never for a write.
    /// - Throws: `OmlxError`: what `body` throws; `STORE_UNAVAILABLE`; `STORE_TIMEOUT` when they take too long: what was
    ///   under way may still happen.
    func run<Value: Sendable>(
        times: Double = 1, endsEarly: Bool = false,
        _ body: @escaping @Sendable (borrowing SecretServiceCalls) throws(OmlxError) -> Value
    ) async throws(OmlxError) -> Value {
        guard hasBus else { throw .unavailable("there is no session bus (DBUS_SESSION_BUS_ADDRESS is not set)") }
        if let kept = idle.take() {
            do throws(OmlxError) {
                return try await run(times, endsEarly, on: kept, body)
            } catch {
                // The keyring, or the bus, may be another one since: what comes first is a look, and nothing was done.
                guard error.code == .storeUnavailable || error.isAboutContent else { throw error }
            }
        }
        var isDamaged = false
        for _ in 1..<Self.sessions {
            let flaw = Flaw()
            do throws(OmlxError) {
                return try await run(times, endsEarly, on: try make(), flaw: flaw, body)
            } catch {
                // A key that does not fit can, rarely, unseal to something: damage counts when two sessions show it.
                guard flaw.isThere || (error.isAboutContent && !isDamaged) else { throw error }
                isDamaged = error.isAboutContent
            }
        }
        return try await run(times, endsEarly, on: try make(), body)
    }

    /// Whether a session's keys do not fit.
    private final class Flaw: Sendable {
        private let found = Mutex(false)
        var isThere: Bool { found.withLock { $0 } }
        func note() { found.withLock { $0 = true } }
    }

    private func run<Value: Sendable>(
        _ times: Double, _ endsEarly: Bool, on handle: Handle, flaw: Flaw? = nil,
        _ body: @escaping @Sendable (borrowing SecretServiceCalls) throws(OmlxError) -> Value
    ) async throws(OmlxError) -> Value {
        let limit = limit * times
        let answer = Answer<Value>()
        let timer = Task.detached {
            guard (try? await Task.sleep(for: .seconds(limit))) != nil else { return }
            // The thread lets go soon after; whoever waits goes on now.
            answer.give(.failure(.overdue(limit)), orCancel: handle.pointer)
        }
        let isStarted = Self.onThread { [idle] in
            let result: Result<Value, OmlxError>
            do throws(OmlxError) {
                result = .success(try body(SecretServiceCalls(session: handle.pointer)))
            } catch {
                result = .failure(error)
            }
            if csecret_is_flawed(handle.pointer) { flaw?.note() }
            // One that was given up, or could not be used, is not used again.
            if answer.give(result), !result.isAboutSession {
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
            await answer.value
        } onCancel: {
            if endsEarly { answer.give(.failure(.overdue(limit)), orCancel: handle.pointer) }
        }
        timer.cancel()
        return try result.get()
    }

    /// An element for every change, whichever keyring is there by then; `nil` when there is no bus.
    func changes() -> AsyncStream<Void>? {
        guard hasBus else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let watch = Watch()
        continuation.onTermination = { _ in watch.end() }
        let limit = limit
        let isStarted = Self.onThread {
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
            state.withLock { state in
                if !state.isOver { state.handle = make() }
                return state.handle
            }
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

    /// Runs a closure on a new thread; false when there is none to be had.
    private static func onThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Work(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, box.toOpaque())
        guard status == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }

    /// Sessions nobody uses now.
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

    /// The first result counts.
    private final class Answer<Value: Sendable>: Sendable {
        private struct State {
            var result: Result<Value, OmlxError>?
            var waiter: CheckedContinuation<Result<Value, OmlxError>, Never>?
        }

        private let state = Mutex(State())

        var value: Result<Value, OmlxError> {
            get async {
                await withCheckedContinuation { continuation in
                    let result = state.withLock { state in
                        if state.result == nil { state.waiter = continuation }
                        return state.result
                    }
                    if let result { continuation.resume(returning: result) }
                }
            }
        }

        /// Whether this was the first. The session is cancelled while its thread surely still has it.
        @discardableResult
        func give(_ result: Result<Value, OmlxError>, orCancel session: OpaquePointer? = nil) -> Bool {
            let (isFirst, waiter) = state.withLock { state in
                guard state.result == nil else {
                    return (false, CheckedContinuation<Result<Value, OmlxError>, Never>?.none)
                }
                state.result = result
                if let session { csecret_cancel(session) }
                return (true, state.waiter)
            }
            waiter?.resume(returning: result)
            return isFirst
        }
    }
}

/// The calls of one session, on its thread.
struct SecretServiceCalls: ~Copyable {
    private let session: OpaquePointer

    fileprivate init(session: OpaquePointer) { self.session = session }

    /// Whether the default collection is locked.
    /// - Throws: `STORE_UNAVAILABLE`, `STORE_TIMEOUT`.
    func isLocked() throws(OmlxError) -> Bool {
        var isLocked = true
        try check { csecret_is_locked(session, &isLocked, $0) }
        return isLocked
    }

    /// The items with these attributes.
    func search(_ attributes: [(String, String)]) throws(OmlxError) -> [SecretServiceItem] {
        var items: [SecretServiceItem] = []
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try withUnsafeMutablePointer(to: &items) { (items) throws(OmlxError) in
                try check { reason in
                    csecret_search(
                        session, list,
                        { context, path, isLocked in
                            guard let path else { return }
                            context?.assumingMemoryBound(to: [SecretServiceItem].self).pointee
                                .append(SecretServiceItem(path: String(cString: path), isLocked: isLocked))
                        }, items, reason)
                }
            }
        }
        return items
    }

    /// The secret of an item.
    func secret(of path: String) throws(OmlxError) -> Secret {
        var secret = Secret([])
        try withUnsafeMutablePointer(to: &secret) { (secret) throws(OmlxError) in
            try check { reason in
                csecret_read(
                    session, path,
                    { context, bytes, length in
                        let buffer = UnsafeRawBufferPointer(start: bytes, count: length)
                        context?.assumingMemoryBound(to: Secret.self).pointee = Secret(copying: buffer)
                    }, secret, reason)
            }
        }
        return secret
    }

    /// Makes an item, or replaces the one with the very same attributes; its path.
    func create(_ label: String, _ attributes: [(String, String)], _ secret: Secret) throws(OmlxError) -> String {
        var path = [CChar](repeating: 0, count: 1024)
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try secret.withBytes { (bytes) throws(OmlxError) in
                try check { reason in
                    csecret_create(session, label, list, bytes.baseAddress, bytes.count, &path, path.count, reason)
                }
            }
        }
        return String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Puts another secret into an item, and other attributes on it.
    func update(_ path: String, _ attributes: [(String, String)], _ secret: Secret) throws(OmlxError) {
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try secret.withBytes { (bytes) throws(OmlxError) in
                try check { reason in
                    csecret_update(session, path, list, bytes.baseAddress, bytes.count, reason)
                }
            }
        }
    }

    /// Unlocks the default collection, asking a person on the display for so many seconds.
    func unlock(seconds: Double) throws(OmlxError) { try check { csecret_unlock(session, Int32(seconds * 1000), $0) } }

    /// Unlocks the default collection with its password.
    /// - Throws: `STORE_PASSWORD_WRONG`; `STORE_LOCKED` where the keyring takes passwords from its own window only.
    func unlock(with password: Secret) throws(OmlxError) {
        try password.withBytes { (bytes) throws(OmlxError) in
            try check { csecret_unlock_with(session, bytes.baseAddress, bytes.count, $0) }
        }
    }

    /// Removes an item.
    func delete(_ path: String) throws(OmlxError) { try check { csecret_delete(session, path, $0) } }

    private func check(
        _ call: (UnsafeMutablePointer<csecret_reason>) -> csecret_status
    ) throws(OmlxError) {
        var reason = csecret_reason()
        let status = call(&reason)
        if status != CSECRET_OK { throw Self.failure(status, reason) }
    }

    /// Names and values in turn as C strings, ended by nil; valid during the call.
    private func withCStrings(
        _ attributes: [(String, String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws(OmlxError) -> Void
    ) throws(OmlxError) {
        let texts = attributes.flatMap { [strdup($0.0), strdup($0.1)] }
        defer { for text in texts { free(text) } }
        let list: [UnsafePointer<CChar>?] = texts.map { UnsafePointer($0) } + [nil]
        var failure: OmlxError?
        list.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(OmlxError) { try body(base) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    static func failure(_ status: csecret_status, _ reason: csecret_reason) -> OmlxError {
        let said = withUnsafeBytes(of: reason.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let text = OmlxError.shown(said, limit: 200)
        switch status {
        case CSECRET_NO_LIBRARY: return .unavailable("libsecret is not installed", "apt-get install libsecret-1-0")
        case CSECRET_NO_BUS: return .unavailable("the session bus cannot be reached (\(text))")
        case CSECRET_NO_PROVIDER:
            return .unavailable(
                "no keyring answers on the session bus (\(text))",
                "start one: gnome-keyring-daemon --start --components=secrets (apt-get install gnome-keyring)")
        case CSECRET_NO_COLLECTION: return .unavailable("the keyring has no default collection")
        case CSECRET_TIMEOUT: return .overdue(SecretServiceSession.standardLimit)
        case CSECRET_PROMPT: return .keyringLocked("the keyring wants to ask somebody first (\(text))")
        case CSECRET_DENIED: return OmlxError(.storePasswordWrong, "that password does not open the keyring")
        case CSECRET_UNSUPPORTED: return .keyringLocked("this keyring is unlocked in its own window only")
        default: return OmlxError(.storeUnavailable, "the keyring refused (\(text))")
        }
    }
}

extension Result where Failure == OmlxError {
    /// Whether it says something about the session rather than about what was asked.
    fileprivate var isAboutSession: Bool {
        if case .failure(let error) = self { return [.storeUnavailable, .storeTimeout].contains(error.code) }
        return false
    }
}

extension OmlxError {
    fileprivate static func unavailable(_ reason: String, _ step: String? = nil) -> OmlxError {
        OmlxError(
            .storeUnavailable, "the desktop's keyring cannot be used: \(reason)",
            nextStep: step ?? "start omlx in the desktop's session, or choose another store: OMLX_STORE=file")
    }

    fileprivate static func overdue(_ limit: Double) -> OmlxError {
        OmlxError(
            .storeTimeout, "the desktop's keyring did not answer within \(Int(limit)) s",
            nextStep: "look whether it waits for you in a window of its own; then try again")
    }

    static func keyringLocked(_ reason: String) -> OmlxError {
        OmlxError(.storeLocked, reason, nextStep: "unlock the keyring, as by logging in to the desktop, then try again")
    }
}
