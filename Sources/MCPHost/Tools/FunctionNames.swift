// Names of tools as the functions of a model, and the way back. No I/O.

import OmlxJSON

/// Names that models take for functions, `^[A-Za-z0-9_-]{1,64}$`, for the tools of a host: `server__tool` where that is such a
/// name, else what is left of it with a hash of the whole. Each name is of one tool, and the same whatever the order of the tools is.
///
/// ```swift
/// let names = FunctionNames(await manager.tools())
/// for (name, tool) in names { … }          // what the model is offered
/// let tool = names.tool(named: called)     // what it calls
/// let result = try await manager.call(tool.name, arguments: arguments)
/// ```
public struct FunctionNames: Sendable {
    /// A function of the model, and the tool it stands for.
    public typealias Element = (name: String, tool: HostTool)

    private let functions: [Element]
    private let tools: [String: HostTool]
    private let names: [ToolKey: String]

    /// The longest name that all models take.
    public static let limit = 64

    /// The functions of these tools, in their order. A tool that stands twice is one.
    public init(_ tools: some Sequence<HostTool>) {
        var seen: Set<ToolKey> = []
        let tools = tools.filter { seen.insert(ToolKey($0)).inserted }
        let names = Self.names(of: tools)
        functions = zip(names, tools).map { ($0, $1) }
        self.tools = Dictionary(uniqueKeysWithValues: functions)
        self.names = Dictionary(uniqueKeysWithValues: functions.map { (ToolKey($0.tool), $0.name) })
    }

    /// The tool a function stands for; `nil` when there is no such function.
    public func tool(named name: String) -> HostTool? { tools[name] }

    /// The function that stands for a tool; `nil` when the tool is not among those it was made of.
    public func name(of tool: HostTool) -> String? { names[ToolKey(tool)] }

    /// All whose names clash get longer hashes together, so that no order decides. Equal hashes, which chance does not make, are
    /// told apart by numbers, in the order of the tools' bytes.
    private static func names(of tools: [HostTool]) -> [String] {
        let candidates = tools.map(Candidate.init)
        var levels = [Int](repeating: 0, count: tools.count)
        while true {
            let names = zip(candidates, levels).map { $0.name($1) }
            let groups = Dictionary(grouping: names.indices) { names[$0] }.values.filter { $0.count > 1 }
            let raised = groups.joined().filter { levels[$0] < Candidate.lastLevel }
            if raised.isEmpty {
                let clashing = groups.map { group in group.sorted { candidates[$0].key < candidates[$1].key } }
                return numbered(names, clashing)
            }
            for index in raised { levels[index] += 1 }
        }
    }

    private static func numbered(_ names: [String], _ clashing: [[Int]]) -> [String] {
        var names = names
        var taken = Set(names)
        for group in clashing.sorted(by: { names[$0[0]] < names[$1[0]] }) {
            var number = 1
            for index in group.dropFirst() {
                var name: String
                repeat {
                    number += 1
                    name = "\(names[index].prefix(limit - 8))-\(number)"
                } while !taken.insert(name).inserted
                names[index] = name
            }
        }
        return names
    }
}

extension FunctionNames: RandomAccessCollection {
    public var startIndex: Int { 0 }
    public var endIndex: Int { functions.count }
    public subscript(position: Int) -> Element { functions[position] }
}

/// A tool of a server, by bytes.
private struct ToolKey: Hashable, Comparable {
    let server: [UInt8]
    let tool: [UInt8]

    init(_ tool: HostTool) {
        server = Array(tool.server.utf8)
        self.tool = Array(tool.tool.name.utf8)
    }

    static func < (lhs: ToolKey, rhs: ToolKey) -> Bool {
        if lhs.server != rhs.server { return lhs.server.lexicographicallyPrecedes(rhs.server) }
        return lhs.tool.lexicographicallyPrecedes(rhs.tool)
    }

    /// A 64-bit FNV-1a hash in hexadecimal: it keeps names apart, and no secret. Server and tool count apart, for `a__b` with `c`
    /// makes the same name as `a` with `b__c`.
    var hash: String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in server + [0] + tool { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// The names a tool may get, with hashes of growing length.
private struct Candidate {
    let key: ToolKey
    private let hash: String
    private let plain: String
    /// Whether the tool's own name can be the function's.
    private let isUsable: Bool

    static let lastLevel = 2

    init(_ tool: HostTool) {
        key = ToolKey(tool)
        hash = key.hash
        let name = ToolName.joined(tool.server, tool.tool.name)
        plain = String(String.UnicodeScalarView(name.unicodeScalars.map { Self.isAllowed($0) ? $0 : "_" }))
        isUsable = plain.isIdentical(to: name) && plain.utf8.count <= FunctionNames.limit
    }

    /// - Parameter level: From 0, with the shortest hash, or none where none is needed.
    func name(_ level: Int) -> String {
        if level == 0, isUsable { return plain }
        let mark = hash.prefix(level < Self.lastLevel ? 8 : 16)
        return "\(plain.prefix(FunctionNames.limit - mark.count - 1))-\(mark)"
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", "_", "-": true
        default: false
        }
    }
}
