// Async HTTP over libcurl: one event loop, one set of connections, redirects judged by us.

import OmlxCryptography
import OmlxErrors
import Synchronization

/// An HTTP client. All requests of a client share its event loop thread and its connections.
package final class HTTPClient: Sendable {
    let environment: HTTPEnvironment
    let classifier: AddressClassifier
    private let tls: TLSSettings
    private let userAgent: String
    private let unixSocket: String?
    private let shared: LoopBox

    /// The event loop, made by the first request and shared by clients that differ only in their TLS settings.
    private final class LoopBox: Sendable {
        let loop = Mutex<HTTPEventLoop?>(nil)

        func get() throws(HTTPFailure) -> HTTPEventLoop {
            let result: Result<HTTPEventLoop, HTTPFailure> = loop.withLock { loop in
                if let loop { return .success(loop) }
                do throws(HTTPFailure) {
                    let fresh = try HTTPEventLoop()
                    loop = fresh
                    return .success(fresh)
                } catch {
                    return .failure(error)
                }
            }
            return try result.get()
        }

        deinit { loop.withLock { $0?.stop() } }
    }

    /// A client. Nothing is loaded or started before the first request.
    /// - Parameters:
    ///   - environment: proxies and certificates as the environment names them.
    ///   - tls: certificates of this client.
    ///   - userAgent: what it calls itself.
    ///   - classifier: tells of what kind an address is, for requests whose `addresses` are judged.
    ///   - unixSocket: the path of a Unix socket, at which all hosts are.
    package init(
        environment: HTTPEnvironment = .init(), tls: TLSSettings = .init(), userAgent: String = "omlx",
        classifier: AddressClassifier = .standard, unixSocket: String? = nil
    ) {
        self.unixSocket = unixSocket
        self.classifier = classifier
        self.environment = environment
        self.tls = tls
        self.userAgent = userAgent
        shared = LoopBox()
    }

    /// A client on another's event loop and connections.
    init(sharing client: HTTPClient, tls: TLSSettings? = nil, classifier: AddressClassifier? = nil) {
        environment = client.environment
        self.classifier = classifier ?? client.classifier
        userAgent = client.userAgent
        unixSocket = client.unixSocket
        shared = client.shared
        self.tls = tls ?? client.tls
    }

    /// A client on the same event loop with other certificates.
    package func with(tls: TLSSettings) -> HTTPClient {
        tls == self.tls ? self : HTTPClient(sharing: self, tls: tls)
    }

    /// Sends a request and waits for status and headers; the body streams.
    /// Cancelling the task aborts the transfer.
    /// - Throws: `HTTPFailure`.
    package func send(_ request: HTTPRequest) async throws -> HTTPResponse {
        var current = request
        let end = request.limits.end
        for hop in 0... {
            let response = try await exchange(current, until: end)
            guard [301, 302, 303, 307, 308].contains(response.head.status) else { return response }
            guard let next = try current.redirected(by: response.head, hop: hop) else { return response }
            await response.discard()
            current = next
        }
        throw HTTPFailure(.transportRedirectLimit, "\(request.url.origin) redirects without end")
    }

    /// Sends a request and reads the whole body.
    /// - Throws: `HTTPFailure`.
    package func fetch(_ request: HTTPRequest) async throws -> HTTPReply {
        let response = try await send(request)
        return HTTPReply(head: response.head, body: try await response.collect())
    }

    private func exchange(_ request: HTTPRequest, until end: ContinuousClock.Instant?) async throws -> HTTPResponse {
        let prepared = try PreparedRequest(
            request, environment: environment, tls: tls, userAgent: userAgent, unixSocket: unixSocket)
        let isProxied = !prepared.proxy.isEmpty
        let gate =
            request.addresses.judges(request.url) ? AddressGate(url: request.url, classifier: classifier) : nil
        if let refusal = gate?.refusalBySpelling(isProxied: isProxied) { throw refusal }
        let loop = try shared.get()
        let transfer = HTTPTransfer(
            url: request.url, limits: request.limits, isRepeatable: request.isRepeatable, isProxied: isProxied,
            gate: gate, end: end)
        loop.start(transfer, prepared)
        // Without a head the transfer is over; from there on the body sees to its end.
        let head = try await withTaskCancellationHandler {
            try await transfer.head()
        } onCancel: {
            loop.cancel(transfer)
        }
        let codings = ContentCoding.named(by: head.headers)
        let decoding = codings.isEmpty ? nil : BodyDecoding(codings, limits: request.limits, url: request.url)
        return HTTPResponse(
            head: head, body: HTTPBody(transfer: transfer, loop: loop, owner: self, decoding: decoding))
    }
}

/// An answer whose body streams.
package struct HTTPResponse: Sendable {
    /// Status and headers.
    package let head: HTTPResponseHead
    /// The body. Dropping it unread aborts the transfer.
    package let body: HTTPBody

    /// Reads the whole body.
    /// - Throws: `HTTPFailure`.
    package func collect() async throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let chunk = try await body.next() {
            if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
        }
        return bytes
    }

    /// Reads the rest of a short body so that the connection can be used again; gives up on a long one.
    func discard() async {
        var count = 0
        while count < 64 << 10, let chunk = try? await body.next() { count += chunk.count }
    }
}

/// The body of an answer as it arrives. One reader; dropping the last reference aborts the transfer.
package final class HTTPBody: Sendable {
    private let transfer: HTTPTransfer
    private let loop: HTTPEventLoop
    /// Keeps the event loop alive while the body is read.
    private let owner: HTTPClient
    /// Takes off the content codings, where the answer names any.
    private let decoding: BodyDecoding?

    init(transfer: HTTPTransfer, loop: HTTPEventLoop, owner: HTTPClient, decoding: BodyDecoding?) {
        self.transfer = transfer
        self.loop = loop
        self.owner = owner
        self.decoding = decoding
    }

    deinit {
        if !transfer.isOver { loop.cancel(transfer) }
    }

    /// The next piece, decoded, or `nil` at the end. Cancelling the task aborts the transfer.
    /// - Throws: `HTTPFailure`.
    package func next() async throws -> [UInt8]? {
        guard let decoding else { return try await nextChunk() }
        do {
            while true {
                if let piece = try decoding.next() { return piece }
                let chunk = try await nextChunk()
                decoding.receive(chunk)
                if chunk == nil { return try decoding.next() }
            }
        } catch {
            cancel()
            throw error
        }
    }

    /// The next piece as it came.
    private func nextChunk() async throws -> [UInt8]? {
        let (chunk, effect) = try await withTaskCancellationHandler {
            try await transfer.nextChunk()
        } onCancel: {
            loop.cancel(transfer)
        }
        if case .resume = effect { loop.resume(transfer) }
        return chunk
    }

    /// Aborts the transfer.
    package func cancel() { loop.cancel(transfer) }
}
