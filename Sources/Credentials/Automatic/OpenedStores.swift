// What stores were opened with, for a whole process: deriving a key takes half a second, and a pipe is read once.

import OmlxCryptography
import OmlxErrors
import Synchronization

/// The data keys and passwords one process has got so far. Copies of `StorePlaces` share it.
public final class OpenedStores: Sendable {
    private let keyrings = Mutex<[(folder: String, source: KeySource, keyring: DataKeyring)]>([])
    /// What a person gave or decided, for stores that are made already as for those to come.
    private let given = Mutex(Given())
    private let passwordFiles = Mutex<[String: PasswordFile]>([:])

    private struct Given {
        var password: Secret?
        var declinesKeyring = false
    }

    /// Nothing.
    public init() {}

    /// Takes the password a person gave for encrypted files whose key is locked by one that was not configured.
    package func take(_ password: Secret) { given.withLock { $0.password = password } }

    /// What a person gave opens nothing.
    package func forgetPassword() { given.withLock { $0.password = nil } }

    /// The person wants encrypted files although there is a keyring, where no store was chosen yet.
    package func declineKeyring() { given.withLock { $0.declinesKeyring = true } }

    var declinesKeyring: Bool { given.withLock { $0.declinesKeyring } }

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
            let keyring = DataKeyring(source: source, iterations: KeyFile.iterations) { [weak self] in
                self?.given.withLock { $0.password }
            }
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
