// What the answer to a metadata request means, before its fields are looked at.

import Cryptography
import ErrorCatalogue
import HTTPClient
import JSON

/// The answer to a GET of a metadata document.
enum MetadataReply {
    /// A JSON object.
    case document(JSONObject)
    /// Nothing of the kind is published here (4xx, or a page for people).
    case notHere(String)
    /// The server could not say (5xx, 429).
    case unavailable(status: Int)

    /// Judges status and body.
    /// - Throws: `OmlxError` with `code` for JSON that is no object or has a member twice.
    init(_ reply: HTTPReply, invalid code: ErrorCode, what: String) throws(OmlxError) {
        let status = reply.head.status
        guard status == 200 else {
            self = status >= 500 || status == 429 ? .unavailable(status: status) : .notHere("HTTP \(status)")
            return
        }
        var options = JSONParseOptions()
        options.rejectsDuplicateKeys = true
        options.maximumDepth = 32
        let looksLikeJSON = reply.body.first { !$0.isSpace } == UInt8(ascii: "{")
        do {
            let value = try JSON(parsing: reply.body, options: options)
            guard let object = value.objectValue else {
                throw OmlxError(
                    code, "the \(what) at \(reply.head.url.withoutQuery) is a JSON \(value.typeName), not an object",
                    httpStatus: status)
            }
            self = .document(object)
        } catch let error as JSONParseError {
            guard looksLikeJSON || reply.head.mediaType == "application/json" else {
                self = .notHere("a page that is not JSON")
                return
            }
            throw OmlxError(
                code,
                "the \(what) at \(reply.head.url.withoutQuery) is not JSON: \(OmlxError.shown(error.description))",
                httpStatus: status)
        } catch let error as OmlxError {
            throw error
        } catch {
            self = .notHere("unreadable")
        }
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == 0x20 || self == 0x09 || self == 0x0A || self == 0x0D }
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
