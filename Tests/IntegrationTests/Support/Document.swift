// JSON as a test looks at it: members by name, elements by number, nothing where there is nothing.

import Foundation

struct Document {
    let value: Any?

    init(parsing bytes: [UInt8]) {
        value = try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    init(_ value: Any?) { self.value = value }

    subscript(name: String) -> Document { Document((value as? [String: Any])?[name]) }
    subscript(number: Int) -> Document {
        guard let array = value as? [Any], array.indices.contains(number) else { return Document(nil) }
        return Document(array[number])
    }

    var string: String? { value as? String }
    var int: Int? { value as? Int }
    var bool: Bool? { value as? Bool }
    var array: [Document] { (value as? [Any] ?? []).map(Document.init) }
    var keys: [String] { (value as? [String: Any] ?? [:]).keys.sorted() }

    /// The element whose `name` is that.
    func named(_ name: String) -> Document { array.first { $0["name"].string == name } ?? Document(nil) }

    static func text(_ value: Any) -> String {
        let data = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
