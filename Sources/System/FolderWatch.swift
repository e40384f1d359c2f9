// Tells when files of a folder change, whichever process changes them: inotify(7) on a thread that sleeps.

import Glibc
import Synchronization

/// Watches folders for files that come, go or are replaced. A folder that does not exist yet is waited for. One process uses
/// one inotify instance for all: a user has 128, for all programs together.
package enum FolderWatch {
    /// The inotify instance; -1 when the system has none to give.
    fileprivate static let descriptor = inotify_init1(Int32(IN_CLOEXEC))
    /// Whether changes are heard: on a thread that stays as long as the process.
    private static let isHeard = descriptor >= 0 && OwnThread.start("omlx-watch") { listen() }
    private static let watches = Mutex(Watches())

    /// An element for every change, several at once as one; ends when the reader lets go of it.
    /// - Parameter isOurs: which file names count. Called on the watch's own thread, under its lock; looks at the name alone.
    /// - Returns: `nil` when the system has no watch to give, as when the user's limit of them is reached.
    package static func changes(in folder: String, of isOurs: @escaping @Sendable (String) -> Bool) -> AsyncStream<
        Void
    >? {
        guard isHeard else { return nil }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        // Armed before this returns: what changes from now on is seen.
        let id = watches.withLock { $0.add(folder: folder, isOurs: isOurs, tell: { continuation.yield() }) }
        continuation.onTermination = { _ in watches.withLock { $0.remove(id) } }
        return stream
    }

    private static func listen() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                let bytes = Array(buffer[..<count])
                // Told only once the lock is free: a reader that is cancelled takes it, and holds what telling it waits for.
                for tell in watches.withLock({ $0.hear(bytes) }) { tell() }
            } else if count == 0 || errno != EINTR {
                return
            }
        }
    }
}

/// A folder that is watched.
private struct Watch {
    let folder: String
    let isOurs: @Sendable (String) -> Bool
    let tell: @Sendable () -> Void
    /// The kernel's number of what is watched now: the folder, or one above it.
    var number: Int32 = -1
    var isOnFolder = false
}

/// All of a process.
private struct Watches {
    private static let files =
        UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE)
        // Links are made without being written, and a mode may be what was wrong.
        | UInt32(IN_CREATE) | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    private static let folders =
        UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    private static let headerCount = MemoryLayout<inotify_event>.size

    private var watches: [Int: Watch] = [:]
    private var count = 0

    mutating func add(
        folder: String, isOurs: @escaping @Sendable (String) -> Bool, tell: @escaping @Sendable () -> Void
    ) -> Int {
        count += 1
        watches[count] = Watch(folder: folder, isOurs: isOurs, tell: tell)
        arm(count)
        return count
    }

    mutating func remove(_ id: Int) {
        let number = watches.removeValue(forKey: id)?.number
        if let number { release(number) }
    }

    /// Watches the folder, or else the nearest one above it that exists, until it is made.
    private mutating func arm(_ id: Int) {
        guard let folder = watches[id]?.folder else { return }
        // What is made while this looks is found in the next round.
        for _ in 0..<32 {
            let isOnFolder = put(id, on: folder, Self.files)
            watches[id]?.isOnFolder = isOnFolder
            if isOnFolder { return }
            var path = folder
            var child = folder
            repeat {
                child = path
                path = Self.parent(of: path)
            } while !put(id, on: path, Self.folders) && path != "/"
            var status = stat()
            if stat(child, &status) != 0 { return }
        }
    }

    /// Two that watch the same folder have the same number, and what both want is watched.
    private mutating func put(_ id: Int, on path: String, _ mask: UInt32) -> Bool {
        let new = inotify_add_watch(FolderWatch.descriptor, path, mask | UInt32(IN_MASK_ADD))
        guard new >= 0 else { return false }
        let old = watches[id]?.number
        watches[id]?.number = new
        if let old, old != new { release(old) }
        return true
    }

    private func release(_ number: Int32) {
        guard number >= 0, !watches.values.contains(where: { $0.number == number }) else { return }
        inotify_rm_watch(FolderWatch.descriptor, number)
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// How to tell those whose folder something happened in.
    mutating func hear(_ bytes: [UInt8]) -> [@Sendable () -> Void] {
        var changed: Set<Int> = []
        var rest = bytes[...]
        while rest.count >= Self.headerCount {
            let event = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
            let name = rest.dropFirst(Self.headerCount).prefix(Int(event.len)).prefix { $0 != 0 }
            rest = rest.dropFirst(Self.headerCount + Int(event.len))
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                changed.formUnion(watches.keys)
                continue
            }
            // The number of a watch that was taken off matches none: the kernel does not give it again.
            for (id, watch) in watches where watch.number == event.wd {
                if isChange(event, String(decoding: name, as: UTF8.self), id, watch) { changed.insert(id) }
            }
        }
        return changed.compactMap { watches[$0]?.tell }
    }

    private mutating func isChange(_ event: inotify_event, _ name: String, _ id: Int, _ watch: Watch) -> Bool {
        let isOver = event.mask & (UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_IGNORED)) != 0
        guard isOver || !watch.isOnFolder else { return watch.isOurs(name) }
        if isOver {
            watches[id]?.number = -1
            release(watch.number)
        }
        arm(id)
        return watch.isOnFolder != watches[id]?.isOnFolder || (isOver && watch.isOnFolder)
    }
}
