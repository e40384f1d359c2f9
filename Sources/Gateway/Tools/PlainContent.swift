// A tool's result in the shape that users of the older omlx know.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient

extension ToolResult {
    /// One text as a string, several blocks as a list, none as the structured result.
    var plainContent: JSON {
        switch content.count {
        case 0: structuredContent ?? other ?? .null
        case 1: content[0].plain
        default: .array(content.map(\.plain))
        }
    }
}

extension ContentBlock {
    fileprivate var plain: JSON {
        switch json["type"]?.stringValue {
        case "image", "audio":
            return [
                "type": json["type"] ?? .null, "mime_type": json["mimeType"] ?? .null, "data": json["data"] ?? .null,
            ]
        case "text", nil: return json["text"] ?? json
        default: return json
        }
    }
}
