// Values of D-Bus.

/// A value, with its type (D-Bus specification, "Type System"); of the types those that a desktop speaks.
package indirect enum BusValue: Sendable, Hashable {
    case boolean(Bool)
    case byte(UInt8)
    case int32(Int32)
    case uint32(UInt32)
    case text(String)
    /// The path of an object.
    case path(String)
    case bytes([UInt8])
    /// Elements of the type that is named.
    case array(String, [BusValue])
    /// A structure.
    case tuple([BusValue])
    /// A pair of a dictionary, which is an array of these.
    case entry(BusValue, BusValue)
    case variant(BusValue)
    /// Something of a type that is not spoken here.
    case unknown(String)

    /// Texts.
    package static func texts(_ texts: [String]) -> BusValue { .array("s", texts.map { .text($0) }) }

    /// `a{sv}`, what most of a desktop's objects describe themselves by.
    package static func properties(_ properties: [(String, BusValue)]) -> BusValue {
        .array("{sv}", properties.map { .entry(.text($0), .variant($1)) })
    }
}

// MARK: looking into one
extension BusValue {
    /// A text, or a path.
    package var string: String? {
        switch self {
        case .text(let text), .path(let text): text
        default: nil
        }
    }

    /// A number that is not negative.
    package var unsigned: UInt32? {
        if case .uint32(let value) = self { return value }
        return nil
    }

    /// A number.
    package var signed: Int32? {
        if case .int32(let value) = self { return value }
        return nil
    }

    /// Whether it is so.
    package var truth: Bool? {
        if case .boolean(let value) = self { return value }
        return nil
    }

    /// The elements of an array or a structure.
    package var elements: [BusValue]? {
        switch self {
        case .array(_, let elements), .tuple(let elements): elements
        default: nil
        }
    }
}
