// An error as HTTP tells it, where no other contract rules (RFC 9457).

import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import OmlxErrors
import OmlxJSON

/// An error as the body of an answer.
package enum ProblemDetails {
    /// The answer to a request that ended in this error.
    package static func response(to error: any Error) -> Response {
        switch error {
        case let error as OmlxError: response(to: error)
        case let error as HTTPError:
            response(error.status, title: error.status.reasonPhrase, detail: error.body, allow: error.headers[.allow])
        case let error as any HTTPResponseError:
            response(error.status, title: error.status.reasonPhrase)
        case is NIOTooManyBytesError:
            response(.contentTooLarge, title: "Content Too Large", detail: "the body is larger than is taken here")
        case is HTTPParserError:
            // Such as a chunk that is none (RFC 9112 §7.1).
            response(.badRequest, title: "Bad Request", detail: "the body cannot be read")
        case is CancellationError: response(.init(code: 499, reasonPhrase: "Client Closed Request"), title: "cancelled")
        default: response(.internalServerError, title: OmlxError.shown("\(error)"))
        }
    }

    /// The error as the host's own are told.
    static func omlxError(of error: any Error) -> OmlxError {
        switch error {
        case let error as OmlxError: error
        case is CancellationError: OmlxError(.hostStopped, "the host was stopped")
        case let error as HTTPError:
            OmlxError(.serveAnswer, error.body ?? error.status.reasonPhrase, httpStatus: error.status.code)
        default: OmlxError(.serveAnswer, OmlxError.shown("\(error)"))
        }
    }

    private static func response(to error: OmlxError) -> Response {
        var members: JSONObject = [
            "title": .string(error.code.text), "status": JSON(error.httpStatus.code),
            "detail": .string(error.message), "code": .string(error.code.text),
        ]
        if let form = try? JSON(encoding: error) { members["error"] = form }
        var answer = response(error.httpStatus, members)
        if let seconds = error.retryAfter, error.code == .serveBusy { answer.headers[.retryAfter] = "\(seconds)" }
        return answer
    }

    /// An answer of this status.
    /// - Parameter allow: the methods the path has, where the one used is none of them.
    package static func response(
        _ status: HTTPResponse.Status, title: String, detail: String? = nil, allow: String? = nil
    ) -> Response {
        var members: JSONObject = ["title": .string(title), "status": JSON(status.code)]
        if let detail { members["detail"] = .string(detail) }
        var answer = response(status, members)
        answer.headers[.allow] = allow
        return answer
    }

    private static func response(_ status: HTTPResponse.Status, _ members: JSONObject) -> Response {
        .json(.object(members), status: status, type: "application/problem+json")
    }
}

extension Response {
    /// An answer of JSON.
    package static func json(
        _ value: JSON, status: HTTPResponse.Status = .ok, type: String = "application/json"
    ) -> Response {
        Response(
            status: status, headers: [.contentType: type], body: .init(byteBuffer: ByteBuffer(bytes: value.bytes())))
    }
}

extension OmlxError {
    /// The status that says it to a program.
    package var httpStatus: HTTPResponse.Status {
        switch code {
        case .configServerUnknown, .protocolToolUnknown, .protocolResourceUnknown, .protocolPromptUnknown: .notFound
        case .configServerDisabled, .protocolToolAmbiguous, .protocolResourceAmbiguous, .storeMigration, .storeConflict,
            .storeMoved, .storeOlder,
            .storePasswordNeeded:
            .conflict
        case .protocolArguments, .storePasswordWrong: .unprocessableContent
        case .oauthSignInNeeded: .unauthorized
        case .hostStopped, .serveBusy, .storeUnavailable, .storeLocked, .storeTimeout, .storeLockTimeout, .storeSealed,
            .storeForbidden, .storeTokenNeeded, .storeTokenExpired:
            .serviceUnavailable
        case .transportTimeout, .transportConnectTimeout, .transportFirstByteTimeout, .transportIdleTimeout:
            .gatewayTimeout
        default:
            switch code.errorClass {
            case .configuration: .badRequest
            // What stands against it can be changed, or is how the person wanted it.
            case .authorization: .conflict
            case .transport, .protocol, .discovery, .registration, .tokenExchange, .refresh: .badGateway
            default: .internalServerError
            }
        }
    }
}
