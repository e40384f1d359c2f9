// Which tools of a server are used: the filters of a server's entry.

/// The tools an entry lets through, by the names the server has for them. In a name `*` stands for any characters.
public struct ToolFilter: Sendable, Hashable {
    /// Lists of which each must have the tool: `tools`, `includeTools`.
    public var included: [[String]] = []
    /// Tools that are left out whatever else is said: `excludeTools`, `disabledTools`.
    public var excluded: [String] = []

    /// The keys of an entry that filter.
    package static let keys = ["tools", "includeTools", "excludeTools", "disabledTools"]

    /// All tools.
    public init() {}

    /// Whether nothing is left out.
    public var isOpen: Bool { included.isEmpty && excluded.isEmpty }

    /// Whether a tool is used.
    public func allows(_ tool: String) -> Bool {
        included.allSatisfy { list in list.contains { Self.matches($0, tool) } }
            && !excluded.contains { Self.matches($0, tool) }
    }

    /// The names without `*` that are none of these tools: misspelled, or of another server.
    package func strangers(among tools: some Collection<String>) -> [String] {
        let known = Set(tools)
        return (included.flatMap { $0 } + excluded).filter { !$0.utf8.contains(Self.star) && !known.contains($0) }
    }

    private static let star = UInt8(ascii: "*")

    private static func matches(_ pattern: String, _ name: String) -> Bool {
        let parts = pattern.utf8.split(separator: star, omittingEmptySubsequences: false).map { Array($0) }
        var rest = Array(name.utf8)[...]
        guard let first = parts.first, rest.starts(with: first) else { return false }
        guard parts.count > 1, let last = parts.last else { return rest.count == first.count }
        rest = rest.dropFirst(first.count)
        for part in parts.dropFirst().dropLast() where !part.isEmpty {
            guard let start = rest.indices.first(where: { rest[$0...].starts(with: part) }) else { return false }
            rest = rest[(start + part.count)...]
        }
        return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
    }
}
