// The session's bus: calls, signals, names and objects of ours.

import OmlxCGIO

/// Why something on the bus did not come to pass.
struct BusError: Error, Hashable {
    /// The D-Bus name of the error; empty when it is of this side, such as a limit of time.
    var name: String
    /// In words.
    var message: String

    /// The bus has ended.
    static let gone = BusError(name: "org.freedesktop.DBus.Error.Disconnected", message: "the bus has ended")
    /// An object has no such method.
    static let unknownMethod = BusError(
        name: "org.freedesktop.DBus.Error.UnknownMethod", message: "there is no such method")

    /// A call's arguments say nothing.
    static func invalid(_ message: String) -> BusError {
        BusError(name: "org.freedesktop.DBus.Error.InvalidArgs", message: message)
    }
}

/// A method of a program on the bus.
struct BusMethod: Sendable {
    var program: String
    var path: String
    var interface: String
    var name: String

    /// A method of the bus itself.
    static func ofBus(_ name: String) -> BusMethod {
        BusMethod(
            program: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
            name: name)
    }
}

/// A signal that was heard.
struct BusSignal: Sendable {
    /// The unique name of the program that said it.
    var sender: String
    var arguments: [BusValue]
}

/// An object of ours, called on the bus's thread: it answers at once, from what it has.
protocol BusObject: Sendable {
    /// Its one interface, and that in D-Bus's introspection format.
    var interface: String { get }
    var description: String { get }
    func property(_ name: String) -> BusValue?
    func call(_ method: String, _ arguments: [BusValue]) throws(BusError) -> [BusValue]
}

/// A connection to the session's bus. It is left when this is let go of.
actor SessionBus {
    typealias Answer = Result<[BusValue], BusError>

    private nonisolated let thread: BusThread
    private var count: UInt64 = 0
    private var waiting: [UInt64: CheckedContinuation<Answer, Never>] = [:]
    private var listeners: [UInt64: Listener] = [:]
    /// Which listeners have heard something.
    private var served: Set<UInt64> = []
    private var objects: [String: any BusObject] = [:]
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private init(_ thread: BusThread) {
        self.thread = thread
        thread.tell(self)
    }

    deinit {
        for listener in listeners.values { listener.finish() }
        thread.end()
    }

    /// The bus of the session these variables are of.
    /// - Returns: `nil` where there is none, or GIO is not installed: a desktop is nothing one has to have.
    static func connect(_ environment: [String: String]) async -> SessionBus? {
        guard let address = BusAddress.session(environment), let thread = BusThread.start() else { return nil }
        let bus = SessionBus(thread)
        return await bus.connect(address) ? bus : nil
    }

    private func connect(_ address: String) async -> Bool {
        let answer = await answer { cgio_connect(thread.loop, address, $0) }
        if case .success = answer { return true }
        return false
    }

    private func answer(_ begin: (UInt64) -> Void) async -> Answer {
        count += 1
        let number = count
        return await withCheckedContinuation { continuation in
            waiting[number] = continuation
            begin(number)
        }
    }

    // MARK: asking others

    /// Calls a method.
    /// - Parameters:
    ///   - starts: whether the bus may start the program for it.
    ///   - seconds: its limit.
    @discardableResult
    func call(
        _ method: BusMethod, _ arguments: [BusValue] = [], starts: Bool = false, seconds: Int32 = 10
    ) async throws(BusError) -> [BusValue] {
        guard !isClosed else { throw .gone }
        return try await answer { number in
            cgio_call_method(
                thread.loop, method.program, method.path, method.interface, method.name, BusValue.tuple(arguments),
                starts, seconds * 1000, number)
        }.get()
    }

    /// What a program says from now on. Ends with the bus.
    /// - Parameter argument: only signals whose first argument is this text.
    func signals(_ signal: BusMethod, argument: String? = nil) -> AsyncStream<BusSignal> {
        let (stream, continuation) = AsyncStream.makeStream(of: BusSignal.self)
        subscribe(
            signal, argument,
            Listener {
                continuation.yield($0)
            } finish: {
                continuation.finish()
            })
        return stream
    }

    /// Who has a name, now and from now on: a unique name, or `nil`. Ends with the bus. Starts no program.
    func owners(of name: String) async -> AsyncStream<String?> {
        let (stream, continuation) = AsyncStream.makeStream(of: String?.self)
        let listener = Listener {
            let owner = $0.arguments.dropFirst(2).first?.string ?? ""
            continuation.yield(owner.isEmpty ? nil : owner)
        } finish: {
            continuation.finish()
        }
        let number = subscribe(.ofBus("NameOwnerChanged"), name, listener)
        let owner = (try? await call(.ofBus("GetNameOwner"), [.text(name)]))?.first?.string
        // What was said meanwhile is newer.
        if !served.contains(number) { continuation.yield(owner) }
        return stream
    }

    private struct Listener: Sendable {
        let hear: @Sendable (BusSignal) -> Void
        let finish: @Sendable () -> Void

        init(
            _ hear: @escaping @Sendable (BusSignal) -> Void, finish: @escaping @Sendable () -> Void
        ) {
            (self.hear, self.finish) = (hear, finish)
        }
    }

    @discardableResult
    private func subscribe(_ signal: BusMethod, _ argument: String?, _ listener: Listener) -> UInt64 {
        count += 1
        guard !isClosed else {
            listener.finish()
            return count
        }
        listeners[count] = listener
        cgio_subscribe(
            thread.loop, signal.program, signal.path, signal.interface, signal.name, argument, count)
        return count
    }

    /// Takes a name of ours.
    /// - Returns: whether it is ours now.
    func own(_ name: String) async -> Bool {
        // 4: not queued behind its owner; 1: this is the owner, 4: it was before.
        let answer = try? await call(.ofBus("RequestName"), [.text(name), .uint32(4)])
        return answer?.first?.unsigned == 1 || answer?.first?.unsigned == 4
    }

    // MARK: objects of ours

    /// Offers an object, one at a path.
    func export(_ object: any BusObject, at path: String) -> Bool {
        guard !isClosed, cgio_export(thread.loop, path, object.description) else { return false }
        objects[path] = object
        return true
    }

    /// Says something from an object.
    func emit(_ signal: String, _ arguments: [BusValue] = [], from path: String) {
        guard !isClosed, let object = objects[path] else { return }
        cgio_emit(thread.loop, path, object.interface, signal, BusValue.tuple(arguments))
    }

    // MARK: what the thread tells

    func answered(_ number: UInt64, _ answer: Answer) { waiting.removeValue(forKey: number)?.resume(returning: answer) }

    func heard(_ subscription: UInt64, _ signal: BusSignal) {
        served.insert(subscription)
        listeners[subscription]?.hear(signal)
    }

    func called(_ path: String, _ method: String, _ arguments: [BusValue]) -> Answer {
        guard let object = objects[path] else { return .failure(.unknownMethod) }
        do { return .success(try object.call(method, arguments)) } catch { return .failure(error) }
    }

    func property(_ path: String, _ name: String) -> BusValue? { objects[path]?.property(name) }

    /// The bus has ended. Calls under way are answered by GIO.
    func closed() {
        guard !isClosed else { return }
        isClosed = true
        for listener in listeners.values { listener.finish() }
        listeners = [:]
    }
}
