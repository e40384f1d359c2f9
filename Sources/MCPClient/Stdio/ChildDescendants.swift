// The processes a server's process started, also those that left its group: found in /proc, to be ended with it.

import OmlxCProcess
import Glibc

/// What tells the processes of one server from all others: a variable of their environment, and a limit, which also those
/// have that were given another environment.
struct ChildMark: Sendable, Hashable {
    /// The variable.
    static let name = "OMLX_STDIO_SERVER"

    private let value: String
    /// The limit of the size of message queues (RLIMIT_MSGQUEUE), below the 819,200 bytes every user has.
    let limit: UInt

    init() {
        let random = UInt64.random(in: .min ... .max)
        value = "\(getpid())-\(String(random, radix: 36))"
        limit = 400_000 + UInt(random % 400_000)
    }

    /// As it stands in an environment.
    var text: String { "\(Self.name)=\(value)" }

    /// Whether a process has it.
    func marks(_ process: ProcessEntry) -> Bool {
        let named = process.environment.split(separator: 0).first { $0.starts(with: "\(Self.name)=".utf8) }
        // That of another server says more than a limit, which two may have by chance.
        if let named { return named.elementsEqual(text.utf8) }
        return process.queueLimit == limit
    }
}

/// A process as /proc tells of it.
struct ProcessEntry: Hashable {
    let pid: pid_t
    let parent: pid_t
    let group: pid_t
    let session: pid_t
    /// When it was started, in ticks since the machine was: with the number it tells it from a later one.
    let start: UInt64
    /// Whether it has ended and only waits for its parent to hear of it.
    let isOver: Bool

    /// Reads `/proc/PID/stat`, whose second field, a name in parentheses, may hold anything (proc(5)).
    init?(pid: pid_t, stat: [UInt8]) {
        guard let end = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = String(decoding: stat[stat.index(after: end)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = pid_t(fields[1]), let group = pid_t(fields[2]),
            let session = pid_t(fields[3]), let start = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.parent = parent
        self.group = group
        self.session = session
        self.start = start
        isOver = ["Z", "X"].contains(fields[0])
    }

    /// All processes of the machine that can be seen.
    static func all() -> [ProcessEntry] {
        guard let folder = opendir("/proc") else { return [] }
        defer { closedir(folder) }
        var entries: [ProcessEntry] = []
        let offset = MemoryLayout<dirent>.offset(of: \.d_name) ?? 0
        while let entry = readdir(folder) {
            let name = UnsafeRawPointer(entry).advanced(by: offset).assumingMemoryBound(to: CChar.self)
            if let pid = pid_t(String(cString: name)), let found = of(pid) { entries.append(found) }
        }
        return entries
    }

    /// One process; `nil` when it is gone.
    static func of(_ pid: pid_t) -> ProcessEntry? {
        read(pid, "stat").flatMap { ProcessEntry(pid: pid, stat: $0) }
    }

    /// Its environment as it was started with; empty where it cannot be read.
    var environment: [UInt8] { Self.read(pid, "environ") ?? [] }

    /// The limit of the size of message queues; `nil` where it cannot be read.
    var queueLimit: UInt? {
        let lines = (Self.read(pid, "limits") ?? []).split(separator: 0x0A)
        let line = lines.first { $0.starts(with: "Max msgqueue size".utf8) }
        return line.flatMap { UInt(String(decoding: $0, as: UTF8.self).split(separator: " ").dropFirst(3).first ?? "") }
    }

    private static func read(_ pid: pid_t, _ name: String) -> [UInt8]? {
        let file = open("/proc/\(pid)/\(name)", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while bytes.count < 4 << 20 {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Sends a signal to this very process, unless it is gone.
    func signal(_ number: Int32) {
        let descriptor = cprocess_descriptor(pid)
        // Looked at once more with the descriptor in hand: from then on no other process can be meant.
        defer { if descriptor >= 0 { close(descriptor) } }
        guard Self.of(pid)?.start == start else { return }
        if descriptor < 0 || cprocess_signal(descriptor, number) == ENOSYS { kill(pid, number) }
    }
}

/// The descendants of one child that are not in its group.
struct ChildDescendants {
    private let leader: pid_t
    private let mark: ChildMark
    /// Those seen while their line led to the child.
    private var known: Set<ProcessEntry> = []

    init(of leader: pid_t, mark: ChildMark) {
        self.leader = leader
        self.mark = mark
    }

    /// Looks who descends from the child, while it still runs: of one whose parents have ended only its environment tells.
    mutating func look() {
        let all = ProcessEntry.all()
        let children = Dictionary(grouping: all, by: \.parent)
        var rest = children[leader] ?? []
        var seen: Set<pid_t> = [leader, getpid()]
        while let next = rest.popLast() {
            guard seen.insert(next.pid).inserted else { continue }
            known.insert(next)
            rest += children[next.pid] ?? []
        }
        for entry in all where entry.session == leader && entry.pid != leader { known.insert(entry) }
    }

    /// Those that still run.
    func running() -> [ProcessEntry] {
        let starts = Dictionary(known.map { ($0.pid, $0.start) }) { first, _ in first }
        return ProcessEntry.all().filter { entry in
            guard !entry.isOver, entry.pid != getpid(), entry.pid != leader else { return false }
            return starts[entry.pid] == entry.start || mark.marks(entry)
        }
    }
}
