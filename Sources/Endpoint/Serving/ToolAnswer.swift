// What a client is answered to a call: the server's result as it came, but for what belongs to the other hop.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

enum ToolAnswer {
    /// The result of a call.
    static func result(_ result: ToolResult, in dialect: Dialect) -> JSONObject {
        var members = result.raw.objectValue ?? [:]
        // What some servers put where a list of blocks belongs is one block; clients would refuse the whole answer.
        if !isContent(members["content"]) {
            members = ["content": .array(result.content.map(\.json))]
            if let value = result.structuredContent { members["structuredContent"] = value }
            if let other = result.other, result.content.isEmpty {
                members["content"] = [["type": "text", "text": .string(other.text())]]
            }
            if result.isError { members["isError"] = true }
        }
        if let meta = members["_meta"] { members["_meta"] = ReservedMeta.stripped(meta).map { .object($0) } }
        members["resultType"] = nil
        // Values that are no objects came with the era of 2026-07-28; the text says the same.
        if !dialect.isModern, let value = members["structuredContent"], !value.isObject {
            members["structuredContent"] = nil
        }
        return members
    }

    private static func isContent(_ value: JSON?) -> Bool {
        guard let value else { return false }
        var isGood = true
        let isList = value.forEachElement { block in
            isGood = block["type"]?.stringValue != nil
            return isGood
        }
        return isList && isGood
    }

    /// A call that failed. A server's own refusal is handed on; that no such tool is there is a fault of the request; of anything
    /// else the model is told, who can say it to its person.
    static func failure(
        _ error: OmlxError, wording: (RemedyAction) -> String
    ) -> Result<JSONObject, RPCFault> {
        if let reply = error.reply {
            // Codes of one hop would mean something else on the other.
            guard !(-32022 ... -32020).contains(reply.code), reply.code != 0 else {
                return .failure(.host(error))
            }
            let data = reply.data.flatMap { try? JSON(parsing: $0) }
            return .failure(RPCFault(reply.code, reply.message, data: data))
        }
        switch error.code {
        case .protocolToolUnknown, .protocolToolAmbiguous, .configServerUnknown, .configServerDisabled:
            return .failure(.host(error, RPCFault.badParams))
        case .hostStopped: return .failure(.host(error))
        default:
            var text = "\(error.code.text): \(error.message)"
            if let step = error.nextStep { text += ". Next: \(step.text(wording))" }
            return .success([
                "content": [["type": "text", "text": .string(text)]], "isError": true,
                "_meta": ["dev.omlx/error": ["code": .string(error.code.text)]],
            ])
        }
    }
}
