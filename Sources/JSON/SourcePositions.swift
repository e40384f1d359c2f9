// Where the members of a document stand, by JSON Pointer (RFC 6901), without keeping any pointer's text.

/// The places of a document's members. Each is found by a mark of the way to it, made of the mark of the way before and the
/// last name: a long name around many members costs its length once.
package struct SourcePositions: Sendable {
    /// The way to a value.
    package struct Way: Sendable, Hashable {
        fileprivate let mark: Int

        /// The whole document.
        package static let root = Way(mark: 0)

        /// The way to a member or element.
        /// - Parameter token: Its name or number, escaped as in a pointer.
        package func appending(_ token: some StringProtocol) -> Way {
            // Seeded anew in each process: no document can be made whose marks collide.
            var hasher = Hasher()
            hasher.combine(mark)
            hasher.combine(bytesOf: token)
            return Way(mark: hasher.finalize())
        }
    }

    private var places: [Way: SourcePosition] = [:]

    /// No places.
    package init() {}

    /// The place of a member's name.
    package subscript(way: Way) -> SourcePosition? {
        get { places[way] }
        set { places[way] = newValue }
    }

    /// The place of a member's name, by the pointer to it, such as `/servers/notion/url`.
    package subscript(pointer: String) -> SourcePosition? { ways(to: pointer).last.flatMap { places[$0] } }

    /// The place of a member, or of the nearest one around it whose place is known.
    package func nearest(to pointer: String) -> SourcePosition? {
        ways(to: pointer).lazy.reversed().compactMap { places[$0] }.first
    }

    private func ways(to pointer: String) -> [Way] {
        var ways = [Way.root]
        for token in pointer.pieces(between: "/").dropFirst() {
            ways.append(ways[ways.count - 1].appending(token))
        }
        return ways
    }
}
