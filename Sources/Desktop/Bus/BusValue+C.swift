// Values as GIO has them. What is made is given away where it is used.

import OmlxCGIO

extension BusValue {
    /// The value for GIO.
    var made: OpaquePointer? {
        switch self {
        case .boolean(let value): cgio_new_boolean(value)
        case .byte(let value): cgio_new_byte(value)
        case .int32(let value): cgio_new_int32(value)
        case .uint32(let value): cgio_new_uint32(value)
        case .text(let text): cgio_new_string(text)
        case .path(let path): cgio_new_path(path)
        case .bytes(let bytes): cgio_new_bytes(bytes, bytes.count)
        case .array(let type, let elements): cgio_new_array(type, elements.map(\.made), elements.count)
        case .tuple(let elements): Self.tuple(elements)
        case .entry(let key, let value): cgio_new_entry(key.made, value.made)
        case .variant(let value): cgio_new_variant(value.made)
        // It was heard, and nothing that was heard is said.
        case .unknown: cgio_new_tuple(nil, 0)
        }
    }

    /// The arguments of a call, a signal or an answer.
    static func tuple(_ elements: [BusValue]) -> OpaquePointer? {
        cgio_new_tuple(elements.map(\.made), elements.count)
    }

    /// What GIO gave. A message nests no deeper than 64 (D-Bus specification, "Valid Signatures").
    init(_ value: OpaquePointer) {
        let type = String(cString: cgio_type(value))
        switch type.utf8.first {
        case UInt8(ascii: "b"): self = .boolean(cgio_get_boolean(value))
        case UInt8(ascii: "y"): self = .byte(cgio_get_byte(value))
        case UInt8(ascii: "i"): self = .int32(cgio_get_int32(value))
        case UInt8(ascii: "u"): self = .uint32(cgio_get_uint32(value))
        case UInt8(ascii: "s"): self = .text(String(cString: cgio_get_string(value)))
        case UInt8(ascii: "o"): self = .path(String(cString: cgio_get_string(value)))
        case UInt8(ascii: "a"): self = .array(String(type.dropFirst()), Self.children(of: value))
        case UInt8(ascii: "("): self = .tuple(Self.children(of: value))
        case UInt8(ascii: "v"):
            self = Self.children(of: value).first.map { .variant($0) } ?? .unknown(type)
        case UInt8(ascii: "{"):
            let pair = Self.children(of: value)
            self = pair.count == 2 ? .entry(pair[0], pair[1]) : .unknown(type)
        default: self = .unknown(type)
        }
    }

    /// The arguments of a call, a signal or an answer.
    static func arguments(_ value: OpaquePointer) -> [BusValue] { children(of: value) }

    private static func children(of value: OpaquePointer) -> [BusValue] {
        (0..<cgio_count(value)).compactMap { index in
            guard let child = cgio_child(value, index) else { return nil }
            defer { cgio_free(child) }
            return BusValue(child)
        }
    }
}
