// Where sign-ins and their locks are kept, by the XDG base directory specification.

import OmlxCredentials
import OmlxErrors
import OmlxSystem

/// The folders of one user's sign-ins. Every program that uses the same ones shares the sign-ins.
public struct SignInPaths: Sendable, Hashable {
    /// Credentials: `$XDG_DATA_HOME/omlx/credentials`.
    public var credentials: String
    /// Locks: `$XDG_RUNTIME_DIR/omlx`, or `locks` in the state folder.
    public var locks: String
    /// Why the locks are not where `XDG_RUNTIME_DIR` says, in a sentence for people.
    public var warning: String?

    /// Places of the program's own choice.
    public init(credentials: String, locks: String) {
        self.credentials = credentials
        self.locks = locks
    }

    /// The places these variables name; relative paths in them count as not set, as the specification says. A runtime folder
    /// that is not this user's own, as `su` and `sudo -u` leave it behind, is passed over with a warning: that its
    /// locks cannot be taken would show only once a person has signed in.
    public init(environment: [String: String], homeDirectory: String) {
        func folder(_ name: String) -> String? { environment[name].flatMap { $0.hasPrefix("/") ? $0 : nil } }
        credentials = (folder("XDG_DATA_HOME") ?? homeDirectory + "/.local/share") + "/omlx/credentials"
        let state = (folder("XDG_STATE_HOME") ?? homeDirectory + "/.local/state") + "/omlx/locks"
        guard let runtime = folder("XDG_RUNTIME_DIR") else {
            locks = state
            return
        }
        let own = runtime + "/omlx"
        let obstacles = [runtime, own].lazy.compactMap { path in
            FolderProbe.obstacle(to: path).map { "\(OmlxError.shown(path)) \($0)" }
        }
        guard let obstacle = obstacles.first else {
            locks = own
            return
        }
        locks = state
        warning = "XDG_RUNTIME_DIR is passed over: \(obstacle); locks are kept in \(OmlxError.shown(state))"
    }
}
