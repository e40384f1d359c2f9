// What stores were opened with, for a whole process: deriving a key takes half a second, and a pipe is read once.

import Cryptography
import ErrorCatalogue
import Synchronization

/// The data keys and passwords one process has got so far. Copies of `StorePlaces` share it.
public final class OpenedStores: Sendable {
    private struct State {
        var keyrings: [(folder: String, source: KeySource, keyring: DataKeyring)] = []
        var passwords: [String: Result<Secret, OmlxError>] = [:]
    }

    private let state = Mutex(State())

    /// Nothing.
    public init() {}

    /// The password in a file, which is read once: two that read a pipe would each have a part of it.
    /// - Throws: as `SecretFile.read`.
    public func password(file: String) throws(OmlxError) -> Secret {
        try state.withLock { state in
            if let known = state.passwords[file] { return known }
            let password = Result { () throws(OmlxError) in try SecretFile.read(file) }
            state.passwords[file] = password
            return password
        }.get()
    }

    /// The data key of a folder, which the first use reads or derives.
    func keyring(_ folder: String, _ source: KeySource) -> DataKeyring {
        state.withLock { state in
            if let known = state.keyrings.first(where: { $0.folder == folder && $0.source.isSame(as: source) }) {
                return known.keyring
            }
            let keyring = DataKeyring(source: source, iterations: KeyFile.iterations)
            state.keyrings.append((folder, source, keyring))
            return keyring
        }
    }
}

extension KeySource {
    fileprivate func isSame(as other: KeySource) -> Bool {
        switch (self, other) {
        case (.keyFile, .keyFile): true
        case (.password(let one), .password(let another)): one == another
        case (.unreadable(let one), .unreadable(let another)): one == another
        case (.keyFile, _), (.password, _), (.unreadable, _): false
        }
    }
}
