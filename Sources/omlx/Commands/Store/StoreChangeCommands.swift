// omlx mcp store prune and migrate: what changes the store.

import ArgumentParser
import OmlxCredentials
import OmlxErrors
import OmlxJSON
import OmlxMCPHost

struct StorePrune: Action {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Sign out of servers that are no longer configured.",
        discussion: "Takes their tokens back at the authorization server, deletes them and the client registrations.")
    static let word = "store-prune"

    @Flag(help: "Ask no authorization server; delete the tokens here only.")
    var localOnly = false

    @Flag(help: "Delete without asking.")
    var yes = false

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let host = try await options.host(session)
        let orphans = try await host.orphans()
        var pruning = StorePruning()
        if !orphans.shown.isEmpty {
            if !session.common.json {
                for orphan in orphans.shown {
                    session.console.note(orphan.row.filter { !$0.isEmpty }.joined(separator: "  "))
                }
                let path = try await host.configuration().path
                session.console.note("! None of these is in \(path ?? "the configuration").")
                if orphans.areShared {
                    session.console.note("! Other machines may use this store too, and have these servers configured.")
                }
            }
            if !yes, try await !session.isAgreed("Sign out of these and delete them?", otherwise: "--yes") {
                return .failed
            }
            // The configuration as it is now: the person may have thought about it for a while.
            pruning = try await options.host(session).prune(orphans, localOnly: localOnly)
        }
        orphans.damaged.note(session)
        show(pruning, isEmpty: orphans.shown.isEmpty, session)
        return .done
    }

    private func show(_ pruning: StorePruning, isEmpty: Bool, _ session: Session) {
        if session.common.json {
            session.document(
                Self.word,
                [
                    "sign_ins": .array(pruning.signIns.map { $0.signOut.json($0.server) }),
                    "registrations": JSON(pruning.registrations),
                ])
            return
        }
        for signIn in pruning.signIns { session.console.line(signIn.signOut.text(signIn.server)) }
        let count = pruning.registrations
        session.console.progress(
            isEmpty
                ? "Every record that can be used belongs to a configured server."
                : "\(count) \(count == 1 ? "registration" : "registrations") deleted")
    }
}

struct StoreMigrate: Action {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Move all sign-ins to another store.",
        discussion:
            "Copies, verifies, makes the other store the one in use, then deletes. Broken off at any point, type "
            + "it again. Where mcp.json names the store in use, name the new one there first, and the old one with --from."
    )
    static let word = "store-migrate"

    /// Nothing wants a sign-in here: a copy that was put back keeps the move from being made.
    static func status(of error: OmlxError) -> ExitStatus { error.code == .storeOlder ? .failed : ExitStatus(error) }

    @Option(help: "Where to: file, secretservice or vault.")
    var to: String

    @Option(help: "Where from; the store in use if left out.")
    var from: String?

    @OptionGroup var common: CommonOptions
    @OptionGroup var options: StoreOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let target = try kind(to)
        let source = try from.map { try kind($0) }
        let host = try await options.host(session)
        // To move sign-ins out of a keyring that is locked, or asks, a person has to be able to say yes.
        let patience = try await StoreOpener(session: session, host: host).open(movingTo: target, from: source)
        let move = try await host.moveStore(to: target, from: source, patience: patience)
        if session.common.json {
            session.document(
                Self.word,
                [
                    "from": .string(move.from.rawValue), "to": .string(move.to.rawValue), "moved": JSON(move.moved),
                    "damaged": .array(move.damaged.map(\.json)),
                ])
        } else {
            for record in move.damaged { session.console.report(record.error) }
            if !move.damaged.isEmpty {
                session.console.note("! What cannot be used stays in \(move.from.inWords).")
            }
            session.console.line(
                "✓ \(move.moved) \(move.moved == 1 ? "record" : "records") moved from \(move.from.inWords) to "
                    + move.to.inWords)
        }
        return move.damaged.isEmpty ? .done : .failed
    }

    private func kind(_ word: String) throws(OmlxError) -> StoreKind {
        if let kind = StoreKind(word: word) { return kind }
        throw .unknownStore(word)
    }
}
