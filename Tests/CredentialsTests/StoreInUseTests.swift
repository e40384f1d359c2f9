// Which store is used, by every way one can be named.

import OmlxErrors
import Testing

@testable import OmlxCredentials

@Suite("the store in use")
struct StoreInUseTests {
    struct Naming: Sendable, CustomTestStringConvertible {
        var word: String?
        var configured: StoreKind?
        var isBroken = false
        /// What it comes to, as `kind by whom`.
        var used: String

        var testDescription: String {
            "\(word ?? "no word"), \(configured?.rawValue ?? "none") configured\(isBroken ? ", broken" : "")"
        }
    }

    static let namings: [Naming] = [
        .init(used: "chosen"),
        .init(word: "", used: "chosen"),
        .init(word: "auto", used: "chosen"),
        .init(word: "auto", configured: .vault, used: "chosen"),
        // There is no Vault here.
        .init(word: "", configured: .vault, used: "vault by configuration, away"),
        .init(configured: .memory, used: "memory by configuration"),
        .init(word: "encrypted", configured: .vault, used: "file by option"),
        .init(word: "keyring", used: "secretService by option"),
        .init(isBroken: true, used: "unusable"),
        .init(word: "auto", isBroken: true, used: "unusable"),
        .init(word: "file", isBroken: true, used: "file by option, away"),
    ]

    private static let broken = OmlxError(.configStoreUnsupported, "no such store")

    @Test("each way of naming one comes to its store, and says who named it", arguments: namings)
    func named(naming: Naming) throws {
        let places = StorePlaces(folder: "/x", lockFolder: "/y", environment: [:], homeDirectory: "/z")
        let used = try StoreInUse(
            named: naming.word, configured: naming.configured,
            in: naming.isBroken ? .failure(Self.broken) : .success(places))
        let found =
            switch used {
            case .program: "program"
            case .named(let kind, let namer, let store): "\(kind) by \(namer)" + (store.name == "none" ? ", away" : "")
            case .chosen: "chosen"
            case .unusable: "unusable"
            }
        #expect(found == naming.used)
        #expect((used.chosen != nil) == (found == "chosen"))
    }

    @Test("a word no store has is an error, whatever else is named")
    func unknown() {
        #expect {
            try StoreInUse(named: "cloud", configured: .file, in: .failure(Self.broken))
        } throws: {
            ErrorCode.configStoreUnsupported ~= $0
        }
    }
}
