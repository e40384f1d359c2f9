// What is sent: method, URL, headers, body, limits. Plain values; building one does no I/O.

import OmlxCryptography
import OmlxErrors

/// The value of a request header: shown text, or a secret that only the header writer opens.
public enum HTTPHeaderValue: Sendable {
    /// Text that may be shown.
    case plain(String)
    /// A secret, such as `Bearer …`.
    case secret(Secret)
}

/// One header of a request.
public struct HTTPRequestHeader: Sendable {
    /// The name as it is sent.
    public var name: String
    /// The value.
    public var value: HTTPHeaderValue

    /// A header with text that may be shown.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = .plain(value)
    }

    /// A header whose value is secret.
    public init(_ name: String, secret value: Secret) {
        self.name = name
        self.value = .secret(value)
    }
}

/// The body of a request.
package enum HTTPRequestBody: Sendable {
    /// No body.
    case none
    /// Bytes that may be shown.
    case bytes([UInt8])
    /// Bytes that are wiped after sending, such as a token request.
    case secret(Secret)
}

/// How long each stage of an exchange may take, in seconds, and how much may come back, in bytes.
package struct HTTPLimits: Sendable, Hashable {
    /// Name look-up, TCP and TLS together.
    package var connect: Double
    /// From the connection to the first byte of the answer.
    package var firstByte: Double
    /// Between two pieces of the body; `nil` for streams that may be silent.
    package var idle: Double?
    /// The most bytes a body may have.
    package var bodyBytes: Int
    /// The whole exchange, redirects and body included; `nil` for streams. A server that sends a byte now and then never
    /// goes over the other limits.
    package var total: Double?

    /// Limits.
    package init(
        connect: Double = 10, firstByte: Double = 30, idle: Double? = 30, bodyBytes: Int = 64 << 20,
        total: Double? = nil
    ) {
        self.connect = connect
        self.firstByte = firstByte
        self.idle = idle
        self.bodyBytes = bodyBytes
        self.total = total
    }

    /// A limit in seconds as it can be counted: from nothing to a day, whatever the configuration says.
    static func bounded(_ seconds: Double) -> Double {
        seconds.isNaN ? 0 : min(max(seconds, 0), 86_400)
    }

    /// For metadata, registration and token exchanges: at most 1 MiB, and 30 s for everything.
    package static let oauth = HTTPLimits(connect: 10, firstByte: 20, idle: 10, bodyBytes: 1 << 20, total: 30)

    /// The moment an exchange that begins now must be over.
    var end: ContinuousClock.Instant? { total.map { .now + .seconds(Self.bounded($0)) } }
}

/// Which certificates are trusted and shown. Paths of PEM files; `nil` means the system's choice.
public struct TLSSettings: Sendable, Hashable {
    /// A file of trusted certificates, in place of the system's.
    public var certificateAuthorities: String?
    /// The client's own certificate.
    public var clientCertificate: String?
    /// The client's private key.
    public var clientKey: String?

    /// TLS settings.
    public init(certificateAuthorities: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil) {
        self.certificateAuthorities = certificateAuthorities
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
    }
}

/// Which answers of class 3xx are followed. libcurl itself follows none.
package enum RedirectPolicy: Sendable, Hashable {
    /// None: token and registration requests.
    case never
    /// None, and the 3xx answer is what the sender wants to see.
    case returned
    /// 307 and 308 to the same origin with the body kept (for GET also 301, 302 and 303), three at most: MCP requests.
    case sameOrigin
    /// Any 3xx of a GET, three at most, each hop https or loopback: metadata requests, which carry no secret.
    case judged
}

/// A request to send.
package struct HTTPRequest: Sendable {
    /// The method, such as `POST`.
    package var method: String
    /// Where to.
    package var url: HTTPURL
    /// The headers, in order.
    package var headers: [HTTPRequestHeader]
    /// The body.
    package var body: HTTPRequestBody
    /// The limits.
    package var limits: HTTPLimits
    /// Which redirects are followed.
    package var redirects: RedirectPolicy
    /// Which addresses it, and what it is redirected to, may be sent to.
    package var addresses = AddressPolicy.any
    /// Whether it may be written again by itself when a kept connection breaks before the answer: what it asks for may
    /// then happen twice (RFC 9110 §9.2.2). By the method at first: GET and HEAD only.
    package var isRepeatable: Bool
    /// Whether a compressed answer is asked for, unless the headers say what is. One that comes unasked is decoded as well.
    package var asksForEncodings = false

    /// A request.
    package init(
        _ method: String, _ url: HTTPURL, headers: [HTTPRequestHeader] = [], body: HTTPRequestBody = .none,
        limits: HTTPLimits = .init(), redirects: RedirectPolicy = .never
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.limits = limits
        self.redirects = redirects
        isRepeatable = method == "GET" || method == "HEAD"
    }
}

