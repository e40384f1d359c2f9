// The script's part about MCP itself: streamable HTTP, server-sent events, tools, legacy HTTP+SSE.

import OmlxJSON

extension DemoScript {
    /// The streamable HTTP endpoint.
    public struct MCP: Sendable, Equatable {
        /// How a POST of a request is answered.
        public enum ResponseFormat: String, Sendable, CaseIterable {
            /// `application/json`.
            case json
            /// `text/event-stream`.
            case sse
        }

        /// How a GET is answered.
        public enum GetStream: String, Sendable, CaseIterable {
            /// 405.
            case methodNotAllowed
            /// A stream that stays open; `DemoServer.push` writes to it.
            case open
        }

        /// Protocol versions, newest first. The client's is answered when it is among them, else the first.
        public var protocolVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
        /// JSON or server-sent events.
        public var responseFormat = ResponseFormat.json
        /// The shape of event streams, those of `/sse` too.
        public var events = Events()
        /// Whether `initialize` gives an `Mcp-Session-Id` that later requests must carry.
        public var sessions = true
        /// The next request that carries a session id gets 404 and its session ends; then the server resets this.
        public var expireSession = false
        /// What GET does.
        public var getStream = GetStream.methodNotAllowed
        /// Whether DELETE ends a session; otherwise 405.
        public var deletesSessions = true
        /// Whether headers (`Accept`, `Content-Type`, `MCP-Protocol-Version`, `Origin`), the order of initialization
        /// and the uniqueness of request ids are checked.
        public var strict = true
        /// The tools.
        public var tools = Tools()
        /// Merge patches of results, by JSON-RPC method.
        public var resultPatches: [String: JSON] = [:]
        /// By JSON-RPC method, by `GET` or `DELETE`, or `*` for any request. They apply after the protection.
        public var overrides: [String: Override] = [:]

        /// The defaults.
        public init() {}
    }

    /// The shape of event streams.
    public struct Events: Sendable, Equatable {
        /// How lines end.
        public enum LineEnding: String, Sendable, CaseIterable {
            /// A line feed.
            case lf
            /// A carriage return and a line feed.
            case crlf
            /// A carriage return.
            case cr

            var text: String {
                switch self {
                case .lf: "\n"
                case .crlf: "\r\n"
                case .cr: "\r"
                }
            }
        }

        /// When the server's own `ping` request goes out.
        public enum Ping: String, Sendable, CaseIterable {
            /// Never.
            case none
            /// Before the result, without waiting for the client's answer.
            case send
            /// Before the result, which is sent only when the client has answered.
            case awaitAnswer
        }

        /// How lines end.
        public var lineEnding = LineEnding.lf
        /// A first event with an id, a `retry` and empty data (2025-11-25).
        public var primingEvent = false
        /// Comment lines between the events.
        public var comments = false
        /// Each message is spread over several `data` lines.
        public var multiLineData = false
        /// A byte order mark at the very beginning.
        public var byteOrderMark = false
        /// Notifications before the result: `notifications/progress` when the request has a progress token, else
        /// `notifications/message`.
        public var notificationsBeforeResult = 0
        /// A request of the server to the client before the result.
        public var pingBeforeResult = Ping.none
        /// The stream ends properly, but without the result.
        public var endsBeforeResult = false

        /// The defaults.
        public init() {}
    }

    /// The tools: `whoami`, `echo`, `add`, `fail`, `slow` and as many plain ones as wanted.
    public struct Tools: Sendable, Equatable {
        /// A list of pages that never ends.
        public enum EndlessCursor: String, Sendable, CaseIterable {
            /// The list ends.
            case no
            /// Every page names a new cursor and has one more tool.
            case newCursors
            /// Every page names the same cursor and has the same tools.
            case sameCursor
        }

        /// Which of the five are offered.
        public var builtIn = ["whoami", "echo", "add", "fail", "slow"]
        /// How many tools `generated_1`, `generated_2` … follow them.
        public var generated = 0
        /// Tool definitions added as they are; calling one returns its name.
        public var custom: [JSON] = []
        /// Tools on a page; `nil` is all on one page.
        public var pageSize: Int?
        /// The cursor of the second page is the empty string (a valid cursor).
        public var emptyCursor = false
        /// Pages without end.
        public var endlessCursor = EndlessCursor.no

        /// The defaults.
        public init() {}
    }

    /// The legacy HTTP+SSE endpoint (2024-11-05).
    public struct LegacySSE: Sendable, Equatable {
        /// What the `endpoint` event says.
        public enum Endpoint: String, Sendable, CaseIterable {
            /// `/messages?sessionId=…`.
            case relative
            /// The same with scheme and host.
            case absolute
            /// The same on an origin that is not this server's.
            case otherOrigin
        }

        /// Whether `/sse` exists.
        public var enabled = true
        /// What the `endpoint` event says.
        public var endpoint = Endpoint.relative
        /// The `endpoint` event's data, in place of the above; `{session}` and `{origin}` are replaced.
        public var endpointData: String?
        /// The origin of `otherOrigin`.
        public var otherOrigin = "http://127.0.0.1:9"
        /// The stream is closed after this many messages.
        public var closeAfterMessages: Int?
        /// By JSON-RPC method (the answer to the POST), `GET`, or `*`. Without `takesEffect` no reply follows on the
        /// stream.
        public var overrides: [String: Override] = [:]

        /// The defaults.
        public init() {}
    }
}

extension DemoScript.MCP.ResponseFormat: ScriptChoice {}
extension DemoScript.MCP.GetStream: ScriptChoice {}
extension DemoScript.Events.LineEnding: ScriptChoice {}
extension DemoScript.Events.Ping: ScriptChoice {}
extension DemoScript.Tools.EndlessCursor: ScriptChoice {}
extension DemoScript.LegacySSE.Endpoint: ScriptChoice {}

extension DemoScript.MCP: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("protocolVersions", \.protocolVersions), .init("responseFormat", \.responseFormat),
            .init("events", \.events), .init("sessions", \.sessions), .init("expireSession", \.expireSession),
            .init("getStream", \.getStream), .init("deletesSessions", \.deletesSessions), .init("strict", \.strict),
            .init("tools", \.tools), .init("resultPatches", \.resultPatches), .init("overrides", \.overrides),
        ]
    }
}

extension DemoScript.Events: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("lineEnding", \.lineEnding), .init("primingEvent", \.primingEvent), .init("comments", \.comments),
            .init("multiLineData", \.multiLineData), .init("byteOrderMark", \.byteOrderMark),
            .init("notificationsBeforeResult", \.notificationsBeforeResult),
            .init("pingBeforeResult", \.pingBeforeResult), .init("endsBeforeResult", \.endsBeforeResult),
        ]
    }
}

extension DemoScript.Tools: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("builtIn", \.builtIn), .init("generated", \.generated), .init("custom", \.custom),
            .init("pageSize", \.pageSize), .init("emptyCursor", \.emptyCursor),
            .init("endlessCursor", \.endlessCursor),
        ]
    }
}

extension DemoScript.LegacySSE: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("enabled", \.enabled), .init("endpoint", \.endpoint), .init("endpointData", \.endpointData),
            .init("otherOrigin", \.otherOrigin), .init("closeAfterMessages", \.closeAfterMessages),
            .init("overrides", \.overrides),
        ]
    }
}
