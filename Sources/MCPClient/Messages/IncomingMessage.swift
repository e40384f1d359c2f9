// A message as it came: its JSON, and how long it was.

import OmlxErrors
import OmlxJSON

/// A message that came, and how long it was.
struct IncomingMessage: Sendable {
    let json: JSON
    let byteCount: Int
    /// Whether something in it nests deeper than is read; `null` stands there.
    let isCut: Bool
    /// How deep a message may nest.
    static let depthLimit = JSONParseOptions().maximumDepth

    init(_ json: JSON, byteCount: Int, isCut: Bool = false) {
        self.json = json
        self.byteCount = byteCount
        self.isCut = isCut
    }

    /// Reads a message.
    /// - Throws: `PROTOCOL_NOT_JSON`, or `TRANSPORT_TOO_LARGE` for one of too many members.
    init(_ bytes: [UInt8], from place: String, status: Int? = nil) throws(OmlxError) {
        let bytes = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(bytes.dropFirst(3)) : bytes
        do throws(JSONParseError) {
            // One that nests too deep still says which request it answers.
            let (json, isCut) = try JSON.parsePassingOverDepth(bytes, options: .sparing)
            self.init(json, byteCount: bytes.count, isCut: isCut)
        } catch {
            throw OmlxError(.protocolNotJSON, "\(place) is not JSON: \(error.description)", httpStatus: status)
        }
        if case .unread = json {
            throw OmlxError(
                .transportTooLarge, "\(place) has more members than a message can have", httpStatus: status)
        }
    }
}

extension OmlxError {
    /// An answer that cannot be held: values within values, and calls within calls, have an end.
    static func tooDeep(_ label: String) -> OmlxError {
        OmlxError(
            .transportTooLarge,
            "the server's answer to \(shown(label, limit: 80)) nests deeper than the \(IncomingMessage.depthLimit) levels that are read",
            nextStep: label == "tools/call" ? "ask the tool for less; it has run" : nil)
    }
}
