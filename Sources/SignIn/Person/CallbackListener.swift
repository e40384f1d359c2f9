// The loopback listener a browser comes back to (RFC 8252 §7.3): one thread, bounded, deaf to everything else.

import OmlxErrors
import Glibc
import OmlxHTTPClient
import OmlxSystem
import Synchronization

/// Listens on loopback for the answer to an authorization request. Stray requests (favicon, preflight, a second tab)
/// get a page and change nothing; neither do connections that say nothing.
final class CallbackListener: Sendable {
    /// What came, in order.
    enum Event: Equatable, Sendable {
        /// The query of the answer that was awaited, less what the redirect URI has of its own.
        case answer(String)
        /// An answer that ends nothing.
        case passedOver(AnswerWeight)
        /// A browser that came back in a way that is not read.
        case odd(CallbackOddity)
    }

    /// What a sign-in hears of. Each kind of stray is told once for each request: it may be repeated without end.
    let events: AsyncStream<Event>
    /// The port listened at.
    let port: Int

    private let continuation: AsyncStream<Event>.Continuation
    private let expectation = Mutex(Expectation())
    private let path: String
    private let ownQuery: RedirectQuery
    private let hosts: Set<String>
    private let sockets: [Int32]
    private let pipe: WakePipe
    private let accept: @Sendable (Int32) -> Int32
    private let isStopped = Mutex(false)

    private struct Expectation {
        var answer = CallbackExpectation()
        var told: [Event] = []
    }

    private static let clientLimit = 32
    /// Fewer than the limit, so that a new client is asked for its request before others can displace it.
    private static let acceptLimit = 8
    private static let requestLimit = 16 << 10
    private static let clientSeconds = 10.0
    /// How long and how much is still read after an answer: a connection closed with bytes unread is reset, and the page lost.
    private static let farewellSeconds = 2.0
    private static let farewellLimit = 1 << 20
    private static let toldLimit = 8
    /// How long no new client is let in when there is no descriptor to be had, in milliseconds.
    private static let restMilliseconds: Int32 = 100