extension HTTPRequest {
    /// Whether a text can be a method or the name of a header (RFC 9110 §5.6.2).
    static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}

/// Headers of an answer: several lines of one name stay apart.
package struct HTTPHeaders: Sendable, Hashable {
    /// Name and value as they came.
    package struct Field: Sendable, Hashable {
        /// The name as it came.
        package var name: String
        /// The value without surrounding space.
        package var value: String
    }

    /// The header lines in their order.
    package private(set) var fields: [Field] = []

    /// No headers.
    package init() {}

    /// Headers of these names and values.
    package init(_ fields: [(String, String)]) {
        for (name, value) in fields { append(name, value) }
    }

    /// Adds a line.
    package mutating func append(_ name: String, _ value: String) { fields.append(Field(name: name, value: value)) }

    /// Adds to the last line: an answer may fold a long value (RFC 9112 §5.2).
    mutating func extendLast(_ more: String) {
        guard let last = fields.indices.last else { return }
        fields[last].value += fields[last].value.isEmpty ? more : " " + more
    }

    /// The first value of a name, compared without regard to case.
    package subscript(name: String) -> String? { values(of: name).first }

    /// All values of a name, one for each line.
    package func values(of name: String) -> [String] {
        let wanted = name.lowercased()
        return fields.compactMap { $0.name.lowercased() == wanted ? $0.value : nil }
    }
}

/// The first part of an answer.
package struct HTTPResponseHead: Sendable, Hashable {
    /// The status code.
    package var status: Int
    /// The headers.
    package var headers: HTTPHeaders
    /// Where the answer came from: the request's URL, or the last one after redirects.
    package var url: HTTPURL
    /// Who answered, if that is known.
    package var peer: HTTPPeer?

    /// The head of an answer.
    package init(status: Int, headers: HTTPHeaders, url: HTTPURL, peer: HTTPPeer? = nil) {
        self.peer = peer
        self.status = status
        self.headers = headers
        self.url = url
    }

    /// The media type without parameters, in lower case, or an empty string.
    package var mediaType: String {
        let value = headers["content-type"] ?? ""
        let type = value.split(separator: ";", omittingEmptySubsequences: false).first ?? ""
        return String(type.trimmedSpace).lowercased()
    }

    /// The pause asked for by `Retry-After` in seconds (RFC 9110 §10.2.3); dates are not read.
    package var retryAfter: Int? {
        guard let value = headers["retry-after"], let seconds = Int(value), seconds >= 0 else { return nil }
        return min(seconds, 86_400)
    }

    /// What to do about an answer that is only for now.
    package var againStep: Remedy {
        guard let value = headers["retry-after"], !value.isEmpty else { return "try again later" }
        let shown = OmlxError.shown(value, limit: 60)
        return Int(value).map { "try again in \($0) s" } ?? "try again after \(shown)"
    }
}

/// An answer whose body has been read.
package struct HTTPReply: Sendable {
    /// Status and headers.
    package var head: HTTPResponseHead
    /// The whole body.
    package var body: [UInt8]

    /// An answer.
    package init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }

    /// Overwrites the body with zeros and empties it: for an answer with secrets, once they are taken out. Another
    /// owner of the same array keeps it.
    package mutating func wipe() { Secret.wipe(&body) }
}

extension Result where Success == HTTPReply {
    /// Overwrites the body of the answer, if it is one.
    package mutating func wipe() {
        guard case .success(var reply) = self else { return }
        // The last reference but that one.
        self = .success(HTTPReply(head: reply.head, body: []))
        reply.wipe()
    }
}

extension StringProtocol {
    /// The text without spaces and tabs at both ends (OWS of RFC 9110 §5.6.3).
    var trimmedSpace: SubSequence {
        guard let first = firstIndex(where: { $0 != " " && $0 != "\t" }),
            let last = lastIndex(where: { $0 != " " && $0 != "\t" })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
