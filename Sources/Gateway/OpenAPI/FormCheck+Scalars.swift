// Numbers and switches as pydantic 2 takes them: also as texts.

import OmlxJSON

extension FormCheck {
    mutating func boolean(_ value: JSON) -> Passed? {
        switch value {
        case .bool: return Passed(value: value)
        case .string(let text):
            switch text.lowercased() {
            case "0", "off", "f", "false", "n", "no": return Passed(value: false, fit: 0)
            case "1", "on", "t", "true", "y", "yes": return Passed(value: true, fit: 0)
            default: break
            }
        case .number(let number):
            if number.doubleValue == 0 { return Passed(value: false, fit: 0) }
            if number.doubleValue == 1 { return Passed(value: true, fit: 0) }
            guard number.isInteger else { return refuse("bool_type", "Input should be a valid boolean", value) }
        default: return refuse("bool_type", "Input should be a valid boolean", value)
        }
        return refuse("bool_parsing", "Input should be a valid boolean, unable to interpret input", value)
    }

    mutating func integer(_ value: JSON) -> Passed? {
        switch value {
        case .number(let number):
            if number.isInteger { return Passed(value: value) }
            let double = number.doubleValue
            guard double == double.rounded() else {
                return refuse(
                    "int_from_float", "Input should be a valid integer, got a number with a fractional part", value)
            }
            guard abs(double) < 0x1p63 else {
                return refuse(
                    "int_parsing_size", "Unable to parse input string as an integer, exceeded maximum size", value)
            }
            return Passed(value: JSON(Int(double)), fit: 0)
        case .bool(let flag): return Passed(value: flag ? 1 : 0, fit: 0)
        case .string(let text):
            guard let digits = Self.integer(in: text) else {
                return refuse(
                    "int_parsing", "Input should be a valid integer, unable to parse string as an integer", value)
            }
            return Passed(value: digits, fit: 0)
        default: return refuse("int_type", "Input should be a valid integer", value)
        }
    }

    mutating func number(_ value: JSON) -> Passed? {
        switch value {
        case .number(let number): return Passed(value: value, fit: number.isInteger ? 1 : 2)
        case .bool(let flag): return Passed(value: flag ? 1 : 0, fit: 0)
        case .string(let text):
            let plain = Self.withoutUnderscores(Self.stripped(text)) ?? ""
            let isPlain = plain.utf8.allSatisfy { $0.isDigit || "+-.eE".utf8.contains($0) }
            guard isPlain, let double = Double(plain), double.isFinite else {
                return refuse(
                    "float_parsing", "Input should be a valid number, unable to parse string as a number", value)
            }
            return Passed(value: JSON(double), fit: 0)
        default: return refuse("float_type", "Input should be a valid number", value)
        }
    }

    private mutating func refuse(_ type: String, _ message: String, _ input: JSON) -> Passed? {
        add(FormIssue(type, message, input))
        return nil
    }

    private static func stripped(_ text: String) -> Substring {
        let isSpace: (Character) -> Bool = { $0.isWhitespace }
        let front = text.drop(while: isSpace)
        guard let last = front.lastIndex(where: { !isSpace($0) }) else { return "" }
        return front[...last]
    }

    /// Underscores may stand between digits.
    private static func withoutUnderscores(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "_")) else { return String(text) }
        let bytes = Array(text.utf8)
        for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard place > 0, place + 1 < bytes.count, bytes[place - 1].isDigit, bytes[place + 1].isDigit else {
                return nil
            }
        }
        return text.filter { $0 != "_" }
    }

    /// The integer a text means: a sign, digits, and zeros behind a point.
    private static func integer(in text: String) -> JSON? {
        guard let plain = withoutUnderscores(stripped(text)), plain.utf8.count <= 4300 else { return nil }
        var digits = plain[...]
        if let point = digits.firstIndex(of: ".") {
            guard point != digits.startIndex, digits[digits.index(after: point)...].allSatisfy({ $0 == "0" }) else {
                return nil
            }
            digits = digits[..<point]
        }
        let isNegative = digits.first == "-"
        if isNegative || digits.first == "+" { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit) else { return nil }
        let significant = digits.drop { $0 == "0" }
        let magnitude = significant.isEmpty ? "0" : String(significant)
        let sign = isNegative && magnitude != "0" ? "-" : ""
        // What is spelled so is a number of JSON.
        return try? JSON(parsing: sign + magnitude)
    }
}

extension JSONNumber {
    /// Whether it is spelled without point and exponent.
    fileprivate var isInteger: Bool { !text.utf8.contains { ".eE".utf8.contains($0) } }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
}
