// A process of its own for the store's tests: one to race with, to kill, and to run out of disk.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxJSON

let arguments = CommandLine.arguments.dropFirst()
guard let command = arguments.first else { exit(64) }
let parameters = Array(arguments.dropFirst())

/// Straight to the descriptor: a line counts once it is out, also when the process is killed next.
func say(_ value: some Any) {
    let line = Array("\(value)\n".utf8)
    _ = line.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
}

func credential(_ serverURL: String) -> Credential {
    Credential(
        key: CredentialKey(serverURL: serverURL), client: .init(id: "client"),
        grant: .init(
            issuer: "https://as.example", tokenEndpoint: "https://as.example/token",
            obtainedAt: Date(timeIntervalSince1970: 1_700_000_000)),
        tokens: .init(access: Secret("access"), refresh: Secret("refresh")))
}

/// The store at a place: a folder of files, `keyring:` and the folder of its locks, or `vault:` and folder of locks, mount
/// and address.
func store(_ place: String) -> any CredentialStore {
    if place.hasPrefix("vault:") {
        let parts = place.split(separator: ":", maxSplits: 3).map(String.init)
        var settings = VaultSettings(address: parts[3], token: .value(Secret("root")))
        settings.mount = parts[2]
        return VaultStore(settings, lockFolder: parts[1])
    }
    guard place.hasPrefix("keyring:") else { return EncryptedFileStore(folder: place, keySource: .keyFile) }
    let names = ["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"]
    let variables = names.compactMap { name in getenv(name).map { (name, String(cString: $0)) } }
    return SecretServiceStore(
        environment: Dictionary(uniqueKeysWithValues: variables), lockFolder: String(place.dropFirst(8)))
}

/// Adds one to a number in the record, as often as asked, beginning anew at each conflict.
func count(_ store: any CredentialStore, _ serverURL: String, times: Int, isAloud: Bool = false) async throws {
    var left = times
    while left > 0 {
        let current = try await store.credential(for: CredentialKey(serverURL: serverURL))
        var next = current ?? credential(serverURL)
        let number = (current?.unknown["count"]?.intValue ?? 0) + 1
        next.unknown["count"] = JSON(number)
        do {
            let saved = try await store.save(next, expecting: current.map { .generation($0.generation) } ?? .absent)
            left -= 1
            if isAloud { say("\(number) \(saved.generation)") }
        } catch let error as OmlxError where error.code == .storeConflict {
            continue
        }
    }
}

/// Writes larger and smaller records until the process is killed, and tells each generation once it is saved.
func writeForever(_ store: any CredentialStore, _ serverURL: String) async throws {
    var round = 0
    while true {
        round += 1
        var next = credential(serverURL)
        next.tokens.access = Secret([UInt8](repeating: UInt8(ascii: "a"), count: round % 7 * 3000 + 1))
        say(try await store.save(next, expecting: .any).generation)
    }
}

/// Fills a store up to so many records, then says what the first read of a process, further reads and writes take: medians,
/// in milliseconds.
func measure(_ place: String, records: Int) async throws {
    let clock = ContinuousClock()
    func milliseconds(_ work: () async throws -> Void) async rethrows -> Double {
        let start = clock.now
        try await work()
        let time = start.duration(to: clock.now).components
        return Double(time.seconds) * 1000 + Double(time.attoseconds) / 1e15
    }
    func median(_ times: Int, _ work: (Int) async throws -> Void) async throws -> Double {
        var all: [Double] = []
        for number in 0..<times { all.append(try await milliseconds { try await work(number) }) }
        return all.sorted()[times / 2]
    }
    func url(_ number: Int) -> String { "https://server-\(number).example/mcp" }
    let store = store(place)
    let first = try await milliseconds { _ = try await store.credential(for: CredentialKey(serverURL: url(0))) }
    for number in 0..<records { _ = try await store.save(credential(url(number)), expecting: .any) }
    let reads = try await median(101) { number in
        guard try await store.credential(for: CredentialKey(serverURL: url(number * 7 % records))) != nil else {
            throw OmlxError(.storeUnreadable, "a record is missing")
        }
    }
    let writes = try await median(31) { number in
        _ = try await store.save(credential(url(number * 3 % records)), expecting: .any)
    }
    say(JSON.object(["first": JSON(first), "read": JSON(reads), "write": JSON(writes)]).text())
}

