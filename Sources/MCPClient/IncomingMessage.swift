// A message as it came: its JSON, and how long it was.

import ErrorCatalogue
import JSON

/// A message that came, and how long it was.
struct IncomingMessage: Sendable {
    /// A message's values take memory of their own, a number of one digit as much as a long one: so many times as much as
    /// its text, and what short ones may take in any case.
    private static let memoryFactor = 4
    private static let leastMemory = 32 << 20

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
        options.maximumMemory = max(Self.leastMemory, Self.memoryFactor * bytes.count)
        do throws(JSONParseError) {
            self.init(try JSON(parsing: bytes, options: options), byteCount: bytes.count)
        } catch {
            guard error.isTooManyValues else {
                throw OmlxError(.protocolNotJSON, "\(place) is not JSON", httpStatus: status)
            }
            throw OmlxError(
                .transportTooLarge,
                "\(place) holds more values than are read: they take more than \(options.maximumMemory >> 20) MiB",
                httpStatus: status)
        }
    }
}
