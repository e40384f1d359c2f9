// Reads a file by a way that is judged step by step: what was judged is what was read, and no other user can swap a
// part of the path in between.

import OmlxErrors
import FoundationEssentials
import Glibc

/// A file that was read, and what stands against it.
package struct JudgedFile: Sendable {
    /// Its name in the folder it was looked for in, that folder without links.
    var place: String
    /// Where it really is: no links in it.
    var path: String
    package var bytes: [UInt8]
    /// What stands against it: of itself, and of the folders and links that lead to it.
    var faults: [FileFault]
    /// What changes with every writing of it.
    var mark: FileMark?
}

extension JudgedFile {
    /// Why there is no file.
    enum Failure: Error {
        case system(Int32)
        case isFolder
        case isNoRegularFile
        case isLarger
    }

    /// Reads the file of that absolute path.
    static func read(
        _ path: String, atMost limit: Int, judge: FileJudge = .ofThisUser
    ) throws(Failure) -> JudgedFile {
        var way = try FileWay(judge)
        defer { way.close() }
        let file = try way.open(path)
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system(errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: break
        case S_IFDIR: throw .isFolder
        default: throw .isNoRegularFile
        }
        way.faults += judge.faults(ofFile: FileFacts(status, way.path), way.path)
        return JudgedFile(
            place: way.place ?? way.path, path: way.path,
            bytes: try readAll(file, expected: Int(status.st_size), limit: limit), faults: way.faults,
            mark: FileMark(status, way.path))
    }

    private static func readAll(_ file: Int32, expected: Int, limit: Int) throws(Failure) -> [UInt8] {
        guard expected <= limit else { throw .isLarger }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(expected)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno) }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            guard bytes.count <= limit else { throw .isLarger }
        }
    }
}

extension FileJudge {
    /// Judges for the user omlx runs as.
    static var ofThisUser: FileJudge {
        let members = GroupMembers()
        return FileJudge(user: geteuid()) { members($0) }
    }
}

extension FileFacts {
    init(_ status: stat, _ path: String) {
        self.init(owner: status.st_uid, group: status.st_gid, mode: status.st_mode, writers: nil)
        // Without a writing group no entry of an access list can write either.
        guard mode & 0o020 != 0, let attributes = try? FileManager.default.attributesOfItem(atPath: path),
            let extended = attributes[FileAttributeKey(rawValue: "NSFileExtendedAttributes")] as? [String: Data],
            let list = extended["system.posix_acl_access"]
        else { return }
        writers = Self.writers(accessList: Array(list))
    }
}

/// The way from the root to a file, gone as the kernel goes it: each name in the folder reached so far, links read by us.
private struct FileWay {
    /// As the kernel has it.
    private static let greatestLinkCount = 40
    /// `O_PATH`, which Glibc's module does not have: a folder is passed through that may not be listed.
    private static let passing: Int32 = 0o10000000 | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW

    let judge: FileJudge
    var faults: [FileFault] = []
    /// Where the file is in the folder it was named in; set once that folder is reached.
    private(set) var place: String?
    private var folder: Int32
    private var facts = FileFacts(owner: 0, group: 0, mode: 0)
    private var names: [String] = []

    init(_ judge: FileJudge) throws(JudgedFile.Failure) {
        self.judge = judge
        folder = Glibc.open("/", Self.passing)
        guard folder >= 0 else { throw .system(errno) }
        try arrive()
    }

    mutating func close() { Glibc.close(folder) }

    /// The path so far, without links.
    var path: String { "/" + names.joined(separator: "/") }

    /// Opens the file for reading.
    mutating func open(_ path: String) throws(JudgedFile.Failure) -> Int32 {
        guard !path.utf8.contains(0) else { throw .system(ENOENT) }
        var rest = Self.parts(path)
        var links = 0
        while let name = rest.popLast() {
            var status = stat()
            guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { throw .system(errno) }
            if rest.isEmpty, place == nil { place = Self.joined(self.path, name) }
            switch status.st_mode & S_IFMT {
            case S_IFLNK:
                links += 1
                guard links <= Self.greatestLinkCount else { throw .system(ELOOP) }
                try follow(name, status, &rest)
            case S_IFDIR where !rest.isEmpty || name == "..":
                try enter(name)
            default:
                guard rest.isEmpty else { throw .system(ENOTDIR) }
                // A pipe without a writer must not hold up the start.
                let file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
                guard file >= 0 else { throw .system(errno) }
                names.append(name)
                return file
            }
        }
        throw .isFolder
    }

    private mutating func follow(_ name: String, _ status: stat, _ rest: inout [String]) throws(JudgedFile.Failure) {
        let link = Self.joined(path, name)
        faults += judge.faults(ofLink: FileFacts(status, link), link, in: facts)
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(folder, name, &buffer, buffer.count - 1)
        guard count > 0 else { throw .system(count < 0 ? errno : ENOENT) }
        let target = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        rest += Self.parts(target)
        guard target.hasPrefix("/") else { return }
        let root = Glibc.open("/", Self.passing)
        guard root >= 0 else { throw .system(errno) }
        names = []
        try move(to: root)
    }

    private mutating func enter(_ name: String) throws(JudgedFile.Failure) {
        let next = openat(folder, name, Self.passing)
        guard next >= 0 else { throw .system(errno) }
        if name == ".." { _ = names.popLast() } else { names.append(name) }
        try move(to: next)
    }

    private mutating func move(to next: Int32) throws(JudgedFile.Failure) {
        Glibc.close(folder)
        folder = next
        try arrive()
    }

    private mutating func arrive() throws(JudgedFile.Failure) {
        var status = stat()
        guard fstat(folder, &status) == 0 else { throw .system(errno) }
        facts = FileFacts(status, path)
        faults += judge.faults(ofFolder: facts, path).filter { !faults.contains($0) }
    }

    /// The names of a path, the last one first.
    private static func parts(_ path: String) -> [String] {
        path.split(separator: "/").filter { $0 != "." }.map(String.init).reversed()
    }

    private static func joined(_ folder: String, _ name: String) -> String {
        folder == "/" ? "/" + name : "\(folder)/\(name)"
    }
}