do {
    switch command {
    case "count":
        try await count(
            store(parameters[0]), parameters[1],
            times: Int(parameters[2]) ?? 0)
    case "count-aloud":
        try await count(store(parameters[0]), parameters[1], times: Int(parameters[2]) ?? 0, isAloud: true)
    case "migrate":
        var places = StorePlaces(
            folder: parameters[0], lockFolder: parameters[1], environment: [:], homeDirectory: parameters[0])
        places.vault = VaultSettings(address: parameters[2], token: .value(Secret("root")))
        say(try await StoreMigration(from: .file, to: .vault, places: places, command: "probe").run {}.moved)
    case "changes":
        guard let changes = store(parameters[0]).changes() else { exit(64) }
        say("watching")
        for await _ in changes { break }
    case "write-forever":
        try await writeForever(store(parameters[0]), parameters[1])
    case "save":
        let store = store(parameters[0])
        var next = credential(parameters[1])
        next.tokens.access = Secret([UInt8](repeating: UInt8(ascii: "a"), count: Int(parameters[2]) ?? 1))
        _ = try await store.save(next, expecting: .any)
    case "save-apart":
        // Each saved, and read, by a store, and so a session and keys, of its own.
        for number in 0..<(Int(parameters[1]) ?? 0) {
            let url = "https://apart-\(number)"
            _ = try await store(parameters[0]).save(credential(url), expecting: .absent)
            guard try await store(parameters[0]).credential(for: CredentialKey(serverURL: url)) != nil else {
                throw OmlxError(.storeUnreadable, "a record is missing")
            }
        }
    case "read":
        let found = try await store(parameters[0]).credential(for: CredentialKey(serverURL: parameters[1]))
        say(found.map { "generation \($0.generation) count \($0.unknown["count"]?.intValue ?? 0)" } ?? "none")
    case "read-each":
        let store = store(parameters[0])
        while let url = readLine() {
            do {
                let found = try await store.credential(for: CredentialKey(serverURL: url))
                say(found == nil ? "none" : "found")
            } catch let error as OmlxError {
                say(error.code.text)
            }
        }
    case "list":
        let listing = try await store(parameters[0]).credentials()
        for key in listing.records.map(\.key.description).sorted() { say(key) }
        for damaged in listing.damaged { say("damaged \(damaged.error.code.text)") }
    case "describe":
        for damaged in try await store(parameters[0]).credentials().damaged {
            say(
                "\(damaged.server ?? "") \(damaged.account ?? ""): \(damaged.error.message); \(damaged.error.nextStep?.plainText ?? "")"
            )
        }
    case "discard":
        let store = store(parameters[0])
        for damaged in try await store.credentials().damaged { say(try await store.takeAway(damaged)) }
    case "remove-all":
        say(try await store(parameters[0]).removeEverything(for: CredentialKey(serverURL: parameters[1])))
    case "remove":
        try await store(parameters[0]).removeCredential(
            for: CredentialKey(serverURL: parameters[1]), expecting: .any)
    case "replace":
        let saved = try await store(parameters[0]).save(
            credential(parameters[1]), expecting: .any, replacingDamaged: true)
        say("generation \(saved.generation)")
    case "lock":
        let lock = try await CredentialLock.acquire(parameters[1], in: parameters[0], command: "probe")
        say("held")
        _ = readLine()
        lock.release()
    case "measure": try await measure(parameters[0], records: Int(parameters[1]) ?? 1)
    case "libcrypto":
        say(Libcrypto.isLoaded)
        _ = try SHA256.hash([])
        say(Libcrypto.isLoaded)
    default: exit(64)
    }
    say("done")
} catch {
    say((error as? OmlxError)?.code.text ?? "other error")
    // For whoever looks into a test that failed.
    let line = Array("\(arguments.joined(separator: " ")): \(error)\n".utf8)
    _ = line.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
}
