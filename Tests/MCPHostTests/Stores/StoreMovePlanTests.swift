// Every situation a move between stores can begin in, and what it comes to.

import FoundationEssentials
import OmlxCredentials
import Testing

@testable import OmlxMCPHost

@Suite("The plan of a move between stores")
struct StoreMovePlanTests {
    struct Situation: Sendable, CustomTestStringConvertible {
        var name: String
        var target: StoreKind
        var asked: StoreKind?
        var used: StoreKind?
        var noted: StoreChoice?
        var isFollowed = true
        var plan: StoreMovePlan

        var testDescription: String { name }
    }

    private static let moment = Date(timeIntervalSince1970: 1_800_000_000)
    private static let vault = "https://vault.example secret/omlx"

    private static func noted(
        _ kind: StoreKind, emptying: StoreKind? = nil, filling: StorePlace? = nil
    ) -> StoreChoice {
        let store = StoreChoice.Kept(StorePlace(kind, vault: vault), since: moment)
        if let emptying { return .emptying(StorePlace(emptying), into: store) }
        return filling.map { .filling($0, from: store, isTentative: false) } ?? .kept(store)
    }

    static let situations: [Situation] = {
        let files = StorePlace(.file)
        let keyring = StorePlace(.secretService)
        let inVault = StorePlace(.vault, vault: vault)
        return [
            .init(
                name: "nothing noted yet", target: .secretService, used: .file,
                plan: .switching(from: files, to: keyring, takingBack: nil)),
            .init(
                name: "from the store in use", target: .vault, used: .file, noted: noted(.file),
                plan: .switching(from: files, to: inVault, takingBack: nil)),
            .init(
                name: "from the store in use, named", target: .file, asked: .vault, used: .vault, noted: noted(.vault),
                plan: .switching(from: inVault, to: files, takingBack: nil)),
            .init(
                name: "a move to the same store was broken off", target: .vault, used: .file,
                noted: noted(.file, filling: inVault), plan: .switching(from: files, to: inVault, takingBack: nil)),
            .init(
                name: "a move to another store was broken off", target: .vault, used: .file,
                noted: noted(.file, filling: keyring), plan: .switching(from: files, to: inVault, takingBack: keyring)),
            .init(
                name: "a move to another Vault was broken off", target: .vault, used: .file,
                noted: noted(.file, filling: StorePlace(.vault, vault: "elsewhere")),
                plan: .switching(from: files, to: inVault, takingBack: StorePlace(.vault, vault: "elsewhere"))),
            .init(
                name: "the move was made but for its deletions", target: .secretService, used: .secretService,
                noted: noted(.secretService, emptying: .file), plan: .draining(.file)),
            .init(
                name: "on to a third store before the first is empty", target: .vault, used: .secretService,
                noted: noted(.secretService, emptying: .file), plan: .finishing(.file, into: .secretService)),
            .init(
                name: "back before the first is empty", target: .file, used: .secretService,
                noted: noted(.secretService, emptying: .file), plan: .finishing(.file, into: .secretService)),
            .init(
                name: "copies left in the store asked for", target: .file, used: .file,
                noted: noted(.file, filling: keyring), plan: .draining(.secretService)),
            .init(
                name: "what is in another store", target: .file, asked: .vault, used: .file, noted: noted(.file),
                plan: .draining(.vault)),
            .init(
                name: "what is in another store, into one named by hand", target: .vault, asked: .file, used: .vault,
                isFollowed: false, plan: .draining(.file)),
            .init(
                name: "out of a store named by hand", target: .vault, used: .file, isFollowed: false,
                plan: .isNotFollowed(source: .file)),
            .init(
                name: "between two stores of which none is in use", target: .vault, asked: .secretService, used: .file,
                noted: noted(.file), plan: .isNotFollowed(source: .secretService)),
            .init(name: "where they are", target: .file, used: .file, noted: noted(.file), plan: .isThere),
            .init(name: "a store of the program's own", target: .file, isFollowed: false, plan: .isForeign),
        ]
    }()

    @Test("each situation has its plan", arguments: situations)
    func plan(situation: Situation) {
        let plan = StoreMovePlan(
            to: situation.target, from: situation.asked, used: situation.used, noted: situation.noted,
            isFollowed: situation.isFollowed, vault: Self.vault)
        #expect(plan == situation.plan)
    }
}
