// A JSON number that keeps the spelling it was read with.

/// A number as JSON spells it (RFC 8259 §6). Large integers and exact decimals pass through unchanged.
public struct JSONNumber: Sendable, Hashable {
    /// The number's text, always of the JSON number grammar.
    public let text: String

    init(validated text: String) { self.text = text }

    /// The integer's decimal text.
    public init(_ value: Int) { text = String(value) }

    /// The double's shortest text that reads back as the same value; a value that is not finite becomes 0.
    public init(_ value: Double) {
        if !value.isFinite {
            text = "0"
        } else if value == value.rounded(), abs(value) < 1e15 {
            text = String(Int(value))
        } else {
            text = value.description
        }
    }

    /// The value as an integer, or `nil` when it has a fraction or does not fit.
    public var intValue: Int? {
        if let value = Int(text) { return value }
        guard let value = Double(text), value == value.rounded(), abs(value) < 9.0e15 else { return nil }
        return Int(value)
    }

    /// The value as a double; a number out of its range becomes an infinity.
    public var doubleValue: Double { Double(text) ?? 0 }
}
