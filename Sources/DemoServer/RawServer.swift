// A TCP server that does not speak HTTP properly: for clients that meet one.

import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A server on loopback that misbehaves below HTTP.
public final class RawServer: Sendable {
    /// What it does with a connection.
    public enum Behaviour: Sendable, Equatable {
        /// Closes it at once.
        case closesAtOnce
        /// Accepts it and never says anything.
        case silent
        /// When the first bytes have come, sends these and closes.
        case sends([UInt8])
        /// When the first bytes have come, sends these one by one with a pause between, and never an end.
        case drips([UInt8], milliseconds: Int64)

        /// When the first bytes have come, sends this text and closes.
        public static func sends(_ text: String) -> Behaviour { .sends(Array(text.utf8)) }
    }

    private let listening: any Channel
    private let clients: Connections
    private let counter: Counter

    private init(listening: any Channel, clients: Connections, counter: Counter) {
        self.listening = listening
        self.clients = clients
        self.counter = counter
    }

    /// Starts a server on a free port of 127.0.0.1.
    /// - Throws: What the system says when no port can be bound.
    public static func start(_ behaviour: Behaviour) async throws -> RawServer {
        let clients = Connections()
        let counter = Counter()
        let listening = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = RawHandler(behaviour: behaviour, clients: clients, counter: counter)
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawServer(listening: listening, clients: clients, counter: counter)
    }

    /// A port of 127.0.0.1 without a listener. It stays bound for the life of the process, so that no other gets it.
    public static func closedPort() async throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else { throw IOError(errnoCode: errno, reason: "bind") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// The port bound.
    public var port: Int { listening.localAddress?.port ?? 0 }
    /// `http://127.0.0.1:PORT/mcp`.
    public var url: String { "http://127.0.0.1:\(port)/mcp" }
    /// How many connections have come so far.
    public var connections: Int { counter.value }

    /// Closes all connections and frees the port.
    public func stop() async {
        try? await listening.close()
        await clients.closeAll()
    }
}

private final class Counter: Sendable {
    private let count = Mutex(0)
    var value: Int { count.withLock { $0 } }
    func increment() { count.withLock { $0 += 1 } }
}

private final class Drops: Sendable {
    private let rest: Mutex<ArraySlice<UInt8>>
    init(_ bytes: [UInt8]) { rest = Mutex(bytes[...]) }
    func next() -> UInt8? { rest.withLock { $0.popFirst() } }
}

private final class RawHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let behaviour: RawServer.Behaviour
    private let clients: Connections
    private let counter: Counter

    init(behaviour: RawServer.Behaviour, clients: Connections, counter: Counter) {
        self.behaviour = behaviour
        self.clients = clients
        self.counter = counter
    }

    func channelActive(context: ChannelHandlerContext) {
        counter.increment()
        clients.add(context.channel)
        if behaviour == .closesAtOnce { context.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch behaviour {
        case .sends(let bytes):
            context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            context.close(promise: nil)
        case .drips(let bytes, let milliseconds):
            let channel = context.channel
            let drops = Drops(bytes)
            channel.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: .milliseconds(milliseconds)) { task in
                guard channel.isActive, let byte = drops.next() else { return task.cancel() }
                channel.writeAndFlush(ByteBuffer(bytes: [byte]), promise: nil)
            }
        case .closesAtOnce, .silent: break
        }
    }
}
