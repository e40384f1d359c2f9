// What the answer to a metadata request means, before its fields are looked at.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// The answer to a GET of a metadata document.
enum MetadataReply {
    /// A JSON object with at least one of the members that make it a document of its kind, and its members that stand there
    /// twice with different values.
    case document(JSONObject, conflicts: Set<String>)
    /// Nothing of the kind is published here: a 4xx, or a 200 with a page, an error, or anything else.
    case notHere(String)
    /// Something of the kind is published here, and cannot be read.
    case unusable(OmlxError)
    /// The server could not say (5xx, 429).
    case unavailable(status: Int)

    /// The request for a document at a place.
    static func request(at url: HTTPURL) -> HTTPRequest {
        var request = HTTPRequest(
            "GET", url, headers: [.init("Accept", "application/json"), .init("MCP-Protocol-Version", "2025-11-25")],
            limits: .oauth, redirects: .judged)
        request.asksForEncodings = true
        return request
    }

    /// Judges status and body. The media type decides nothing: documents are served as `text/plain`, and pages as JSON.
    /// - Parameters:
    ///   - marks: the members of which a document of this kind has one at least.
    ///   - code: the code for a document that cannot be read.
    init(_ reply: HTTPReply, marks: [String], invalid code: ErrorCode, what: String) {
        let status = reply.head.status
        guard status == 200 else {
            self = status >= 500 || status == 429 ? .unavailable(status: status) : .notHere("HTTP \(status)")
            return
        }
        var options = JSONParseOptions()
        options.maximumDepth = 32
        let place = reply.head.url.withoutQuery
        do {
            let (value, conflicts) = try JSON.parseNotingConflicts(reply.body, options: options)
            guard let object = value.objectValue else {
                self = .notHere("a JSON \(value.typeName), not an object")
                return
            }
            self =
                marks.contains { object[$0] != nil }
                ? .document(object, conflicts: conflicts) : .notHere(Self.other(object, what))
        } catch {
            switch reply.body.first(where: { !$0.isSpace }) {
            case nil: self = .notHere("an empty body")
            case UInt8(ascii: "{")?:
                self = .unusable(
                    OmlxError(
                        code, "the \(what) at \(place) is not JSON: \(OmlxError.shown(error.description))",
                        httpStatus: status))
            case UInt8(ascii: "<")?: self = .notHere("a page that is not JSON")
            default: self = .notHere("a body that is not JSON")
            }
        }
    }

    /// An object that is something else, with the word it has for what went wrong.
    private static func other(_ object: JSONObject, _ what: String) -> String {
        let word = ["error", "message", "detail"].lazy.compactMap { object[$0]?.stringValue }.first
        return "a JSON object that is no \(what)" + (word.map { " (\(OmlxError.shown($0, limit: 80)))" } ?? "")
    }
}

extension UInt8 {
    /// White space of JSON, and the bytes of a byte order mark.
    fileprivate var isSpace: Bool { [0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains(self) }
}
