// JSON in Codable values: as it is by this module's coder, by the types that are there with any other.

/// A value that is written as JSON of a form of its own.
public protocol JSONRepresentable: Codable {
    /// The value as JSON.
    var json: JSON { get }
    /// - Returns: `nil` for JSON that is not of this form.
    init?(json: JSON)
}

extension JSONRepresentable {
    public func encode(to encoder: any Encoder) throws { try json.encode(to: encoder) }

    public init(from decoder: any Decoder) throws {
        guard let value = Self(json: try JSON(from: decoder)) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "no value of the type \(Self.self)"))
        }
        self = value
    }
}

extension JSON: JSONRepresentable {
    public var json: JSON { self }
    public init?(json: JSON) { self = json }
}

extension JSON: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try value.encode(to: encoder)
        case .number(let number):
            if let value = number.intValue {
                try value.encode(to: encoder)
            } else {
                try number.doubleValue.encode(to: encoder)
            }
        case .string(let value): try value.encode(to: encoder)
        case .array(let elements): try elements.encode(to: encoder)
        case .object(let members):
            var container = encoder.container(keyedBy: Name.self)
            for (name, value) in members { try container.encode(value, forKey: Name(name)) }
        case .unread(let unread): try unread.read.encode(to: encoder)
        }
    }

    public init(from decoder: any Decoder) throws {
        if let members = try? decoder.container(keyedBy: Name.self) {
            self = .object(
                JSONObject(try members.allKeys.map { ($0.stringValue, try members.decode(JSON.self, forKey: $0)) }))
            return
        }
        if var elements = try? decoder.unkeyedContainer() {
            var values: [JSON] = []
            while !elements.isAtEnd { values.append(try elements.decode(JSON.self)) }
            self = .array(values)
            return
        }
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let truth = try? value.decode(Bool.self) {
            self = .bool(truth)
        } else if let whole = try? value.decode(Int.self) {
            self = JSON(whole)
        } else if let number = try? value.decode(Double.self) {
            self = JSON(number)
        } else {
            self = .string(try value.decode(String.self))
        }
    }
}

extension String {
    /// `isEnabled` as members are named in JSON: `is_enabled`. Capitals that follow one another are one word, as in `serverURL`.
    var snakeCase: String {
        guard contains(where: \.isUppercase) else { return self }
        var text = ""
        var wasUpper = true
        for letter in self {
            let isUpper = letter.isUppercase
            if isUpper, !wasUpper { text += "_" }
            text += isUpper ? letter.lowercased() : String(letter)
            wasUpper = isUpper
        }
        return text
    }

    /// `is_enabled` as Swift has it: `isEnabled`. Names with capitals that follow one another do not come back.
    var camelCase: String {
        var text = ""
        var isNext = false
        for letter in self {
            if letter == "_", !text.isEmpty {
                isNext = true
            } else {
                text += isNext ? letter.uppercased() : String(letter)
                isNext = false
            }
        }
        return text
    }
}
