// Reading columns of a file that anybody may have edited: a value of the wrong type reads as no value.

import FoundationEssentials
import GRDB

extension Row {
    // GRDB's own subscripts stop the program when a value cannot be converted.
    private func value<Value: DatabaseValueConvertible>(_ column: Int) -> Value? {
        guard column < count else { return nil }
        return Value.fromDatabaseValue(self[column])
    }

    func text(_ column: Int) -> String? { value(column) }
    func number(_ column: Int) -> Int? { value(column) }
    func flag(_ column: Int) -> Bool { value(column) ?? false }

    func time(_ column: Int) -> Date? {
        guard let seconds: Double = value(column), seconds.isFinite else { return nil }
        return Date(timeIntervalSince1970: seconds)
    }
}
