// The units by which systemd runs the host for a user (systemd.unit(5), systemd.socket(5), systemd.service(5)).

/// What is written for systemd.
struct ServiceUnits: Sendable, Hashable {
    /// The program's absolute path.
    var program: String
    /// The TCP port on loopback.
    var port: Int
    /// The configuration, where it is not the user's own.
    var configuration: String?

    static let service = "omlx.service"
    static let socket = "omlx.socket"

    /// Each file's name and text.
    var files: [(name: String, text: String)] { [(Self.service, serviceText), (Self.socket, socketText)] }

    /// `Type=notify` with a reload by signal: `notify-reload` is not known before systemd 253. Few bounds, for the servers that are
    /// children would have them too, and some need what they forbid.
    private var serviceText: String {
        """
        [Unit]
        Description=omlx, the MCP host that stays up
        Requires=\(Self.socket)
        After=\(Self.socket)
        StartLimitIntervalSec=60
        StartLimitBurst=4

        [Service]
        Type=notify
        ExecStart=\(command.map(Self.quoted).joined(separator: " "))
        ExecReload=/bin/kill -HUP $MAINPID
        Restart=on-failure
        KillMode=mixed
        TimeoutStopSec=25
        WatchdogSec=60
        OOMPolicy=continue

        [Install]
        WantedBy=default.target
        Also=\(Self.socket)

        """
    }

    private var socketText: String {
        """
        [Unit]
        Description=Sockets of omlx, the MCP host that stays up

        [Socket]
        ListenStream=127.0.0.1:\(port)
        ListenStream=%t/omlx/host.sock
        SocketMode=0600
        DirectoryMode=0700

        [Install]
        WantedBy=sockets.target

        """
    }

    private var command: [String] {
        [program, "serve"] + (configuration.map { ["--mcp-config", $0] } ?? [])
    }

    /// A word of a command line as systemd reads it, which knows quotes, variables and specifiers of its own (systemd.service(5),
    /// COMMAND LINES).
    private static func quoted(_ word: String) -> String {
        let safe = word.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || "0123456789/._-+=:@,".unicodeScalars.contains($0)
        }
        guard !safe else { return word }
        let inner = word.map { character -> String in
            switch character {
            case "\"", "\\": "\\\(character)"
            case "%": "%%"
            case "$": "$$"
            case "\n": "\\n"
            case "\t": "\\t"
            default: String(character)
            }
        }
        return "\"\(inner.joined())\""
    }
}