    /// Binds and listens; answers count from `expect(_:)` on.
    /// - Parameters:
    ///   - settings: host, path and the port fixed by the configuration, if any.
    ///   - preferredPort: the port of an earlier registration, tried first.
    ///   - accept: takes a connection from a listening socket as accept(2) does; what went wrong is a negative number.
    /// - Throws: `OmlxError`: `OAUTH_CALLBACK_PORT_TAKEN`, `OAUTH_CALLBACK_FAILED`.
    init(
        _ settings: RedirectSettings, preferredPort: Int?,
        accept: @escaping @Sendable (Int32) -> Int32 = { socket in
            let descriptor = Glibc.accept(socket, nil, nil)
            return descriptor < 0 ? -errno : descriptor
        }
    ) throws(OmlxError) {
        let (sockets, port) = try Self.bind(settings, preferredPort: preferredPort)
        guard let pipe = WakePipe() else {
            for socket in sockets { close(socket) }
            throw Self.failure("no pipe")
        }
        self.sockets = sockets
        self.port = port
        self.pipe = pipe
        self.accept = accept
        let place = String(settings.path.prefix { $0 != "?" })
        path = place.isEmpty ? "/" : place
        ownQuery = RedirectQuery(of: settings.path)
        let own = settings.host.contains(":") ? "[\(settings.host)]" : settings.host.lowercased()
        let names = ["127.0.0.1", "localhost", "[::1]", own]
        // Browsers leave out the port that is the scheme's own.
        hosts = Set(names.map { "\($0):\(port)" } + (port == 80 ? names : []))
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(16))
        guard OwnThread.start("omlx-callback", { self.run() }) else {
            closeAll()
            throw Self.failure("no thread")
        }
    }

    /// Takes this answer from now on. Earlier requests are over: answers to them change nothing any more, nor does a second
    /// one to the same request (`state` is single use, C9.4).
    func expect(_ answer: AwaitedAnswer) {
        expectation.withLock { expectation in
            expectation.answer.expect(answer)
            expectation.told = []
        }
    }

    /// Stops listening; the port is free soon after.
    func stop() {
        isStopped.withLock { isStopped in
            guard !isStopped else { return }
            isStopped = true
            pipe.wake()
        }
    }

    private func closeAll() {
        for socket in sockets { close(socket) }
        continuation.finish()
    }

    private static func failure(_ reason: String) -> OmlxError {
        OmlxError(.oauthCallbackFailed, "the callback listener could not be opened: \(reason)")
    }

    // MARK: binding

    /// Ports below those that systems give to outgoing connections (ip(7), `ip_local_port_range`): the one kept with a
    /// registration is then not taken by another's connection when it is wanted again.
    private static let lastingPorts = 20_000..<32_000

    private static func bind(
        _ settings: RedirectSettings, preferredPort: Int?
    ) throws(OmlxError) -> (sockets: [Int32], port: Int) {
        if let fixed = settings.port {
            guard (1...65535).contains(fixed) else { throw failure("\(fixed) is no port number from 1 to 65535") }
            if let sockets = try bind(settings.host, port: fixed) { return sockets }
            throw OmlxError(
                .oauthCallbackPortTaken,
                "port \(fixed), fixed for the callback by the configuration, is in use by another program",
                nextStep: "end the program that listens there (ss -ltnp 'sport = :\(fixed)'), or configure another port"
            )
        }
        if let preferredPort, (1...65535).contains(preferredPort),
            let sockets = try bind(settings.host, port: preferredPort)
        {
            return sockets
        }
        // More than once, because a port free on IPv4 may be taken on IPv6.
        for _ in 0..<8 {
            if let sockets = try bind(settings.host, port: .random(in: lastingPorts)) { return sockets }
        }
        for _ in 0..<8 {
            if let sockets = try bind(settings.host, port: 0) { return sockets }
        }
        throw failure("no port is free")
    }

    /// Binds one port; `localhost`, and names below it, on IPv4 and, where there is one, IPv6. `nil` when the port
    /// is taken.
    private static func bind(_ host: String, port: Int) throws(OmlxError) -> (sockets: [Int32], port: Int)? {
        let address = Address(host)
        guard let (first, bound) = try listen(at: address, port: port) else { return nil }
        guard case .name = address else { return ([first], bound) }
        do throws(OmlxError) {
            if let (second, _) = try listen(at: .six, port: bound) { return ([first, second], bound) }
        } catch {
            // No IPv6 here: then no browser will try it either.
            return ([first], bound)
        }
        close(first)
        return nil
    }

    /// Where a redirect's host leads: `::1`, an address in 127.0.0.0/8 (each is this machine), or a name.
    private enum Address {
        case six
        case four(in_addr)
        case name

        init(_ host: String) {
            var four = in_addr()
            if host.contains(":") {
                self = .six
            } else if inet_pton(AF_INET, host, &four) == 1 {
                self = .four(four)
            } else {
                self = .name
            }
        }
    }

    private static func listen(at address: Address, port: Int) throws(OmlxError) -> (socket: Int32, port: Int)? {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        var four = in_addr(s_addr: in_addr_t(0x7F00_0001).bigEndian)
        var isSix = false
        switch address {
        case .six: isSix = true
        case .four(let address): four = address
        case .name: break
        }
        let descriptor = socket(isSix ? AF_INET6 : AF_INET, kind, 0)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        let status = isSix ? bindSix(descriptor, port, &yes) : bindFour(descriptor, port, four)
        guard status == 0, Glibc.listen(descriptor, 64) == 0 else {
            let reason = errno
            close(descriptor)
            if reason == EADDRINUSE || reason == EACCES { return nil }
            throw failure(String(cString: strerror(reason)))
        }
        return (descriptor, boundPort(descriptor))
    }

    private static func bindFour(_ descriptor: Int32, _ port: Int, _ host: in_addr) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port)).bigEndian
        address.sin_addr = host
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func bindSix(_ descriptor: Int32, _ port: Int, _ yes: inout Int32) -> Int32 {
        setsockopt(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(UInt16(port)).bigEndian
        address.sin6_addr = in6addr_loopback
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    private static func boundPort(_ descriptor: Int32) -> Int {
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        // The port stands at the same place in sockaddr_in and sockaddr_in6.
        _ = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return Int(UInt16(bigEndian: address.sin6_port))
    }

    /// Not handed to child processes, never waited on.
    private static func keepToOurselves(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    // MARK: on the listener's thread

    private struct Client {
        var descriptor: Int32
        var request: [UInt8] = []
        var deadline: ContinuousClock.Instant
        /// How much was read after the answer; `nil` before it.
        var readAfterAnswer: Int?
    }

    private func run() {
        var clients: [Client] = []
        var restsUntil: ContinuousClock.Instant?
        while !isStopped.withLock({ $0 }) {
            if let end = restsUntil, end <= .now { restsUntil = nil }
            var polled = [pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)]
            if restsUntil == nil { polled += sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) } }
            polled += clients.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
            let timeout = restsUntil == nil ? (clients.isEmpty ? -1 : 500) : Self.restMilliseconds
            if poll(&polled, nfds_t(polled.count), timeout) < 0, errno != EINTR {
                // The system has no memory for it now: wait without descriptors.
                _ = poll(nil, 0, Self.restMilliseconds)
            }
            let ready = Set(polled.filter { $0.revents != 0 }.map(\.fd))
            let now = ContinuousClock.now
            clients = clients.compactMap { client in
                var client = client
                let isDone = ready.contains(client.descriptor) && serve(&client)
                guard isDone || client.deadline < now else { return client }
                close(client.descriptor)
                return nil
            }
            for socket in sockets where ready.contains(socket) {
                if !acceptClients(socket, &clients) { restsUntil = now + .milliseconds(Self.restMilliseconds) }
            }
        }
        for client in clients { close(client.descriptor) }
        closeAll()
    }

    /// Takes new clients. One too many displaces the one that has kept us waiting longest: idle connections keep no one
    /// out (H7). So does one that there is no descriptor for.
    /// - Returns: false when there is none to be had: the connection stays where it is, and is ready again at once.
    private func acceptClients(_ socket: Int32, _ clients: inout [Client]) -> Bool {
        for _ in 0..<Self.acceptLimit {
            var descriptor = accept(socket)
            if Self.isExhaustion(descriptor) {
                guard !clients.isEmpty else { return false }
                close(clients.removeFirst().descriptor)
                descriptor = accept(socket)
                if Self.isExhaustion(descriptor) { return false }
            }
            guard descriptor >= 0 else { return true }
            Self.keepToOurselves(descriptor)
            if clients.count >= Self.clientLimit { close(clients.removeFirst().descriptor) }
            clients.append(Client(descriptor: descriptor, deadline: .now + .seconds(Self.clientSeconds)))
        }
        return true
    }

    private static func isExhaustion(_ outcome: Int32) -> Bool { [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(-outcome) }

    /// Reads what is there; true when nothing more is to be done for the client.
    private func serve(_ client: inout Client) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(client.descriptor, &buffer, buffer.count, 0)
        if count < 0 { return errno != EAGAIN && errno != EINTR }
        if count == 0 { return true }
        if let read = client.readAfterAnswer {
            client.readAfterAnswer = read + count
            return read + count > Self.farewellLimit
        }
        client.request += buffer[..<count]
        if let end = Self.endOfHead(in: client.request, from: client.request.count - count) {
            answer(client.descriptor, with: page(for: String(decoding: client.request[..<end], as: UTF8.self)))
        } else {
            guard client.request.count > Self.requestLimit else { return false }
            answer(client.descriptor, with: .badRequest)
        }
        client.readAfterAnswer = 0
        client.deadline = .now + .seconds(Self.farewellSeconds)
        return false
    }

    /// Where the empty line begins that ends a request's head. Only what is new is looked at: a request may come byte by byte.
    private static func endOfHead(in bytes: [UInt8], from start: Int) -> Int? {
        let ends = [Array("\r\n\r\n".utf8), Array("\n\n".utf8)]
        for index in max(start, 0)..<bytes.count where bytes[index] == 0x0A {
            for end in ends where bytes[...index].suffix(end.count).elementsEqual(end) { return index + 1 - end.count }
        }
        return nil
    }

    /// Tells of a request what is to be told, and says what is shown.
    private func page(for head: String) -> CallbackPage {
        let reading = CallbackRequest(head).judge(path: path, hosts: hosts)
        guard let query = reading.query.map({ ownQuery.removed(from: $0) }) else {
            if let oddity = reading.oddity { tellOnce(.odd(oddity)) }
            return reading.page
        }
        let verdict = expectation.withLock { $0.answer.judge(query) }
        switch verdict {
        case .taken: continuation.yield(.answer(query))
        case .passedOver(let weight): tellOnce(.passedOver(weight))
        case .alreadyAnswered, .notAwaited: break
        }
        return verdict.page ?? reading.page
    }

    private func tellOnce(_ event: Event) {
        let isNew = expectation.withLock { expectation in
            // Of refusals that prove nothing, which can be worded anew without end, a few.
            guard !expectation.told.contains(event), expectation.told.count < Self.toldLimit else { return false }
            expectation.told.append(event)
            return true
        }
        if isNew { continuation.yield(event) }
    }

    private func answer(_ descriptor: Int32, with page: CallbackPage) {
        let bytes = Array(page.response.utf8)
        // Small enough for any socket buffer; a browser that does not read loses only the page.
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        shutdown(descriptor, Int32(SHUT_WR))
    }
}
