// Reading columns of a file that may have been edited by hand: a value of the wrong type reads as no value.

import FoundationEssentials
import GRDB
import OmlxJSON

extension Row {
    // GRDB's own subscripts stop the program when a value cannot be converted.
    private func value<Value: DatabaseValueConvertible>(_ column: String) -> Value? {
        (self[column] as DatabaseValue?).flatMap { Value.fromDatabaseValue($0) }
    }

    func text(_ column: String) -> String? { value(column) }
    func number(_ column: String) -> Int? { value(column) }
    func flag(_ column: String) -> Bool { value(column) ?? false }

    func time(_ column: String) -> Date? {
        guard let seconds: Double = value(column), seconds.isFinite else { return nil }
        return Date(timeIntervalSince1970: seconds)
    }

    /// Words with spaces between them, as scopes are (RFC 6749 §3.3).
    func words(_ column: String) -> [String] { text(column)?.split(separator: " ").map(String.init) ?? [] }

    func json(_ column: String) -> JSON? { text(column).flatMap { try? JSON(parsing: $0, options: .sparing) } }
}
