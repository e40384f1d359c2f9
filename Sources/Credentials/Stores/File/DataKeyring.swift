// Gets the data key of an encrypted store: reads, unwraps or makes the key file, once per process.

import OmlxCryptography
import OmlxErrors
import OmlxSystem
import Synchronization

/// The data key in memory. Deriving one from a password takes half a second: all is done on threads that may wait, and what
/// asks meanwhile waits for the one derivation.
final class DataKeyring: Sendable {
    private struct State {
        var held: (identity: FileIdentity, key: DataKey)?
        var hasSaved = false
    }

    private let source: KeySource
    private let iterations: Int
    /// The password a person gave meanwhile, for a key file that turns out to want one.
    private let given: @Sendable () -> Secret?
    private let state = Mutex(State())

    init(source: KeySource, iterations: Int, given: @escaping @Sendable () -> Secret? = { nil }) {
        self.source = source
        self.iterations = iterations
        self.given = given
    }

    /// Whether the key is in memory.
    var isOpen: Bool { state.withLock { $0.held != nil } }

    /// Whether this is the process' first save, which cleans up after writers that were killed.
    func isFirstSave() -> Bool {
        state.withLock { state in
            defer { state.hasSaved = true }
            return !state.hasSaved
        }
    }

    /// The key of the key file, or `nil` when there is neither a key file nor any record.
    /// - Throws: `STORE_KEY_MISSING` when there are records without a key file, and what reading the key file throws.
    func key(in folder: borrowing PrivateFolder) throws(OmlxError) -> DataKey? {
        try state.withLock { (state) throws(OmlxError) in try key(in: folder, &state) }
    }

    /// The key of the key file, which is made when there is neither a key file nor any record. Of two processes that
    /// make one at once, both get the key of the one that was first.
    func keyForWriting(in folder: borrowing PrivateFolder) throws(OmlxError) -> DataKey {
        try state.withLock { (state) throws(OmlxError) in
            if let key = try key(in: folder, &state) { return key }
            let created: DataKey
            var file: [UInt8]
            (created, file) = try KeyFile.create(source, iterations: iterations)
            defer { Secret.wipe(&file) }
            if try folder.create(KeyFile.name, with: file, temporaryName: try temporaryName()),
                let identity = folder.identity(of: KeyFile.name)
            {
                state.held = (identity, created)
                return created
            }
            guard let key = try read(folder, &state) else {
                throw OmlxError(
                    .storeWriteFailed, "the key file \(folder.path(of: KeyFile.name)) was removed meanwhile")
            }
            return key
        }
    }

    private func key(in folder: borrowing PrivateFolder, _ state: inout State) throws(OmlxError) -> DataKey? {
        // Another key file since, as after the folder was removed and made anew: the key in memory is of no use.
        if let held = state.held, folder.identity(of: KeyFile.name) == held.identity { return held.key }
        state.held = nil
        if let key = try read(folder, &state) { return key }
        guard try folder.names().contains(where: { name in RecordKind.allCases.contains { $0.owns(name) } }) else {
            return nil
        }
        // The key file is made before the first record, perhaps just now.
        if let key = try read(folder, &state) { return key }
        throw OmlxError(
            .storeKeyMissing,
            "there are credentials in \(folder.path), but the key file \(folder.path(of: KeyFile.name)) is missing",
            nextStep:
                "restore the key file, or sign in anew after: mv \(folder.path.shellWord) \((folder.path + ".aside").shellWord)"
        )
    }

    private func read(_ folder: borrowing PrivateFolder, _ state: inout State) throws(OmlxError) -> DataKey? {
        guard var file = try folder.read(KeyFile.name) else { return nil }
        defer { Secret.wipe(&file.bytes) }
        var source = source
        if case .keyFile = source, KeyFile.isWrapped(file.bytes), let password = given() {
            source = .password(password)
        }
        let key = try KeyFile.key(in: file.bytes, source: source, path: folder.path(of: KeyFile.name))
        state.held = (file.identity, key)
        return key
    }
}

/// A name for a file under construction that no other writer uses.
func temporaryName() throws(OmlxError) -> String {
    PrivateFolder.temporaryPrefix + Base64URL.encode(try Random.bytes(15))
}
