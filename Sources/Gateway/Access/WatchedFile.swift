// What a file of the access folder says, read again when it is another one.

import OmlxErrors
import OmlxSystem
import Synchronization

/// A file that other processes replace. A look at its inode before each use finds a change at once, which a watch would
/// tell a moment later: a key that was taken back is let in no more.
final class WatchedFile<Value: Sendable>: Sendable {
    private struct Known {
        let identity: FileIdentity?
        let value: Value
    }

    private let folder: AccessFolder
    private let name: String
    private let parse: @Sendable ([UInt8]?) throws(OmlxError) -> Value
    private let known = Mutex<Known?>(nil)

    init(
        _ name: String, in folder: AccessFolder,
        parse: @escaping @Sendable ([UInt8]?) throws(OmlxError) -> Value
    ) {
        (self.name, self.folder, self.parse) = (name, folder, parse)
    }

    /// What it says now.
    /// - Throws: what reading throws, and what parsing does.
    func value() async throws(OmlxError) -> Value {
        let now = folder.identity(of: name)
        if let known = known.withLock({ $0 }), known.identity == now { return known.value }
        let file = try await folder.read(name)
        let value = try parse(file?.bytes)
        known.withLock { $0 = Known(identity: file?.identity, value: value) }
        return value
    }
}
