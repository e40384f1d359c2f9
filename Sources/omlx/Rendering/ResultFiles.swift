// Binary content of a tool's result, and the folder it is written to.

import OmlxErrors
import Glibc
import OmlxMCPClient
import OmlxSystem

extension MediaContent {
    /// What is said of bytes that are not written.
    /// - Parameter keeps: whether they were to be.
    func note(keeps: Bool) -> String {
        guard let bytes else { return "[\(type): its data is no base64; --json shows it as it came]" }
        return keeps ? "[\(type), \(bytes.count) bytes]" : "[\(type), \(bytes.count) bytes; --output FOLDER keeps it]"
    }

    /// The ending of a file of this type.
    var ending: String {
        let known = [
            "image/jpeg": "jpg", "image/svg+xml": "svg", "image/x-icon": "ico", "audio/mpeg": "mp3", "audio/mp4": "m4a",
            "video/quicktime": "mov", "application/pdf": "pdf", "application/zip": "zip", "application/gzip": "gz",
            "application/json": "json", "application/xml": "xml", "text/plain": "txt", "text/markdown": "md",
            "text/html": "html", "text/csv": "csv", "text/css": "css", "text/xml": "xml",
        ]
        if let known = known[type] { return known }
        let parts = type.split(separator: "/")
        guard parts.count == 2, ["image", "audio", "video"].contains(parts[0]) else { return "bin" }
        let subtype = parts[1].hasPrefix("x-") ? parts[1].dropFirst(2) : parts[1]
        let isPlain =
            (1...8).contains(subtype.count) && subtype.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) }
        return isPlain ? String(subtype) : "bin"
    }
}

/// A folder for binary content, which can be written to.
struct ResultFiles {
    private let folder: String
    private var number = 0

    /// The folder, made with those above it where they are missing, and tried.
    /// - Throws: `OmlxError` with `CONFIG_USAGE`.
    init(folder: String) throws(OmlxError) {
        guard !folder.isEmpty else { throw OmlxError(.configUsage, "--output takes a folder") }
        self.folder = folder
        try make()
        try probe()
    }

    private func make() throws(OmlxError) {
        for end in folder.utf8.indices.filter({ folder.utf8[$0] == UInt8(ascii: "/") }) + [folder.utf8.endIndex] {
            let path = String(decoding: folder.utf8[..<end], as: UTF8.self)
            guard !path.isEmpty, mkdir(path, 0o755) != 0, errno != EEXIST, errno != EISDIR else { continue }
            let reason = errno
            // What may not be made may be there: its own folder then says no for another reason.
            if Self.isFolder(path) { continue }
            throw Self.failure("the folder \(OmlxError.shown(path))", "made", reason)
        }
        guard Self.isFolder(folder) else { throw Self.failure("the folder \(OmlxError.shown(folder))", "made", EEXIST) }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Writes a file and takes it away again: rights, file system and quota all have their say.
    private func probe() throws(OmlxError) {
        var name = Array("\(folder)/.omlx-XXXXXX".utf8CString)
        let descriptor = mkstemp(&name)
        guard descriptor >= 0 else { throw Self.failure("the folder \(OmlxError.shown(folder))", "written to", errno) }
        defer {
            close(descriptor)
            unlink(name)
        }
        if let reason = Self.write([0x0A], to: descriptor) {
            throw Self.failure("the folder \(OmlxError.shown(folder))", "written to", reason)
        }
    }

    /// Writes a block's bytes to a file whose name is free.
    /// - Returns: its path; `nil` when the block carries none that can be read.
    /// - Throws: `OmlxError` with `CONFIG_USAGE`.
    mutating func keep(_ block: ContentBlock) throws(OmlxError) -> String? {
        guard let content = block.media, let bytes = content.bytes else { return nil }
        let separator = folder.hasSuffix("/") ? "" : "/"
        while true {
            number += 1
            let path = "\(folder)\(separator)\(number).\(content.ending)"
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
            if descriptor < 0, errno == EEXIST, number < Self.limit { continue }
            guard descriptor >= 0 else { throw Self.failure(OmlxError.shown(path), "written", errno) }
            defer { close(descriptor) }
            if let reason = Self.write(bytes, to: descriptor) {
                unlink(path)
                throw Self.failure(OmlxError.shown(path), "written", reason)
            }
            return path
        }
    }

    /// More files than this are not looked through for a free name.
    private static let limit = 1_000_000

    /// - Returns: the number of the error, if there was one.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        do throws(SystemError) {
            try SafeWrite.write(bytes, to: descriptor)
            return nil
        } catch {
            return error.number
        }
    }

    private static func failure(_ what: String, _ done: String, _ reason: Int32) -> OmlxError {
        OmlxError(
            .configUsage, "\(what) could not be \(done): \(String(cString: strerror(reason)))",
            nextStep: "name another folder with --output")
    }
}
