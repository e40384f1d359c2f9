// The one thread on which libcurl runs: it starts, feeds, times out and removes transfers.

import OmlxCCurl
import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Glibc
import Synchronization

/// A thread with a `curl_multi` set. Started by the first request, ended when its client goes.
final class HTTPEventLoop: Sendable {
    /// The handle as other threads may hold it.
    ///
    /// `@unchecked Sendable` is sound: other threads only pass it to `curl_multi_wakeup`, which libcurl documents as
    /// callable from any thread, and only under the loop's lock while `isStopped` is false; everything else happens on
    /// the loop's own thread, which frees it after setting `isStopped` under that lock.
    private struct MultiHandle: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    private enum Command {
        case start(HTTPTransfer, PreparedRequest)
        case resume(HTTPTransfer)
        case cancel(HTTPTransfer)
    }

    private struct Shared {
        var commands: [Command] = []
        var isStopping = false
        var isStopped = false
    }

    private let multi: MultiHandle
    private let shared = Mutex(Shared())

    /// Starts the thread.
    /// - Throws: `HTTPFailure` with `TRANSPORT_HTTP_LIBRARY` when libcurl cannot be loaded.
    init() throws(HTTPFailure) {
        if let reason = ccurl_load() {
            throw HTTPFailure(
                .transportHTTPLibrary, String(cString: reason), nextStep: "apt-get install libcurl4")
        }
        guard let pointer = ccurl_multi_create() else {
            throw HTTPFailure(.transportHTTPLibrary, "libcurl could not start")
        }
        multi = MultiHandle(pointer: pointer)
        guard OwnThread.start(Self.threadName, { self.run() }) else {
            ccurl_multi_free(pointer)
            throw HTTPFailure(.transportHTTPLibrary, "no thread for HTTP could be started")
        }
    }

    /// The name debuggers and `/proc` show for the loop's thread.
    static let threadName = "omlx-http"

    func start(_ transfer: HTTPTransfer, _ request: PreparedRequest) { send(.start(transfer, request)) }
    func resume(_ transfer: HTTPTransfer) { send(.resume(transfer)) }
    func cancel(_ transfer: HTTPTransfer) { send(.cancel(transfer)) }

    /// Ends the thread; transfers under way fail as cancelled.
    func stop() {
        shared.withLock { shared in
            shared.isStopping = true
            if !shared.isStopped { ccurl_multi_wake(multi.pointer) }
        }
    }

    private func send(_ command: Command) {
        let isLate = shared.withLock { shared in
            guard !shared.isStopping else { return true }
            shared.commands.append(command)
            ccurl_multi_wake(multi.pointer)
            return false
        }
        if isLate, case .start(let transfer, _) = command { transfer.finish(.failure(.cancelled(transfer))) }
    }

    // MARK: on the loop's thread

    /// A transfer under way and what libcurl knows it by.
    private struct Running {
        let transfer: HTTPTransfer
        let request: PreparedRequest
        let handle: OpaquePointer
    }

    private func run() {
        var running: [ObjectIdentifier: Running] = [:]
        while true {
            let (commands, isStopping) = shared.withLock { shared in
                defer { shared.commands = [] }
                return (shared.commands, shared.isStopping)
            }
            for command in commands { carryOut(command, &running) }
            if isStopping { break }
            guard ccurl_multi_step(multi.pointer) else { break }
            collectFinished(&running)
            let timeout = endOverdue(&running)
            ccurl_multi_wait(multi.pointer, timeout)
        }
        for entry in running.values { end(entry, .failure(.cancelled(entry.transfer))) }
        let late = shared.withLock { shared in
            shared.isStopping = true
            shared.isStopped = true
            return shared.commands
        }
        ccurl_multi_free(multi.pointer)
        for case .start(let transfer, _) in late { transfer.finish(.failure(.cancelled(transfer))) }
    }

