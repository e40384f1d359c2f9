// /sse and /messages: the older HTTP transport, for clients that know no other (MCP 2024-11-05, transports).

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxEndpoint
import OmlxJSON
import ServiceLifecycle
import Synchronization

/// HTTP+SSE: a stream that names an address, and messages that are posted there. What was opened lives as long as its stream.
package struct SSEPart: GatewayPart {
    private let endpoint: Endpoint
    private let seats = SSESeats()

    package init(_ endpoint: Endpoint) { self.endpoint = endpoint }

    package func add(to router: Router<GatewayContext>) {
        for path in ["/sse", "/sse/s/:server"] {
            router.get(RouterPath(path)) { request, context in try await open(request, context) }
        }
        router.post("/messages") { request, context in try await take(request, context) }
    }

    private func open(_ request: Request, _ context: GatewayContext) async throws -> Response {
        let view = try await EndpointView(request, context, endpoint)
        guard let caller = context.caller, request.acceptsEvents else {
            throw HTTPError(.notAcceptable, message: "the answer is a text/event-stream")
        }
        let id = Base64URL.encode(try Random.bytes(16))
        return MCPPart.stream(context) { [endpoint, seats] stream in
            let conversation = Conversation(endpoint, view) { message, sent in
                stream.put("message", message)
                sent()
            }
            seats.add(id, SSESeat(caller: caller, conversation: conversation))
            stream.name("endpoint", "/messages?session=\(id)")
            // Ends with the client, or with the host.
            await cancelWhenGracefulShutdown { for await _ in AsyncStream<Never>.makeStream().stream {} }
            seats.remove(id)
            await conversation.end()
        }
    }

    private func take(_ request: Request, _ context: GatewayContext) async throws -> Response {
        // Of another key's stream nothing is told, not even that it is there.
        guard let id = request.uri.queryParameters.get("session"), let seat = seats.seat(id),
            seat.caller == context.caller
        else { return MCPPart.noSession }
        guard request.holdsJSON else { return MCPPart.noJSON }
        guard let bytes = try await RequestBody.bytes(of: request) else { return MCPPart.tooLarge }
        guard seats.seat(id) != nil else { return MCPPart.noSession }
        let text = ClientText(bytes)
        if case .message(.malformed(nil, let fault)) = text {
            return MCPPart.refusal(.badRequest, fault)
        }
        seat.conversation.take(text)
        return Response(status: .accepted)
    }
}

/// A client on a stream of its own.
private struct SSESeat: Sendable {
    let caller: Caller
    let conversation: Conversation
}

private final class SSESeats: Sendable {
    private let seats = Mutex<[String: SSESeat]>([:])

    func add(_ id: String, _ seat: SSESeat) { seats.withLock { $0[id] = seat } }
    func remove(_ id: String) { seats.withLock { _ = $0.removeValue(forKey: id) } }
    func seat(_ id: String) -> SSESeat? { seats.withLock { $0[id] } }
}
