// Resources and prompts as programs read them: the objects of omlx/resources/1 and omlx/prompts/1, the members of omlx/read/1 and
// omlx/prompt/1. Nothing a server sent is left out.

import OmlxJSON
import OmlxMCPClient

extension Resource {
    /// The resource object of `omlx/resources/1`.
    package func document(of server: String) -> JSON {
        let members: JSONObject = [
            "server": .string(server), "uri": .string(uri), "name": .string(name),
            "description": JSON(optional: description), "mime_type": JSON(optional: type),
        ]
        var read: JSONObject = ["uri": .string(uri), "name": .string(name)]
        if let description { read["description"] = .string(description) }
        if let type { read["mimeType"] = .string(type) }
        return .object(members.followed(by: raw, beyond: read))
    }
}

extension ResourceTemplate {
    /// The template object of `omlx/resources/1`.
    package func document(of server: String) -> JSON {
        let members: JSONObject = [
            "server": .string(server), "uri_template": .string(uriTemplate), "name": .string(name),
            "description": JSON(optional: description), "mime_type": JSON(optional: type),
        ]
        var read: JSONObject = ["uriTemplate": .string(uriTemplate), "name": .string(name)]
        if let description { read["description"] = .string(description) }
        if let type { read["mimeType"] = .string(type) }
        return .object(members.followed(by: raw, beyond: read))
    }
}

extension Prompt {
    /// The prompt object of `omlx/prompts/1`.
    package func document(of server: String) -> JSON {
        let arguments = JSON.array(
            arguments.map { argument in
                [
                    "name": .string(argument.name), "description": JSON(optional: argument.description),
                    "required": .bool(argument.isRequired),
                ]
            })
        let members: JSONObject = [
            "server": .string(server), "name": .string(name), "description": JSON(optional: description),
            "arguments": arguments,
        ]
        var read: JSONObject = ["name": .string(name), "arguments": arguments]
        if let description { read["description"] = .string(description) }
        return .object(members.followed(by: raw, beyond: read))
    }
}

extension ResourceContents {
    /// The members of `omlx/read/1`.
    package func members(of uri: String, at server: String) -> JSONObject {
        let parts = JSON.array(content.map { $0.json["resource"] ?? $0.json })
        let members: JSONObject = ["server": .string(server), "uri": .string(uri), "contents": parts]
        return members.followed(by: raw, beyond: ["contents": parts])
    }
}

extension PromptResult {
    /// The members of `omlx/prompt/1`.
    package func members(of prompt: String, at server: String) -> JSONObject {
        let messages = JSON.array(
            messages.map { message in
                let content = message.content.count == 1 ? message.content[0].json : .array(message.content.map(\.json))
                return ["role": .string(message.role), "content": content]
            })
        let members: JSONObject = [
            "server": .string(server), "prompt": .string(prompt), "description": JSON(optional: description),
            "messages": messages,
        ]
        var read: JSONObject = ["messages": messages]
        if let description { read["description"] = .string(description) }
        return members.followed(by: raw, beyond: read)
    }
}
