// Refuses YAML whose aliases, used within keys, would make the reader's check for repeated keys run for ever.

/// Values that grow by aliases are counted while they are read. Keys are compared before that, so a text that has
/// collections as keys is judged here, by an upper bound of what its aliases stand for.
enum YAMLAliasGuard {
    private static let limit = 1_000_000

    static func isExplosive(_ bytes: [UInt8]) -> Bool {
        guard bytes.contains(UInt8(ascii: "*")), mayHaveCollectionKeys(bytes) else { return false }
        let marks = marks(in: bytes)
        let anchors = marks.filter { !$0.isAlias }.map(\.name)
        guard Set(anchors).count == anchors.count else { return true }
        let used = Set(marks.filter(\.isAlias).map(\.name))
        // What an anchor holds stands before its first alias, so its size is at most the aliases' sizes up to there.
        var open: [String: Int] = [:]
        var sizes: [String: Int] = [:]
        var total = 0
        for mark in marks {
            guard mark.isAlias else {
                if used.contains(mark.name) { open[mark.name] = 1 }
                continue
            }
            if let size = open.removeValue(forKey: mark.name) { sizes[mark.name] = size }
            let size = sizes[mark.name] ?? 1
            total += size + open.count
            guard total <= limit else { return true }
            for name in open.keys { open[name, default: 0] += size }
        }
        return false
    }

    private struct Mark {
        var name: String
        var isAlias: Bool
    }

    private static func marks(in bytes: [UInt8]) -> [Mark] {
        var marks: [Mark] = []
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            let before = offset == 0 ? 0x0A : bytes[offset - 1]
            offset += 1
            guard byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*"),
                before <= 0x20 || "[{,:-?\"'}]".utf8.contains(before)
            else { continue }
            let name = bytes[offset...].prefix { isNameByte($0) }
            guard !name.isEmpty else { continue }
            marks.append(Mark(name: String(decoding: name, as: UTF8.self), isAlias: byte == UInt8(ascii: "*")))
            offset = name.endIndex
        }
        return marks
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    /// Whether a `?` key, an alias before a colon, or a bracket before a colon can be seen; too often rather than too
    /// rarely.
    private static func mayHaveCollectionKeys(_ bytes: [UInt8]) -> Bool {
        var previous: UInt8 = 0x0A
        var isAliasName = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "?"): if previous <= 0x20 || "{[,-?:".utf8.contains(previous) { return true }
            case UInt8(ascii: ":"): if isAliasName || "]}".utf8.contains(previous) { return true }
            case UInt8(ascii: "*"): isAliasName = true
            case 0x20, 0x09: continue
            default: if !isNameByte(byte) { isAliasName = false }
            }
            previous = byte
        }
        return false
    }
}
