// The members of a JSON object, in order, with quick look-up by name.

/// The members of a JSON object in the order they were written. Of members with the same name the last one counts; names
/// are the same when their bytes are (RFC 8259 §8.3).
public struct JSONObject: Sendable {
    /// A member's name and value.
    public typealias Member = (key: String, value: JSON)

    private var members: [Member]
    private var index: [TextKey: Int]?

    /// Above this number of members a dictionary finds them; below it a walk is quicker.
    private static let indexThreshold = 12

    /// An empty object.
    public init() { members = [] }

    /// An object of these members; a repeated name replaces the earlier value in place.
    public init(_ elements: some Sequence<(String, JSON)>) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }

    private func position(of key: String) -> Int? {
        if let index { return index[TextKey(key)] }
        // What is not even equal is not the same, and quicker to tell.
        return members.firstIndex { $0.key == key && $0.key.isIdentical(to: key) }
    }

    private mutating func reindex() {
        guard members.count > Self.indexThreshold else {
            index = nil
            return
        }
        var fresh: [TextKey: Int] = [:]
        fresh.reserveCapacity(members.count)
        for (position, member) in members.enumerated() { fresh[TextKey(member.key)] = position }
        index = fresh
    }

    /// The value of the member of that name. Setting `nil` removes the member.
    public subscript(key: String) -> JSON? {
        get { position(of: key).map { members[$0].value } }
        set {
            switch (position(of: key), newValue) {
            case (let position?, let value?):
                members[position].value = value
            case (let position?, nil):
                members.remove(at: position)
                reindex()
            case (nil, let value?):
                members.append((key, value))
                if index != nil {
                    index?[TextKey(key)] = members.count - 1
                } else if members.count > Self.indexThreshold {
                    reindex()
                }
            case (nil, nil):
                break
            }
        }
    }

    /// Whether a dictionary finds the members.
    var isIndexed: Bool { index != nil }

    /// Larger ones are not copied to give room back: what was never written to takes no memory.
    static let fittedCount = 1024

    /// The same without room for more members.
    var fitted: JSONObject {
        guard members.capacity > members.count, members.count <= Self.fittedCount else { return self }
        var object = self
        object.members = [Member](unsafeUninitializedCapacity: members.count) { buffer, count in
            _ = buffer.initialize(from: members)
            count = members.count
        }
        return object
    }

    /// The members' names in their order.
    public var keys: [String] { members.map(\.key) }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { members.count }
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    /// Equal when the members are equal, in whatever order.
    public static func == (lhs: JSONObject, rhs: JSONObject) -> Bool {
        lhs.count == rhs.count && lhs.allSatisfy { rhs[$0.key] == $0.value }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        var mixed = 0
        for member in members {
            var inner = Hasher()
            inner.combine(member.key)
            inner.combine(member.value)
            mixed ^= inner.finalize()
        }
        hasher.combine(mixed)
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

extension [JSON] {
    /// The same without room for more: what a growing array sets aside would be a large part of a small one.
    var fitted: [JSON] {
        guard capacity > count, count <= JSONObject.fittedCount else { return self }
        return [JSON](unsafeUninitializedCapacity: count) {
            _ = $0.initialize(from: self); $1 = count
        }
    }
}
