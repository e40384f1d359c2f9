// A request in the form libcurl wants, owning what must stay in memory while it is sent.

import OmlxCCurl
import OmlxCryptography
import OmlxErrors
import Glibc

/// A request ready for the event loop: header lines written, proxy and certificates chosen.
struct PreparedRequest: Sendable {
    let method: String
    let url: String
    let headerLines: [Secret]
    let body: Secret?
    let proxy: String
    let certificateFile: String?
    let certificateFolder: String?
    let tls: TLSSettings
    let userAgent: String
    let unixSocket: String?
    let connectMilliseconds: Int
    private let asksForEncodings: Bool

    /// - Throws: `HTTPFailure` with `CONFIG_HEADER_INVALID` when a header could smuggle another line.
    init(
        _ request: HTTPRequest, environment: HTTPEnvironment, tls: TLSSettings, userAgent: String,
        unixSocket: String? = nil
    ) throws(HTTPFailure) {
        guard HTTPRequest.isToken(request.method) else {
            throw HTTPFailure(.transportURLRefused, "a request to \(request.url.origin) has a method that is none")
        }
        method = request.method
        url = request.url.withoutFragment
        var lines: [Secret] = []
        for header in request.headers { lines.append(try Self.line(header)) }
        headerLines = lines
        asksForEncodings =
            request.asksForEncodings && !request.headers.contains { $0.name.lowercased() == "accept-encoding" }
        switch request.body {
        case .none: body = nil
        case .bytes(let bytes): body = Secret(bytes)
        case .secret(let secret): body = secret
        }
        proxy = environment.proxy(for: request.url) ?? ""
        certificateFile = tls.certificateAuthorities ?? environment.certificateFile
        certificateFolder = tls.certificateAuthorities == nil ? environment.certificateFolder : ""
        self.tls = tls
        self.userAgent = userAgent
        self.unixSocket = unixSocket
        connectMilliseconds = max(1, Int(HTTPLimits.bounded(request.limits.connect) * 1000))
    }

    /// A header line. libcurl takes `Name;` for an empty value.
    private static func line(_ header: HTTPRequestHeader) throws(HTTPFailure) -> Secret {
        var line: [UInt8]
        guard HTTPRequest.isToken(header.name) else {
            let shown = OmlxError.shown(header.name, limit: 64)
            throw HTTPFailure(.configHeaderInvalid, "\(shown) is no name a header can have")
        }
        guard !["content-length", "transfer-encoding"].contains(header.name.lowercased()) else {
            throw HTTPFailure(.configHeaderInvalid, "the header \(header.name) is written by the HTTP client alone")
        }
        line = Array("\(header.name): ".utf8)
        let start = line.count
        switch header.value {
        case .plain(let value): line.append(contentsOf: value.utf8)
        case .secret(let secret): secret.withBytes { line.append(contentsOf: $0) }
        }
        defer { Secret.wipe(&line) }
        guard !line.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else {
            throw HTTPFailure(.configHeaderInvalid, "the header \(header.name) holds a control character")
        }
        if line[start...].allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { return Secret("\(header.name);") }
        return Secret(line)
    }

    /// Hands the request to libcurl, whose callbacks feed the transfer. The caller keeps both until it is removed.
    func start(in multi: OpaquePointer, feeding transfer: HTTPTransfer) -> OpaquePointer? {
        var strings: [UnsafeMutablePointer<CChar>] = []
        defer {
            for string in strings {
                explicit_bzero(string, strlen(string))
                free(string)
            }
        }
        func copy(_ text: String?) -> UnsafePointer<CChar>? {
            guard let text, let string = strdup(text) else { return nil }
            strings.append(string)
            return UnsafePointer(string)
        }
        func copy(_ secret: Secret) -> UnsafePointer<CChar>? {
            secret.withBytes { bytes in
                guard let string = calloc(bytes.count + 1, 1) else { return nil }
                if let source = bytes.baseAddress { memcpy(string, source, bytes.count) }
                let text = string.bindMemory(to: CChar.self, capacity: bytes.count + 1)
                strings.append(text)
                return UnsafePointer(text)
            }
        }
        var request = ccurl_request()
        request.url = copy(url)
        request.method = copy(method)
        request.proxy = copy(proxy)
        // Which hosts are asked directly has been decided: the network policy has to know it.
        request.no_proxy = copy(proxy.isEmpty ? "*" : "")
        request.ca_file = copy(certificateFile)
        request.ca_path = copy(certificateFolder)
        request.client_certificate = copy(tls.clientCertificate)
        request.client_key = copy(tls.clientKey)
        request.user_agent = copy(userAgent)
        request.unix_socket = copy(unixSocket)
        request.connect_timeout_ms = connectMilliseconds
        setCallbacks(&request, transfer)
        var lines = headerLines.map { copy($0) }
        // Only here is libcurl loaded, and with it what it decodes by.
        if asksForEncodings, !ContentCoding.asked.isEmpty {
            lines.append(copy("Accept-Encoding: \(ContentCoding.asked)"))
        }
        return lines.withUnsafeBufferPointer { lines in
            request.headers = lines.baseAddress
            request.header_count = lines.count
            guard let body else { return ccurl_start(multi, &request) }
            return body.withBytes { bytes in
                // libcurl reads the body while it sends; the event loop keeps this value, and so the bytes, till then.
                request.body = bytes.baseAddress
                request.body_length = bytes.count
                return ccurl_start(multi, &request)
            }
        }
    }

    private func setCallbacks(_ request: inout ccurl_request, _ transfer: HTTPTransfer) {
        request.context = Unmanaged.passUnretained(transfer).toOpaque()
        request.on_open = { context, address in
            guard let context, let address else { return false }
            return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                .mayOpen(String(cString: address))
        }
        request.on_ready = { context, address in
            guard let context, let address else { return false }
            return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                .connectionIsReady(to: String(cString: address))
        }
        request.on_header = { context, line, length in
            guard let context, let line else { return false }
            return line.withMemoryRebound(to: UInt8.self, capacity: length) { bytes in
                Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                    .received(headerLine: UnsafeBufferPointer(start: bytes, count: length))
            }
        }
        request.on_body = { context, bytes, length in
            guard let context else { return -1 }
            return Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
                .received(body: UnsafeBufferPointer(start: bytes, count: length))
        }
    }
}
