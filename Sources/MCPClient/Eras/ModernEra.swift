// The era without a handshake: each request says what is spoken, who asks and what the client can do.

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// What goes with the messages of a connection of the modern era (MCP 2026-07-28, basic, versioning).
struct ModernEra: Sendable {
    /// The revision that is spoken.
    static let revision = ProtocolRevision.modern
    /// The request by which a server tells what it speaks and offers (MCP 2026-07-28, server/discover).
    static let discovery = "server/discover"
    /// The request whose answer goes on, with what the client wants to hear of (MCP 2026-07-28, subscriptions).
    static let listening = "subscriptions/listen"
    private static let prefix = "io.modelcontextprotocol/"

    /// Whether a request is an exchange of its own: then headers say of it what the message does, and its end gives it up.
    let isOverHTTP: Bool
    /// Whether the server has agreed to the revision.
    var isSettled = false
    /// What each request says of the client.
    private let meta: JSONObject

    init(client: ClientInfo, isOverHTTP: Bool) {
        self.isOverHTTP = isOverHTTP
        meta = [
            Self.prefix + "protocolVersion": .string(Self.revision),
            Self.prefix + "clientInfo": .object(client.members),
            Self.prefix + "clientCapabilities": [:],
        ]
    }

    /// What a server said to `server/discover`.
    /// - Returns: `nil` when that is none.
    static func description(in result: JSON) -> (versions: [String], description: InitializeResult)? {
        guard let versions = result["supportedVersions"]?.stringArrayValue, !versions.isEmpty else { return nil }
        let capabilities = result["capabilities"]?.objectValue.map { JSON.object($0) } ?? .null
        let description = InitializeResult(
            protocolVersion: revision, capabilities: capabilities,
            serverInfo: result["_meta"]?[prefix + "serverInfo"] ?? result["serverInfo"] ?? .null,
            instructions: result["instructions"]?.stringValue)
        return (versions, description)
    }

    // MARK: messages

    func request(_ call: Call, id: Int, wantsProgress: Bool) -> OutgoingMessage {
        var params = call.params ?? JSONObject()
        var meta = params["_meta"]?.objectValue ?? JSONObject()
        for (name, value) in self.meta { meta[name] = value }
        // What a client can do is said with each request, and holds for that one (MCP 2026-07-28, basic).
        if call.elicitor != nil, call.mayWantInput {
            meta[Self.prefix + "clientCapabilities"] = ["elicitation": ["form": [:], "url": [:]]]
        }
        if wantsProgress { meta["progressToken"] = JSON(id) }
        params["_meta"] = .object(meta)
        let json: JSONObject = [
            "jsonrpc": "2.0", "id": JSON(id), "method": .string(call.method), "params": .object(params),
        ]
        var message = OutgoingMessage(.request(id: id), label: call.method, .object(json))
        message.isRepeatable = call.isReading
        message.resumption = .never
        if isOverHTTP { message.headers = headers(of: call) }
        return message
    }

    func notification(_ method: String, _ params: JSONObject?) -> OutgoingMessage {
        var message = OutgoingMessage(.notification, label: method, .notification(method, params))
        if isOverHTTP { message.headers = Self.headers(of: method) }
        return message
    }

    /// What a request is about, for who looks at the head of it alone (MCP 2026-07-28, streamable HTTP).
    private func headers(of call: Call) -> [HTTPRequestHeader] {
        var headers = Self.headers(of: call.method)
        let subject: String? =
            switch call.method {
            case "tools/call", "prompts/get": "name"
            case "resources/read": "uri"
            case "tasks/get", "tasks/update", "tasks/cancel": "taskId"
            default: nil
            }
        if let name = subject.flatMap({ call.params?[$0]?.stringValue }) {
            headers.append(HTTPRequestHeader("Mcp-Name", MirroredArguments.encoded(name)))
        }
        guard call.method == "tools/call", let schema = call.tool?.inputSchema,
            let mirrored = try? MirroredArguments(schema)
        else { return headers }
        return headers + mirrored.headers(of: call.params?["arguments"] ?? .null)
    }

    private static func headers(of method: String) -> [HTTPRequestHeader] {
        [HTTPRequestHeader("MCP-Protocol-Version", revision), HTTPRequestHeader("Mcp-Method", method)]
    }

