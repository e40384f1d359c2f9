// A message as it came: its JSON, and how long it was.

import ErrorCatalogue
import JSON

/// A message that came, and how long it was.
struct IncomingMessage: Sendable {
    /// A message's values take room of their own, a number of one digit as much as a long one: this many are as many as
    /// 64 MiB of ordinary JSON hold.
    static let valueLimit = 4_000_000

    let json: JSON
    let byteCount: Int

    init(_ json: JSON, byteCount: Int) {
        self.json = json
        self.byteCount = byteCount
    }

    /// Reads a message.
    /// - Throws: `PROTOCOL_NOT_JSON`, or `TRANSPORT_TOO_LARGE` for one of too many values.
    init(_ bytes: [UInt8], from place: String, status: Int? = nil) throws(OmlxError) {
        var options = JSONParseOptions()
        options.maximumValues = Self.valueLimit
        do throws(JSONParseError) {
            self.init(try JSON(parsing: bytes, options: options), byteCount: bytes.count)
        } catch {
            guard error.isTooManyValues else {
                throw OmlxError(.protocolNotJSON, "\(place) is not JSON", httpStatus: status)
            }
            throw OmlxError(
                .transportTooLarge, "\(place) holds more than \(Self.valueLimit) values", httpStatus: status)
        }
    }
}
