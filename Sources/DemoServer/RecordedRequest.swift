// A request as it arrived, and what was answered to it.

import FoundationEssentials
import OmlxJSON

/// A request the server received.
public struct RecordedRequest: Sendable, Equatable {
    /// Its number, from 1, over the server's life; clearing the list does not restart it.
    public internal(set) var ordinal = 0
    /// The HTTP method.
    public let method: String
    /// Path and query as they stood in the request line.
    public let target: String
    /// The header lines, names in lower case.
    public let headers: [HeaderField]
    /// The body.
    public let body: [UInt8]
    /// The status answered; `nil` while there is no answer, and when the connection was closed without one.
    public internal(set) var status: Int?

    init(method: String, target: String, headers: [HeaderField], body: [UInt8]) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
    }

    /// The path without the query.
    public var path: String { target.firstIndex(of: "?").map { String(target[..<$0]) } ?? target }

    /// The query without its question mark; empty when there is none.
    public var query: String { target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } ?? "" }

    /// The first header of that name, in whatever case.
    public func header(_ name: String) -> String? { headers(named: name).first }

    /// The values of all headers of that name, in whatever case.
    public func headers(named name: String) -> [String] {
        let name = name.lowercased()
        return headers.filter { $0.name == name }.map(\.value)
    }

    /// The body as text, bytes that are not UTF-8 repaired.
    public var bodyText: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON, when it is JSON.
    public var json: JSON? { try? JSON(parsing: body) }

    /// The JSON-RPC method in the body, when there is one.
    public var rpcMethod: String? { json?["method"]?.stringValue }

    /// The form in the body, by name; of repeated names the first.
    public var form: [String: String] { FormFields(bodyText)?.dictionary ?? [:] }

    /// The query's parameters, by name; of repeated names the first.
    public var queryItems: [String: String] { FormFields(query)?.dictionary ?? [:] }

    var asJSON: JSON {
        let text = String(validating: body, as: UTF8.self)
        return [
            "ordinal": JSON(ordinal), "method": JSON(method), "path": JSON(path), "target": JSON(target),
            "headers": JSON(headers.map(\.description)),
            text == nil ? "bodyBase64" : "body": JSON(text ?? Data(body).base64EncodedString()),
            "status": status.map { JSON($0) } ?? .null,
        ]
    }
}
