// Tells when files of a folder change, whichever process changes them: inotify(7) on a thread that sleeps.

import Glibc

/// Watches a folder for files that come, go or are replaced. A folder that does not exist yet is waited for.
enum FolderWatch {
    /// An element for every change, several at once as one; ends when the reader lets go of it.
    /// - Parameter isOurs: which file names count. Called on the watch's own thread.
    /// - Returns: `nil` when the system has no watch to give, as when the user's limit of them is reached.
    static func changes(in folder: String, of isOurs: @escaping @Sendable (String) -> Bool) -> AsyncStream<Void>? {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
        var ends: [Int32] = [-1, -1]
        guard descriptor >= 0, pipe(&ends) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            return nil
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (reading, writing) = (ends[0], ends[1])
        let watcher = Watcher(
            descriptor: descriptor, stop: reading, folder: folder, isOurs: isOurs, tell: { continuation.yield() })
        // Armed before the thread runs: what changes from now on is seen.
        watcher.arm()
        // The end of the pipe tells the thread that nobody reads any more.
        continuation.onTermination = { _ in close(writing) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(watcher)
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Watcher>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard status == 0 else {
            context.release()
            continuation.finish()
            return nil
        }
        pthread_detach(thread)
        return stream
    }
}

/// One watch. Made on one thread and then used by its own alone.
private final class Watcher {
    private static let files =
        UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE) | UInt32(IN_CLOSE_WRITE)
        | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    private static let folders =
        UInt32(IN_CREATE) | UInt32(IN_MOVED_TO) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_ONLYDIR)
    private static let headerCount = MemoryLayout<inotify_event>.size

    private let descriptor: Int32
    private let stop: Int32
    private let folder: String
    private let isOurs: @Sendable (String) -> Bool
    private let tell: @Sendable () -> Void
    private var watch: Int32 = -1
    private var isOnFolder = false

    init(
        descriptor: Int32, stop: Int32, folder: String, isOurs: @escaping @Sendable (String) -> Bool,
        tell: @escaping @Sendable () -> Void
    ) {
        self.descriptor = descriptor
        self.stop = stop
        self.folder = folder
        self.isOurs = isOurs
        self.tell = tell
    }

    deinit {
        close(descriptor)
        close(stop)
    }

    /// Watches the folder, or else the nearest one above it that exists, until it is made.
    func arm() {
        // What is made while this looks is found in the next round.
        for _ in 0..<32 {
            if put(on: folder, Self.files) {
                isOnFolder = true
                return
            }
            isOnFolder = false
            var path = folder
            var child = folder
            repeat {
                child = path
                path = Self.parent(of: path)
            } while !put(on: path, Self.folders) && path != "/"
            var status = stat()
            if stat(child, &status) != 0 { return }
        }
    }

    private func put(on path: String, _ mask: UInt32) -> Bool {
        let new = inotify_add_watch(descriptor, path, mask)
        guard new >= 0 else { return false }
        if watch >= 0, watch != new { inotify_rm_watch(descriptor, watch) }
        watch = new
        return true
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    func run() {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            var entries = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&entries, 2, -1) < 0 {
                if errno == EINTR { continue }
                return
            }
            if entries[1].revents != 0 { return }
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0, hear(buffer[..<count]) { tell() }
        }
    }

    /// Whether what happened is a change.
    private func hear(_ bytes: ArraySlice<UInt8>) -> Bool {
        var isChange = false
        var rest = bytes
        while rest.count >= Self.headerCount {
            let event = rest.withUnsafeBytes { $0.loadUnaligned(as: inotify_event.self) }
            let name = rest.dropFirst(Self.headerCount).prefix(Int(event.len)).prefix { $0 != 0 }
            rest = rest.dropFirst(Self.headerCount + Int(event.len))
            // Words about a watch that was taken off are old.
            guard event.wd == watch || event.wd < 0 else { continue }
            let isOver = event.mask & (UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_IGNORED)) != 0
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 {
                isChange = true
            } else if isOver || !isOnFolder {
                if isOver { watch = -1 }
                let was = isOnFolder
                arm()
                isChange = isChange || was != isOnFolder || (isOver && was)
            } else {
                isChange = isChange || isOurs(String(decoding: name, as: UTF8.self))
            }
        }
        return isChange
    }
}
