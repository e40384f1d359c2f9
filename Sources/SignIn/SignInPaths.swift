// Where sign-ins and their locks are kept, by the XDG base directory specification.

/// The folders of one user's sign-ins. Every program that uses the same ones shares the sign-ins.
public struct SignInPaths: Sendable, Hashable {
    /// Credentials: `$XDG_DATA_HOME/omlx/credentials`.
    public var credentials: String
    /// Locks: `$XDG_RUNTIME_DIR/omlx`, or `locks` in the state folder.
    public var locks: String

    /// Places of the program's own choice.
    public init(credentials: String, locks: String) {
        self.credentials = credentials
        self.locks = locks
    }

    /// The places these variables name; relative paths in them count as not set, as the specification says.
    public init(environment: [String: String], homeDirectory: String) {
        func folder(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        credentials = (folder("XDG_DATA_HOME") ?? homeDirectory + "/.local/share") + "/omlx/credentials"
        locks =
            folder("XDG_RUNTIME_DIR").map { $0 + "/omlx" }
            ?? (folder("XDG_STATE_HOME") ?? homeDirectory + "/.local/state") + "/omlx/locks"
    }
}
