// A time as every document of omlx has it.

import FoundationEssentials
import OmlxJSON

extension Date: JSONRepresentable {
    /// RFC 3339 in UTC, to the second.
    public var json: JSON { JSON(time: self) }

    /// - Returns: `nil` for what is no time of RFC 3339.
    public init?(json: JSON) {
        guard let text = json.stringValue, let time = try? Date(text, strategy: .iso8601) else { return nil }
        self = time
    }
}
