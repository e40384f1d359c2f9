// Header fields of streamable HTTP, and what a request says with them.

import HTTPTypes
import Hummingbird
import OmlxEndpoint

extension HTTPField.Name {
    static let mcpVersion = mcp("MCP-Protocol-Version")
    static let mcpMethod = mcp("Mcp-Method")
    static let mcpName = mcp("Mcp-Name")
    static let mcpSession = mcp("Mcp-Session-Id")
    static let accelBuffering = mcp("X-Accel-Buffering")

    private static func mcp(_ text: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(text) else { preconditionFailure("\(text) is no name of a header field") }
        return name
    }
}

extension MessageHeaders {
    init(_ headers: HTTPFields) {
        self.init(version: headers[.mcpVersion], method: headers[.mcpMethod], name: headers[.mcpName])
        areDoubled = [HTTPField.Name.mcpVersion, .mcpMethod, .mcpName].contains { headers[fields: $0].count > 1 }
    }
}

extension Request {
    /// Whether the body is JSON: all that a form of a foreign page could send is something else.
    var holdsJSON: Bool {
        headers[.contentType]?.prefix { $0 != ";" }.lowercased().filter { $0 != " " && $0 != "\t" }
            == "application/json"
    }

    /// Whether the client reads streams of events (RFC 9110 §12.5.1).
    var acceptsEvents: Bool { accepts { $0 == "text/event-stream" } }

    /// Whether the client reads nothing but streams of events.
    var wantsEventsAlone: Bool {
        acceptsEvents && !accepts { $0 == "application/json" || $0 == "application/*" || $0 == "*/*" }
    }

    private func accepts(_ isMeant: (String) -> Bool) -> Bool {
        headers[values: .accept].flatMap { $0.split(separator: ",") }
            .map { $0.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }.lowercased() }
            .contains(where: isMeant)
    }
}
