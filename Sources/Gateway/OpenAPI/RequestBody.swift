// The body of a request as JSON, with FastAPI's words for one that is none.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxJSON

/// What a request's body is.
enum RequestBody {
    /// The most bytes of it.
    static let limit = 16 << 20

    /// Reads it.
    /// - Returns: the bytes; `nil` for more than are taken.
    /// - Throws: `HTTPError` 400 for one that is cut off or garbled; `CancellationError`.
    static func bytes(of request: Request) async throws -> [UInt8]? {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { return nil }
        var gathered: [UInt8] = []
        do {
            for try await piece in request.body {
                guard gathered.count + piece.readableBytes <= limit else { return nil }
                gathered.append(contentsOf: piece.readableBytesView)
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            // Such as a chunk that is none (RFC 9112 §7.1).
            throw HTTPError(.badRequest, message: "the body cannot be read")
        }
        return gathered
    }

    /// The answer to one that is too large.
    static var tooLarge: Response {
        var response = OpenAPIAnswer.detail(.contentTooLarge, "The body is larger than \(limit >> 20) MiB")
        response.headers[.connection] = "close"
        return response
    }

    /// The value in it.
    static func json(_ bytes: [UInt8], type: String?) -> Result<JSON, Refusal> {
        guard !bytes.isEmpty else { return .failure(.issues([FormIssue("missing", "Field required", .null)])) }
        guard isJSON(type) else {
            guard let text = String(validating: bytes, as: UTF8.self) else { return .failure(.unreadable) }
            return .failure(
                .issues([
                    FormIssue(
                        "model_attributes_type",
                        "Input should be a valid dictionary or object to extract fields from", .string(text))
                ]))
        }
        do throws(JSONParseError) {
            let value = try JSON(parsing: bytes)
            return value.isNull
                ? .failure(.issues([FormIssue("missing", "Field required", .null)])) : .success(value)
        } catch {
            guard let text = String(validating: bytes, as: UTF8.self), !error.reason.contains("nest") else {
                return .failure(.unreadable)
            }
            let place = offset(of: error.position, in: text)
            let issue = FormIssue(
                "json_invalid", "JSON decode error", [:], context: ["error": .string(error.reason)],
                way: [JSON(place)])
            return .failure(.issues([issue]))
        }
    }

    /// Why it is none.
    enum Refusal: Error {
        case issues([FormIssue])
        /// No text, or nested deeper than is read.
        case unreadable

        var response: Response {
            switch self {
            case .issues(let issues): OpenAPIAnswer.response(.unprocessableContent, FormIssue.body(issues).serialized())
            case .unreadable: OpenAPIAnswer.detail(.badRequest, "There was an error parsing the body")
            }
        }
    }

    /// Without a type it is taken for JSON.
    private static func isJSON(_ type: String?) -> Bool {
        guard let type = type?.prefix(while: { $0 != ";" }).lowercased() else { return true }
        let bare = type.filter { $0 != " " && $0 != "\t" }
        return bare == "application/json" || (bare.hasPrefix("application/") && bare.hasSuffix("+json"))
    }

    /// How many characters stand before a place.
    private static func offset(of place: SourcePosition, in text: String) -> Int {
        var line = 1
        var column = 1
        for (number, scalar) in text.unicodeScalars.enumerated() {
            if line == place.line, column >= place.column { return number }
            if scalar == "\n" {
                line += 1
                column = 1
            } else {
                column += UTF8.width(scalar)
            }
        }
        return text.unicodeScalars.count
    }
}
