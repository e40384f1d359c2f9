// Finds many byte patterns in one walk through a text, however they overlap or repeat (Aho–Corasick).

/// A trie of patterns with links from each node to the longest of its ends that begins a pattern as well. A walk looks at
/// each byte of a text once, so its time depends on neither the number of patterns nor on repetitions.
struct PatternIndex: Sendable {
    /// What is looked for.
    struct Pattern {
        var bytes: [UInt8]
        /// So many first bytes count as the pattern too: a text may be cut off somewhere.
        var shortestPart: Int
    }

    private static let root = 0
    private static let none: Int32 = -1

    /// The byte that leads to each node's first child. Together with `firstChild` it spells the patterns.
    private let firstByte: Secret
    private let firstChild: [Int32]
    /// Children beside the first, by node and byte.
    private let otherChildren: [Int: Int32]
    private let rootChildren: [Int32]
    private let links: [Int32]
    private let depths: [Int32]
    /// The length of the longest pattern, or sufficient part of one, that ends at each node; 0 for none.
    private let found: [Int32]
    /// The length of the longest pattern.
    let longest: Int
    let isEmpty: Bool

    init(_ patterns: [Pattern]) {
        let most = patterns.reduce(1) { $0 + $1.bytes.count }
        var trie = Trie(capacity: most)
        for pattern in patterns { trie.add(pattern) }
        isEmpty = trie.depths.count == 1
        longest = patterns.reduce(0) { max($0, $1.bytes.count) }
        let links = trie.linked()
        var found = [Int32](repeating: 0, count: trie.depths.count)
        for node in links.order { found[node] = trie.ends[node] ? trie.depths[node] : found[Int(links.links[node])] }
        self.links = links.links
        self.found = found
        (firstChild, otherChildren, depths) = (trie.firstChild, trie.otherChildren, trie.depths)
        rootChildren = (0...255).map { Int32(trie.child(of: Self.root, UInt8($0)) ?? Int(Self.none)) }
        firstByte = Secret(wiping: &trie.firstByte)
    }

    /// The stretches of a text that are patterns, in their order; what overlaps is one stretch.
    /// - Parameters:
    ///   - cuts: offsets at which the text was cut, in rising order: shorter beginnings of patterns before these count.
    ///   - shortestBeginning: how short those may be.
    func stretches(
        in text: UnsafeBufferPointer<UInt8>, cuts: [Int] = [], shortestBeginning: Int = 4
    ) -> [Range<Int>] {
        var stretches: [Range<Int>] = []
        var cuts = cuts[...]
        firstByte.withBytes { bytes in
            var node = Self.root
            for index in 0..<text.count {
                if cuts.first == index {
                    cuts = cuts.dropFirst()
                    note(Int(depths[node]), index, atLeast: shortestBeginning, &stretches)
                }
                node = step(from: node, by: text[index], bytes)
                if found[node] > 0 { Self.add(index + 1 - Int(found[node])..<index + 1, to: &stretches) }
            }
            if cuts.first == text.count { note(Int(depths[node]), text.count, atLeast: shortestBeginning, &stretches) }
        }
        return stretches
    }

    private func note(_ depth: Int, _ end: Int, atLeast shortest: Int, _ stretches: inout [Range<Int>]) {
        if depth >= shortest { Self.add(end - depth..<end, to: &stretches) }
    }

    private func step(from start: Int, by byte: UInt8, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var node = start
        while node != Self.root {
            if firstChild[node] != Self.none {
                if bytes[node] == byte { return Int(firstChild[node]) }
                if !otherChildren.isEmpty, let child = otherChildren[node << 8 | Int(byte)] { return Int(child) }
            }
            node = Int(links[node])
        }
        return max(Int(rootChildren[Int(byte)]), Self.root)
    }

    /// Ends come in rising order, so that each stretch is taken up by a later one at most once.
    private static func add(_ range: Range<Int>, to stretches: inout [Range<Int>]) {
        var range = range
        while let last = stretches.last, last.upperBound > range.lowerBound {
            range = min(last.lowerBound, range.lowerBound)..<max(last.upperBound, range.upperBound)
            stretches.removeLast()
        }
        stretches.append(range)
    }
}

/// The patterns while they are gathered.
private struct Trie {
    var firstByte: [UInt8] = []
    var firstChild: [Int32] = []
    var otherChildren: [Int: Int32] = [:]
    var depths: [Int32] = []
    /// Whether a pattern, or a sufficient part of one, ends here.
    var ends: [Bool] = []

    init(capacity: Int) {
        // In one piece, so that growing leaves no copy of a secret behind.
        firstByte.reserveCapacity(capacity)
        append(depth: 0)
    }

    private mutating func append(depth: Int32) {
        firstByte.append(0)
        firstChild.append(-1)
        depths.append(depth)
        ends.append(false)
    }

    func child(of node: Int, _ byte: UInt8) -> Int? {
        guard firstChild[node] >= 0 else { return nil }
        if firstByte[node] == byte { return Int(firstChild[node]) }
        return otherChildren[node << 8 | Int(byte)].map { Int($0) }
    }

    mutating func add(_ pattern: PatternIndex.Pattern) {
        var node = 0
        for (index, byte) in pattern.bytes.enumerated() {
            if let next = child(of: node, byte) {
                node = next
            } else {
                let fresh = depths.count
                append(depth: depths[node] + 1)
                if firstChild[node] < 0 {
                    firstByte[node] = byte
                    firstChild[node] = Int32(fresh)
                } else {
                    otherChildren[node << 8 | Int(byte)] = Int32(fresh)
                }
                node = fresh
            }
            if index + 1 >= pattern.shortestPart || index + 1 == pattern.bytes.count { ends[node] = true }
        }
    }

    /// Each node's link, and the nodes by rising depth.
    func linked() -> (links: [Int32], order: [Int]) {
        var children = [[(byte: UInt8, node: Int)]](repeating: [], count: otherChildren.isEmpty ? 0 : depths.count)
        for (key, node) in otherChildren { children[key >> 8].append((UInt8(key & 0xFF), Int(node))) }
        var links = [Int32](repeating: 0, count: depths.count)
        var order = [0]
        order.reserveCapacity(depths.count)
        var next = 0
        while next < order.count {
            let node = order[next]
            next += 1
            guard firstChild[node] >= 0 else { continue }
            link(Int(firstChild[node]), below: node, by: firstByte[node], &links)
            order.append(Int(firstChild[node]))
            for other in children.isEmpty ? [] : children[node] {
                link(other.node, below: node, by: other.byte, &links)
                order.append(other.node)
            }
        }
        return (links, order)
    }

    private func link(_ node: Int, below parent: Int, by byte: UInt8, _ links: inout [Int32]) {
        guard parent != 0 else { return }
        var end = Int(links[parent])
        while true {
            if let target = child(of: end, byte) {
                links[node] = Int32(target)
                return
            }
            if end == 0 { return }
            end = Int(links[end])
        }
    }
}
