// What mcpo 0.0.20 makes of a tool's answer, as bytes that are sent.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

enum OpenAPIAnswer {
    /// The answer to a call that a tool answered.
    static func response(_ result: ToolResult) -> Response {
        guard !result.isError else {
            let text: String? =
                if case .text(let text)? = result.content.first?.kind { text } else { nil }
            return failure(.internalServerError, text ?? "Unknown tool execution error")
        }
        var pieces: [[UInt8]] = []
        for block in result.content { if let piece = piece(block) { pieces.append(piece) } }
        guard pieces.count != 1 else { return response(.ok, pieces[0]) }
        var body: [UInt8] = [UInt8(ascii: "[")]
        for (number, piece) in pieces.enumerated() {
            if number > 0 { body.append(UInt8(ascii: ",")) }
            body += piece
        }
        body.append(UInt8(ascii: "]"))
        return response(.ok, body)
    }

    /// One block as JSON text; `nil` for one that mcpo passes over.
    private static func piece(_ block: ContentBlock) -> [UInt8]? {
        switch block.json["type"]?.stringValue {
        case "text", nil: block.text.map(text)
        case "image":
            JSON.string(
                "data:\(block.json["mimeType"]?.stringValue ?? "");base64,\(block.json["data"]?.stringValue ?? "")"
            ).serialized()
        case "resource": JSON.string("Embedded resource not supported yet.").serialized()
        default: nil
        }
    }

    /// A text that is JSON goes out as it came, any other as a string.
    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        if let first = bytes.first(where: { !" \t\r\n".utf8.contains($0) }), "{[\"-0123456789tfn".utf8.contains(first),
            (try? JSON(parsing: bytes)) != nil
        {
            return bytes
        }
        return JSON.string(text).serialized()
    }

    /// The answer to a call that did not get through.
    static func response(to error: OmlxError) -> Response {
        if let reply = error.reply {
            var detail: JSONObject = ["message": .string(reply.message)]
            if let text = reply.data, let data = try? JSON(parsing: text), !data.isNull { detail["data"] = data }
            return response(status(ofReply: reply.code), JSON(["detail": .object(detail)]).serialized())
        }
        var detail: JSONObject = ["message": .string(error.message), "code": .string(error.code.text)]
        if let step = error.nextStep { detail["next_step"] = .string(step.plainText) }
        let status: HTTPResponse.Status =
            switch error.httpStatus {
            // To a client of OpenAPI these are about its own key and address.
            case .unauthorized, .notFound, .unprocessableContent: .serviceUnavailable
            case let status: status
            }
        return response(status, JSON(["detail": .object(detail)]).serialized())
    }

    private static func status(ofReply code: Int) -> HTTPResponse.Status {
        switch code {
        case -32700, -32600: .badRequest
        case -32601: .notFound
        case -32602: .unprocessableContent
        default: .internalServerError
        }
    }

    /// `{"detail": {"message": …}}`.
    static func failure(_ status: HTTPResponse.Status, _ message: String) -> Response {
        response(status, JSON(["detail": ["message": .string(message)]]).serialized())
    }

    /// `{"detail": …}`.
    static func detail(
        _ status: HTTPResponse.Status, _ text: String, _ headers: [(HTTPField.Name, String)] = []
    ) -> Response {
        var response = response(status, JSON(["detail": .string(text)]).serialized())
        for (name, value) in headers { response.headers[name] = value }
        return response
    }

    static func response(_ status: HTTPResponse.Status, _ body: [UInt8]) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}

extension Remedy {
    /// In plain words.
    var plainText: String { text(\.plainWords) }
}

extension JSON {
    fileprivate init(_ members: JSONObject) { self = .object(members) }
}
