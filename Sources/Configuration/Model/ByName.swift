// Values by the names of servers.

import OmlxJSON

/// Values by name, names being their bytes: two that differ by normalization are two. Who types one of a form that is not
/// there, as keyboards and file systems have it, is given the one that reads the same.
package struct ByName<Value> {
    private var buckets: [String: [(name: String, value: Value)]] = [:]

    package init() {}

    /// Of a name that stands twice the first counts.
    package init(_ values: some Sequence<(String, Value)>) {
        for (name, value) in values where !holds(name) { self[name] = value }
    }

    package subscript(name: String) -> Value? {
        get {
            guard let bucket = buckets[name] else { return nil }
            return (bucket.first { $0.name.isIdentical(to: name) } ?? bucket.first)?.value
        }
        set {
            var bucket = buckets[name] ?? []
            bucket.removeAll { $0.name.isIdentical(to: name) }
            if let newValue { bucket.append((name, newValue)) }
            buckets[name] = bucket.isEmpty ? nil : bucket
        }
    }

    private func holds(_ name: String) -> Bool {
        buckets[name]?.contains { $0.name.isIdentical(to: name) } ?? false
    }

    /// All values.
    package var values: [Value] { buckets.values.flatMap { $0.map(\.value) } }

    package var isEmpty: Bool { buckets.isEmpty }
}

extension ByName {
    /// Adds to the list of exactly this name.
    package mutating func add<Element>(_ element: Element, to name: String) where Value == [Element] {
        var bucket = buckets[name] ?? []
        if let place = bucket.firstIndex(where: { $0.name.isIdentical(to: name) }) {
            bucket[place].value.append(element)
        } else {
            bucket.append((name, [element]))
        }
        buckets[name] = bucket
    }
}

extension ByName: Sendable where Value: Sendable {}

extension ByName: Sequence {
    package func makeIterator() -> IndexingIterator<[(String, Value)]> {
        buckets.values.flatMap { $0.map { ($0.name, $0.value) } }.makeIterator()
    }
}
