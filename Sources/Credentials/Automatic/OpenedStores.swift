// What stores were opened with, for a whole process: deriving a key takes half a second, and a pipe is read once.

import OmlxCryptography
import OmlxErrors
import Synchronization

/// The data keys and passwords one process has got so far. Copies of `StorePlaces` share it.
public final class OpenedStores: Sendable {
    private let keyrings = Mutex<[(folder: String, source: KeySource, keyring: DataKeyring)]>([])
    private let passwordFiles = Mutex<[String: PasswordFile]>([:])

    /// Nothing.
    public init() {}

    /// A data key wrapped by the password in a file.
    package func keySource(passwordFile path: String) -> KeySource {
        passwordFiles.withLock { files in
            let file = files[path] ?? PasswordFile(path)
            files[path] = file
            return .passwordFile(file)
        }
    }

    /// The data key of a folder, which the first use reads or derives.
    func keyring(_ folder: String, _ source: KeySource) -> DataKeyring {
        keyrings.withLock { keyrings in
            if let known = keyrings.first(where: { $0.folder == folder && $0.source.isSame(as: source) }) {
                return known.keyring
            }
            let keyring = DataKeyring(source: source, iterations: KeyFile.iterations)
            keyrings.append((folder, source, keyring))
            return keyring
        }
    }
}

extension KeySource {
    fileprivate func isSame(as other: KeySource) -> Bool {
        switch (self, other) {
        case (.keyFile, .keyFile): true
        case (.password(let one), .password(let another)): one == another
        case (.passwordFile(let one), .passwordFile(let another)): one === another
        case (.unreadable(let one), .unreadable(let another)): one == another
        case (.keyFile, _), (.password, _), (.passwordFile, _), (.unreadable, _): false
        }
    }
}
