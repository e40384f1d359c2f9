// omlx key: the keys of the host that stays up. Files are read and written, so it works with no host running, and one that runs
// sees the change at the next request.

import ArgumentParser
import FoundationEssentials
import OmlxCryptography
import OmlxErrors
import OmlxGateway
import OmlxJSON
import OmlxMCPHost

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Keys for programs that use omlx serve.",
        subcommands: [KeyShow.self, KeyNew.self, KeyList.self, KeyRevoke.self])
}

extension Session {
    fileprivate func accessFolder() async throws(OmlxError) -> AccessFolder {
        try await AccessFolder.open(HostPaths(environment: environment, homeDirectory: home).access)
    }
}

struct KeyShow: Action {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the machine's own key, which may everything.",
        discussion: """
            Made when there is none. Scripts may read its file as well, access/key in the state folder. Where omlx serve is \
            given OMLX_API_KEY, that is the key; with it set here, it is what is printed.
            """)
    static let word = "key"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let key: Secret
        if let own = try MachineKey.read(environment: session.environment) {
            key = own
        } else {
            key = try await MachineKey.read(try await session.accessFolder())
        }
        if session.common.json {
            session.document(Self.word, ["key": .string(key.text)])
        } else {
            session.console.line(revealing: key)
        }
        return .done
    }
}

struct KeyNew: Action {
    static let configuration = CommandConfiguration(
        commandName: "new", abstract: "Make a named key, and print it: once, for only a hash is kept.")
    static let word = "key"

    @Argument(help: "Its name.")
    var name: String

    @Option(help: "A server it is for; may be repeated. All servers without it.")
    var server: [String] = []

    @Flag(help: "For tools only that say they change nothing.")
    var readOnly = false

    @Option(help: ArgumentHelp("How long it counts: 12h, 30d, 8w.", valueName: "time"))
    var expires: String?

    @OptionGroup var common: CommonOptions

    func validate() throws {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count), !name.hasPrefix("-") else {
            throw ValidationError("a key's name has 1 to 64 letters, digits, dots, dashes and underscores")
        }
        if let expires, Self.seconds(expires) == nil {
            throw ValidationError("--expires takes a number with s, m, h, d or w, such as 30d")
        }
    }

    static func seconds(_ text: String) -> Double? {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800]
        guard let last = text.last, let unit = units[last], let count = Int(text.dropLast()), count > 0,
            count <= 100_000_000
        else { return nil }
        return Double(count) * unit
    }

    func act(_ session: Session) async throws -> ExitStatus {
        let rights = KeyRights(name: name, servers: server.isEmpty ? nil : Set(server), isReadOnly: readOnly)
        let now = Date()
        let (key, entry) = try await NamedKeyFile(try await session.accessFolder()).add(
            rights, at: now, expiresAt: expires.flatMap(Self.seconds).map { now + $0 })
        if session.common.json {
            var members = entry.members
            members["key"] = .string(key.text)
            session.document(Self.word, members)
        } else {
            session.console.line(revealing: key)
            session.console.progress("This is the only time it is shown.")
        }
        return .done
    }
}

struct KeyList: Action {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the named keys.")
    static let word = "key"

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let keys = try await NamedKeyFile(try await session.accessFolder()).keys()
        if session.common.json {
            session.document(Self.word, ["keys": .array(keys.map { .object($0.members) })])
        } else if keys.isEmpty {
            session.console.progress("There is no named key.")
        } else {
            session.console.table([["NAME", "SERVERS", "TOOLS", "MADE", "EXPIRES"]] + keys.map(\.row))
        }
        return .done
    }
}

struct KeyRevoke: Action {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Take a named key back: it counts no longer, from the next request on.")
    static let word = "key"

    @Argument(help: "Its name.")
    var name: String

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        try await NamedKeyFile(try await session.accessFolder()).revoke(name)
        if session.common.json {
            session.document(Self.word, ["revoked": .string(name)])
        } else {
            session.console.line("✓ Taken back: \(name)")
        }
        return .done
    }
}

extension NamedKey {
    fileprivate var members: JSONObject {
        [
            "name": .string(name), "servers": servers.map { .array($0.map { .string($0) }) } ?? .null,
            "read_only": .bool(isReadOnly), "created_at": JSON(time: Date(timeIntervalSince1970: createdAt)),
            "expires_at": JSON(time: expiresAt.map { Date(timeIntervalSince1970: $0) }),
            "expired": .bool(!isValid(at: Date())),
        ]
    }

    fileprivate var row: [String] {
        [
            name, servers?.joined(separator: ", ") ?? "all", isReadOnly ? "read-only" : "all",
            Date(timeIntervalSince1970: createdAt).formatted(.iso8601),
            expiresAt.map {
                Date(timeIntervalSince1970: $0).formatted(.iso8601) + (isValid(at: Date()) ? "" : " (expired)")
            }
                ?? "never",
        ]
    }
}

extension Secret {
    /// For a JSON document, which the person asked for.
    fileprivate var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }
}
