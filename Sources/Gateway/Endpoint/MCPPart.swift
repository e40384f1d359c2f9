// /mcp and /mcp/s/SERVER: the servers of a host as one MCP server over streamable HTTP, in both eras.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxEndpoint
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import ServiceLifecycle

/// The MCP endpoint. Each request is answered by itself, so a restart of the host strands no client.
package struct MCPPart: GatewayPart, Service {
    package let endpoint: Endpoint

    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    /// Follows the host's lists as long as it is there.
    package func run() async throws {
        try await cancelWhenGracefulShutdown { try await endpoint.catalogue.follow() }
    }

    package func add(to router: Router<GatewayContext>) {
        for path in ["/mcp", "/mcp/s/:server"] {
            router.post(RouterPath(path)) { request, context in try await post(request, context) }
            router.get(RouterPath(path)) { request, context in try await get(request, context) }
            router.delete(RouterPath(path)) { request, context in
                // Without a session there is none to end.
                request.headers[.mcpSession] == nil ? Self.notAllowed("GET, POST") : Self.noSession
            }
        }
    }

    // MARK: requests

    private func post(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let view = try await EndpointView(request, context, endpoint)
        guard request.holdsJSON else { return Self.noJSON }
        guard let bytes = try await RequestBody.bytes(of: request) else { return Self.tooLarge }
        let headers = MessageHeaders(request.headers)
        switch ClientText(bytes) {
        case .message(let message): return try await answer(message, view, headers, request, context)
        case .batch(let messages): return try await answer(messages, view, headers, request, context)
        }
    }

    private func answer(
        _ message: ClientMessage, _ view: EndpointView, _ headers: MessageHeaders, _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        do throws(RPCFault) {
            switch message {
            case .malformed(let id, let fault): return Self.response(Reply(to: id, .failure(fault)), isModern: true)
            case .request(let asked):
                let dialect = try Dialect.of(asked, headers)
                guard dialect.isModern || request.headers[.mcpSession] == nil else { return Self.noSession }
                return await answer(asked, Asking(view, dialect), request, context)
            case .notification(_, let params):
                let dialect = try Dialect.ofNotification(params, headers)
                guard dialect.isModern || request.headers[.mcpSession] == nil else { return Self.noSession }
                return Response(status: .accepted)
            case .answer:
                // Nothing was asked of a client that has no session.
                guard request.headers[.mcpSession] == nil else { return Self.noSession }
                return Response(status: .accepted)
            }
        } catch {
            var id: JSON?
            if case .request(let asked) = message { id = asked.id }
            return Self.response(Reply(to: id, .failure(error)), isModern: true)
        }
    }

    private func answer(
        _ asked: ClientRequest, _ asking: Asking, _ request: Request, _ context: GatewayContext
    ) async -> Response {
        let isLong = asked.method == "subscriptions/listen"
        // What is not known is answered by its status (MCP 2026-07-28, streamable HTTP).
        let isKnown = !asking.dialect.isModern || Endpoint.modernMethods.contains(asked.method)
        let streams =
            isKnown && (request.acceptsEvents && (asked.progressToken != nil || isLong) || request.wantsEventsAlone)
        guard streams else {
            guard !isLong else {
                return Self.refusal(.notAcceptable, .invalid("the answer is a text/event-stream"), id: asked.id)
            }
            do {
                let reply = try await APIRoutes.whileConnected(context) { [endpoint] in
                    try await endpoint.reply(to: asked, asking)
                }
                return Self.response(reply, isModern: asking.dialect.isModern)
            } catch {
                return Response(status: .init(code: 499, reasonPhrase: "Client Closed Request"))
            }
        }
        return Self.stream(context) { [endpoint] stream in
            let tell: MessageSink = { stream.put("message", $0) }
            // What has no end of its own ends with the host, in order; a call has its time.
            let reply =
                isLong
                ? try? await cancelWhenGracefulShutdown { try await endpoint.reply(to: asked, asking, tell: tell) }
                : try? await endpoint.reply(to: asked, asking, tell: tell)
            if let reply { stream.put("message", reply.json) }
        }
    }

    /// Several messages at once (MCP 2025-03-26, basic): answered together once all are done.
    private func answer(
        _ messages: [ClientMessage], _ view: EndpointView, _ headers: MessageHeaders, _ request: Request,
        _ context: GatewayContext
    ) async throws -> Response {
        guard headers.takesBatches else {
            return Self.refusal(.badRequest, .invalid("messages come one at a time in this protocol revision"))
        }
        guard request.headers[.mcpSession] == nil else { return Self.noSession }
        let replies = try await APIRoutes.whileConnected(context) { [endpoint] in
            try await endpoint.replies(to: messages, view, headers)
        }
        return replies.isEmpty ? Response(status: .accepted) : .json(.array(replies.map(\.json)))
    }

    /// The stream on which clients of the era before hear of other lists (MCP 2025-11-25, streamable HTTP).
    private func get(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let view = try await EndpointView(request, context, endpoint)
        let headers = MessageHeaders(request.headers)
        guard request.acceptsEvents, let dialect = try? Dialect.ofNotification([:], headers), !dialect.isModern else {
            return Self.notAllowed("POST")
        }
        guard request.headers[.mcpSession] == nil else { return Self.noSession }
        return Self.stream(context) { [endpoint] stream in
            await cancelWhenGracefulShutdown {
                await endpoint.follow(Asking(view, dialect)) { stream.put("message", $0) }
            }
        }
    }

    // MARK: answers

    static func stream(
        _ context: GatewayContext, _ work: @escaping @Sendable (EventStream) async -> Void
    ) -> Response {
        var response = EventStreamBody.response(context, work)
        response.headers[.accelBuffering] = "no"
        return response
    }

    private static func response(_ reply: Reply, isModern: Bool) -> Response {
        let text = MessageText(reply.json)
        let body =
            text.short.map { ResponseBody(byteBuffer: ByteBuffer(bytes: $0)) }
            ?? ResponseBody { writer in
                try await text.forEachPiece { try await writer.write(ByteBuffer(bytes: $0)) }
                try await writer.finish(nil)
            }
        return Response(
            status: .init(code: reply.httpStatus(isModern: isModern)), headers: [.contentType: "application/json"],
            body: body)
    }

    static var noJSON: Response {
        refusal(.unsupportedMediaType, .invalid("the body is of the type application/json"))
    }

    static var tooLarge: Response {
        var response = refusal(.contentTooLarge, .invalid("a message has at most \(RequestBody.limit >> 20) MiB"))
        response.headers[.connection] = "close"
        return response
    }

    static func refusal(
        _ status: HTTPResponse.Status, _ fault: RPCFault, id: JSON? = nil
    ) -> Response {
        .json(Reply(to: id, .failure(fault)).json, status: status)
    }

    /// What a client begins a new session after, and after nothing else (MCP 2025-11-25, session management).
    static var noSession: Response { refusal(.notFound, .invalid("there is no such session")) }

    private static func notAllowed(_ methods: String) -> Response {
        var response = refusal(.methodNotAllowed, .invalid("only \(methods) here"))
        response.headers[.allow] = methods
        return response
    }
}
