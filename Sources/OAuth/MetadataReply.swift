// What the answer to a metadata request means, before its fields are looked at.

import Cryptography
import ErrorCatalogue
import HTTPClient
import JSON

/// The answer to a GET of a metadata document.
enum MetadataReply {
    /// A JSON object with at least one of the members that make it a document of its kind.
    case document(JSONObject)
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
        options.rejectsDuplicateKeys = true
        options.maximumDepth = 32
        let place = reply.head.url.withoutQuery
        do {
            let value = try JSON(parsing: reply.body, options: options)
            guard let object = value.objectValue else {
                self = .notHere("a JSON \(value.typeName), not an object")
                return
            }
            self = marks.contains { object[$0] != nil } ? .document(object) : .notHere(Self.other(object, what))
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

/// Typed look at the members of a document, with one code for everything that is wrong.
struct DocumentFields {
    /// The most bytes one string may have: twice what the longest tokens seen take.
    static let stringLimit = 65_536

    let object: JSONObject
    let code: ErrorCode
    let what: String
    /// Members that were taken out of the text before it was parsed, so that they never stood in a `String`.
    var secrets: [String: Secret] = [:]

    private func failure(_ name: String, _ problem: String) -> OmlxError {
        OmlxError(code, "\(name) in the \(what) \(problem)")
    }

    func string(_ name: String) throws(OmlxError) -> String? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let string = value.stringValue else { throw failure(name, "is a \(value.typeName), not a string") }
        guard !string.isEmpty else { throw failure(name, "is empty") }
        guard string.utf8.count <= Self.stringLimit else {
            throw failure(name, "is longer than \(Self.stringLimit) bytes")
        }
        return string
    }

    func secret(_ name: String) throws(OmlxError) -> Secret? {
        guard let secret = secrets[name] else { return try string(name).map { Secret($0) } }
        guard !secret.isEmpty else { throw failure(name, "is empty") }
        guard secret.count <= Self.stringLimit else { throw failure(name, "is longer than \(Self.stringLimit) bytes") }
        return secret
    }

    func requiredSecret(_ name: String) throws(OmlxError) -> Secret {
        guard let secret = try secret(name) else { throw failure(name, "is missing") }
        return secret
    }

    func requiredString(_ name: String) throws(OmlxError) -> String {
        guard let string = try string(name) else { throw failure(name, "is missing") }
        return string
    }

    func url(_ name: String) throws(OmlxError) -> HTTPURL? {
        guard let text = try string(name) else { return nil }
        return try OAuthURL.endpoint(text, named: name, invalid: code)
    }

    func requiredURL(_ name: String) throws(OmlxError) -> HTTPURL {
        guard let url = try url(name) else { throw failure(name, "is missing") }
        return url
    }

    func strings(_ name: String) throws(OmlxError) -> [String]? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let elements = value.arrayValue else { throw failure(name, "is a \(value.typeName), not an array") }
        guard elements.count <= 1000 else { throw failure(name, "has more than 1000 elements") }
        guard let strings = value.stringArrayValue else { throw failure(name, "has an element that is no string") }
        guard strings.allSatisfy({ $0.utf8.count <= Self.stringLimit }) else {
            throw failure(name, "has an element longer than \(Self.stringLimit) bytes")
        }
        return strings
    }

    func integer(_ name: String) throws(OmlxError) -> Int? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let integer = value.intValue else { throw failure(name, "is no whole number") }
        return integer
    }

    func bool(_ name: String) throws(OmlxError) -> Bool? {
        guard let value = object[name], !value.isNull else { return nil }
        guard let bool = value.boolValue else { throw failure(name, "is a \(value.typeName), not true or false") }
        return bool
    }
}