    // MARK: results

    /// What follows a result: a server that has only kept its place is asked again with it, one that wants to know something with
    /// the answers (MCP 2026-07-28, multi round-trip requests).
    /// - Returns: `nil` for a result that is whole. A server of an older release says nothing of that.
    /// - Throws: `PROTOCOL_INVALID_MESSAGE`: also for a question that was not invited.
    func next(after result: JSON, of call: Call) throws(OmlxError) -> Era.Following? {
        guard let kind = result["resultType"], !kind.isNull else { return nil }
        switch kind.stringValue {
        case "complete": return nil
        case "input_required" where call.mayWantInput:
            let wishes = result["inputRequests"]?.objectValue ?? [:]
            let state = result["requestState"]?.stringValue
            guard state != nil || !wishes.isEmpty else {
                throw invalid(call, "is unfinished, and says nothing of how to go on")
            }
            let questions = try questions(wishes, of: call)
            var (call, params) = (call, call.params ?? JSONObject())
            // What belongs to an earlier round is not repeated.
            params["requestState"] = state.map { .string($0) }
            params["inputResponses"] = nil
            call.params = params
            return questions.isEmpty ? .request(call) : .questions(questions, call)
        default: throw invalid(call, "is of the unknown type \(OmlxError.shown(kind.text(), limit: 80))")
        }
    }

    private func questions(
        _ wishes: JSONObject, of call: Call
    ) throws(OmlxError) -> [(name: String, question: Elicitation)] {
        let methods = Set(wishes.map { OmlxError.shown($0.value["method"]?.stringValue ?? $0.key, limit: 80) })
        guard wishes.isEmpty || call.elicitor != nil && methods == [Elicitation.method] else {
            throw invalid(call, "asks for \(methods.sorted().joined(separator: ", ")), which omlx does not offer")
        }
        var questions: [(name: String, question: Elicitation)] = []
        for (name, wish) in wishes {
            do throws(ElicitationFault) {
                questions.append((name, try Elicitation(params: wish["params"])))
            } catch {
                throw invalid(call, "asks what cannot be asked: \(error.reason)")
            }
        }
        return questions
    }

    private func invalid(_ call: Call, _ what: String) -> OmlxError {
        OmlxError(
            .protocolInvalidMessage, "the server's answer to \(OmlxError.shown(call.method, limit: 80)) \(what)",
            nextStep: "report it to the server's makers")
    }

    // MARK: what goes wrong

    /// Over HTTP the end of the exchange says so (MCP 2026-07-28, cancellation). A server that was only asked what it speaks may
    /// know nothing yet but the handshake.
    func cancellation(ofRequest id: Int, reason: String) -> OutgoingMessage? {
        guard !isOverHTTP, isSettled else { return nil }
        return notification("notifications/cancelled", ["requestId": JSON(id), "reason": .string(reason)])
    }
}

extension InitializeResult {
    /// Whether each message stands for itself, without a handshake (from 2026-07-28 on).
    package var isModern: Bool { protocolVersion == ModernEra.revision }
}

extension ClientInfo {
    /// As messages name the client.
    var members: JSONObject {
        var members: JSONObject = ["name": .string(name), "version": .string(version)]
        if let title { members["title"] = .string(title) }
        return members
    }
}

extension Call {
    /// Requests that only look, so that the server may get them twice.
    private static let readingMethods: Set = [
        "initialize", "ping", ModernEra.discovery, ModernEra.listening, "tools/list", "resources/list",
        "resources/templates/list", "resources/read", "prompts/list", "prompts/get",
    ]

    /// The same with answers to what the server asked.
    func answering(_ answers: JSONObject) -> Call {
        var call = self
        var params = params ?? JSONObject()
        params["inputResponses"] = .object(answers)
        call.params = params
        return call
    }

    var isReading: Bool { Self.readingMethods.contains(method) }

    /// Only these may be answered by a question (MCP 2026-07-28, multi round-trip requests).
    var mayWantInput: Bool { Self.askingMethods.contains(method) }
    static let askingMethods: Set = ["tools/call", "prompts/get", "resources/read"]
}
