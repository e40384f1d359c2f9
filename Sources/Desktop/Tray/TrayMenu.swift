// The tray's menu as com.canonical.dbusmenu has it: numbered lines, and what changed of them. No I/O.

/// The menu on the bus. A line keeps its number as long as the tray lives, whatever it says.
struct TrayMenu {
    /// What of the menu changed.
    enum Change: Equatable {
        case nothing
        /// What these lines say.
        case labels([Int32])
        /// Which lines there are.
        case layout
    }

    private struct Line {
        var line: TrayLine
        var children: [Int32] = []
    }

    /// The number of the layout.
    private(set) var revision: UInt32 = 1
    private var numbers: [String: Int32] = [:]
    /// The lines that are there; 0 is the menu itself.
    private var lines: [Int32: Line] = [:]
    private var shown: [TrayLine] = []

    init(_ lines: [TrayLine]) { build(lines) }

    /// Shows other lines.
    mutating func show(_ new: [TrayLine]) -> Change {
        guard new != shown else { return .nothing }
        let (before, old) = (lines, shown)
        build(new)
        if Self.shape(old) == Self.shape(new) {
            let changed = lines.filter { $0.value.line.label != before[$0.key]?.line.label }.keys.sorted()
            // What a line does may change without a word.
            return changed.isEmpty ? .nothing : .labels(changed)
        }
        revision &+= 1
        return .layout
    }

    /// What a person chose.
    func choice(_ number: Int32) -> TrayChoice? {
        guard case .choice(let choice)? = lines[number]?.line.kind else { return nil }
        return choice
    }

    /// The number of a line that is or was there.
    func number(of key: String) -> Int32? { numbers[key] }

    func has(_ number: Int32) -> Bool { lines[number] != nil }

    /// `(ia{sv}av)`: a line with what is below it.
    /// - Parameter depth: how far below it; -1 for all.
    func layout(_ number: Int32, depth: Int32, names: Set<String>) -> BusValue? {
        guard let line = lines[number] else { return nil }
        let children =
            depth == 0 ? [] : line.children.compactMap { layout($0, depth: depth - 1, names: names) }
        return .tuple([
            .int32(number), .properties(properties(line, names)), .array("v", children.map { .variant($0) }),
        ])
    }

    /// `a(ia{sv})`: what lines say; all when none is named.
    func properties(of wanted: [Int32], names: Set<String>) -> BusValue {
        .array(
            "(ia{sv})",
            (wanted.isEmpty ? lines.keys.sorted() : wanted).compactMap { number in
                lines[number].map { .tuple([.int32(number), .properties(properties($0, names))]) }
            })
    }

    /// One property of a line.
    func property(_ number: Int32, _ name: String) -> BusValue? {
        lines[number].flatMap { properties($0, [name]).first?.1 }
    }

    /// What differs from dbusmenu's own assumptions.
    private func properties(_ line: Line, _ names: Set<String>) -> [(String, BusValue)] {
        var all: [(String, BusValue)] = []
        switch line.line.kind {
        case .separator: all = [("type", .text("separator"))]
        case .text: all = [("label", label(line)), ("enabled", .boolean(false))]
        case .choice: all = [("label", label(line))]
        case .submenu: all = [("label", label(line)), ("children-display", .text("submenu"))]
        }
        return names.isEmpty ? all : all.filter { names.contains($0.0) }
    }

    /// An underscore marks a key there; two are one.
    private func label(_ line: Line) -> BusValue {
        .text(line.line.label.split(separator: "_", omittingEmptySubsequences: false).joined(separator: "__"))
    }

    private mutating func build(_ new: [TrayLine]) {
        (lines, shown) = ([:], new)
        let children = new.map { add($0) }
        lines[0] = Line(line: TrayLine(key: "", label: "", kind: .submenu(new)), children: children)
    }

    private mutating func add(_ line: TrayLine) -> Int32 {
        let number = numbers[line.key] ?? Int32(numbers.count + 1)
        numbers[line.key] = number
        var children: [Int32] = []
        if case .submenu(let below) = line.kind { children = below.map { add($0) } }
        lines[number] = Line(line: line, children: children)
        return number
    }

    /// Which lines there are, and what each is.
    private static func shape(_ lines: [TrayLine]) -> [String] {
        lines.flatMap { line -> [String] in
            switch line.kind {
            case .text: [line.key, "text"]
            case .separator: [line.key, "separator"]
            case .choice: [line.key, "choice"]
            case .submenu(let below): [line.key, "("] + shape(below) + [")"]
            }
        }
    }
}
