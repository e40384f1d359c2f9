// Where things are kept, by the XDG base directory specification.

import OmlxSignIn

/// The folders of one user.
public struct HostPaths: Sendable, Hashable {
    /// Credentials: `$XDG_DATA_HOME/omlx/credentials`.
    public var credentials: String
    /// The status database, with the approvals of configurations in it: `$XDG_STATE_HOME/omlx/status.sqlite` is that of the
    /// command; a program's own is `status-NAME.sqlite` beside it.
    public var database: String
    /// Locks: `$XDG_RUNTIME_DIR/omlx`, or a folder beside the database.
    public var locks: String
    /// Why the locks are not where `XDG_RUNTIME_DIR` says, in a sentence for people.
    public var warning: String?

    /// The Unix socket of the host that stays up.
    package var socket: String { locks + "/host.sock" }

    /// Places of the user's own choice.
    public init(credentials: String, database: String, locks: String) {
        self.credentials = credentials
        self.database = database
        self.locks = locks
    }

    /// The places these variables name; relative paths in them count as not set, as the specification says. Sign-ins and locks are
    /// those of the user, whatever the program.
    /// - Parameter program: The file name of the program whose status it is; `nil` for the command's.
    public init(environment: [String: String], homeDirectory: String, program: String? = nil) {
        let signIn = SignInPaths(environment: environment, homeDirectory: homeDirectory)
        credentials = signIn.credentials
        locks = signIn.locks
        warning = signIn.warning
        let state = environment["XDG_STATE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
        let own = program.map { "-" + $0.split(separator: "/").joined(separator: "_") } ?? ""
        database = (state ?? homeDirectory + "/.local/state") + "/omlx/status\(own).sqlite"
    }
}