    private func carryOut(_ command: Command, _ running: inout [ObjectIdentifier: Running]) {
        switch command {
        case .start(let transfer, let request):
            if transfer.isOver { return }
            guard let handle = request.start(in: multi.pointer, feeding: transfer) else {
                transfer.finish(
                    .failure(HTTPFailure(.transportNetwork, "libcurl took no request to \(transfer.url.origin)")))
                return
            }
            running[ObjectIdentifier(transfer)] = Running(transfer: transfer, request: request, handle: handle)
        case .resume(let transfer):
            if let entry = running[ObjectIdentifier(transfer)] { ccurl_resume(entry.handle) }
        case .cancel(let transfer):
            if let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) {
                end(entry, .failure(.cancelled(transfer)))
            } else {
                transfer.finish(.failure(.cancelled(transfer)))
            }
        }
    }

    private func end(_ entry: Running, _ result: Result<Void, HTTPFailure>) {
        ccurl_remove(multi.pointer, entry.handle)
        entry.transfer.finish(result)
    }

    private func collectFinished(_ running: inout [ObjectIdentifier: Running]) {
        var finished = ccurl_finished()
        while ccurl_multi_next_finished(multi.pointer, &finished) {
            guard let context = finished.context else { continue }
            let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
            guard let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) else { continue }
            end(entry, .judging(finished, entry.request, transfer))
        }
    }

    /// Ends what has taken too long; returns how many milliseconds to wait for the next deadline at most.
    private func endOverdue(_ running: inout [ObjectIdentifier: Running]) -> Int32 {
        let now = ContinuousClock.now
        var wait: Duration = .seconds(60)
        for (key, entry) in running {
            guard let deadline = entry.transfer.deadline() else { continue }
            if deadline.at <= now {
                running[key] = nil
                end(entry, .failure(deadline.failure))
            } else {
                wait = min(wait, deadline.at - now)
            }
        }
        return Int32(wait.components.seconds * 1000 + wait.components.attoseconds / 1_000_000_000_000_000 + 1)
    }
}

extension HTTPFailure {
    static func cancelled(_ transfer: HTTPTransfer) -> HTTPFailure {
        HTTPFailure(
            .transportCancelled, "the request to \(transfer.url.origin) was cancelled",
            mayHaveBeenSent: transfer.mayHaveBeenSent)
    }
}

extension Result where Success == Void, Failure == HTTPFailure {
    /// libcurl's verdict in the catalogue's terms.
    fileprivate static func judging(
        _ finished: ccurl_finished, _ request: PreparedRequest, _ transfer: HTTPTransfer
    ) -> Self {
        let origin = transfer.url.origin
        let detail = finished.detail.map { OmlxError.shown(String(cString: $0), limit: 160) } ?? ""
        let sent = transfer.mayHaveBeenSent
        func failure(_ code: ErrorCode, _ message: String, _ nextStep: Remedy? = nil) -> Self {
            .failure(HTTPFailure(code, message, mayHaveBeenSent: sent, nextStep: nextStep))
        }
        switch finished.outcome {
        case ccurl_ok: return .success(())
        case ccurl_unresolved_host:
            return failure(
                .transportDNS, "the host name \(transfer.url.host) has no address",
                "check the spelling of the URL and the network")
        case ccurl_unresolved_proxy:
            // libcurl's sentence may quote the proxy's URL with its password.
            return failure(
                .transportProxy, "the proxy for \(origin) has no address, or its URL cannot be used",
                "check https_proxy, http_proxy and no_proxy")
        case ccurl_proxy_failed:
            return failure(
                .transportProxy, "the proxy for \(origin) could not be used: \(detail)",
                "check https_proxy, http_proxy and no_proxy")
        case ccurl_connect_failed
        where !request.proxy.isEmpty && !detail.contains("to \(transfer.url.host) port \(transfer.url.port) "):
            return failure(
                .transportProxy, "the proxy for \(origin) cannot be reached",
                "check https_proxy, http_proxy and no_proxy")
        case ccurl_connect_failed where [ENETUNREACH, EHOSTUNREACH, ETIMEDOUT, EACCES].contains(finished.os_error):
            return failure(
                .transportNetwork, "\(origin) cannot be reached: \(String(cString: strerror(finished.os_error)))")
        case ccurl_connect_failed:
            return failure(
                .transportConnectionRefused, "nothing listens at \(origin)",
                "start the server, or correct the port in the URL")
        case ccurl_connect_timed_out:
            return failure(.transportConnectTimeout, "no connection to \(origin) within \(transfer.limits.connect) s")
        case ccurl_tls_untrusted:
            return failure(
                .transportTLS, "the certificate of \(origin) is not trusted: \(detail)",
                "name the authority's certificate in the server's tls.ca, or in SSL_CERT_FILE")
        case ccurl_tls_failed:
            return failure(
                .transportTLS, "no TLS connection to \(origin): \(detail)",
                "check whether the server speaks https at this port")
        case ccurl_tls_bad_file:
            return failure(
                .configTLSInvalid, "a certificate or key file for \(origin) cannot be used: \(detail)",
                "check tls.ca, tls.cert and tls.key of the server, SSL_CERT_FILE and CURL_CA_BUNDLE")
        case ccurl_closed:
            return failure(.transportClosed, "\(origin) closed the connection without a whole answer")
        case ccurl_not_http:
            return failure(
                .transportNotHTTP, "what listens at \(origin) does not speak HTTP", "check the port in the URL")
        case ccurl_bad_url: return failure(.transportURLRefused, "\(origin) cannot be requested")
        default: return failure(.transportNetwork, "the exchange with \(origin) failed: \(detail)")
        }
    }
}
