// What a request is called, and whom its calls are told of.

import HTTPTypes
import Hummingbird
import Logging
import OmlxMCPClient
import OmlxMCPHost

/// The request that something is done for. It goes with the task, since calls are reported below the gateway.
package struct RequestTrace: Sendable {
    @TaskLocal package static var current: RequestTrace?

    /// Its id: the client's own, or a new one.
    package let id: String
    /// Who asks.
    package let caller: String

    /// The client's own id where it is short and plain, so that it can stand in headers, logs and JSON; else a new one.
    static func id(_ shown: String?) -> String {
        if let shown, (1...128).contains(shown.utf8.count), shown.utf8.allSatisfy(isPlain) { return shown }
        let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

/// Counts requests, names them, and says each at the log's level `info`.
struct ObservingMiddleware: RouterMiddleware {
    let observation: GatewayObservation

    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let began = ContinuousClock.now
        var context = context
        context.requestID = RequestTrace.id(request.headers[.requestID])
        var response = try await next(request, context)
        response.headers[.requestID] = context.requestID
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        let (status, path) = (response.status.code, context.endpointPath)
        observation.metrics.request(method: request.method.rawValue, path: path, status: status, seconds: seconds)
        // The query stays out of it: a link's token is one.
        observation.logger.info(
            "\(request.method.rawValue) \(request.uri.path) → \(status)",
            metadata: [
                "request_id": "\(context.requestID)", "status": "\(status)",
                "client": "\(context.channel.remoteAddress?.ipAddress ?? "unix")",
                "duration_ms": "\((seconds * 1000).rounded())",
            ])
        return response
    }
}

/// Lets what is done for a request know which it is.
struct TracingMiddleware: RouterMiddleware {
    func handle(
        _ request: Request, context: GatewayContext,
        next: (Request, GatewayContext) async throws -> Response
    ) async throws -> Response {
        let trace = RequestTrace(id: context.requestID, caller: context.caller?.name ?? "")
        return try await RequestTrace.$current.withValue(trace) {
            guard let parent = request.headers[.traceParent],
                let trace = TraceContext(parent: parent, state: request.headers[.traceState])
            else { return try await next(request, context) }
            return try await TraceContext.$current.withValue(trace) { try await next(request, context) }
        }
    }
}

/// Where what happens at a gateway is noted.
package struct GatewayObservation: Sendable {
    package let metrics: Metrics
    package let logger: Logger

    package init(metrics: Metrics = Metrics(), logger: Logger) { (self.metrics, self.logger) = (metrics, logger) }

    /// Nothing is said.
    package init() { self.init(logger: Logger(label: "omlx.gateway", factory: { _ in SwiftLogNoOpLogHandler() })) }
}
