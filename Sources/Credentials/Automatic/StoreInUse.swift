// Which store is used, and who says so. Never a silent switch.

import OmlxErrors

/// The store all servers share that have none of their own.
package enum StoreInUse: Sendable {
    /// Who named a store.
    package enum Namer: Sendable, Hashable {
        case option
        case configuration
    }

    /// The program brings it.
    case program(any CredentialStore)
    /// It is named. One that cannot be made here fails only the servers that need a credential.
    case named(StoreKind, by: Namer, any CredentialStore)
    /// The best there is was chosen once, or will be.
    case chosen(AutomaticStore)
    /// The configuration names none that there is, or has a password that cannot be read; that fails only the servers that
    /// need a credential.
    case unusable(UnavailableStore)

    /// - Parameters:
    ///   - word: the name the program was given, as by `OMLX_STORE`; it comes before the configuration's.
    ///   - configured: the one the configuration names.
    ///   - places: where each store is, or what is wrong with what the configuration says of that.
    /// - Throws: `CONFIG_STORE_UNSUPPORTED` for a word no store has.
    package init(
        named word: String?, configured: StoreKind? = nil, in places: Result<StorePlaces, OmlxError>
    ) throws(OmlxError) {
        var named: (kind: StoreKind, by: Namer)?
        switch word {
        case nil, ""?: named = configured.map { ($0, .configuration) }
        case "auto"?: break
        case let word?:
            guard let kind = StoreKind(word: word) else { throw .unknownStore(word) }
            named = (kind, .option)
        }
        switch (named, places) {
        case (let named?, .success(let places)): self = .named(named.kind, by: named.by, places.store(named.kind))
        case (nil, .success(let places)): self = .chosen(AutomaticStore(places))
        case (let named?, .failure(let error)):
            self = .named(named.kind, by: named.by, UnavailableStore(reason: error))
        case (nil, .failure(let error)): self = .unusable(UnavailableStore(reason: error))
        }
    }

    /// The store itself.
    package var store: any CredentialStore {
        switch self {
        case .program(let store), .named(_, _, let store): store
        case .chosen(let store): store
        case .unusable(let store): store
        }
    }

    /// The store that was chosen by itself, where it is that.
    package var chosen: AutomaticStore? { if case .chosen(let store) = self { store } else { nil } }

    /// Who named it; `nil` for one that is not named.
    package var namer: Namer? {
        switch self {
        case .named(_, let namer, _): namer
        case .unusable: .configuration
        case .program, .chosen: nil
        }
    }

    /// The kind that is used now; `nil` for a store of the program's own, and for one that cannot be told.
    package func kind() async -> StoreKind? {
        switch self {
        case .named(let kind, _, _): kind
        case .chosen(let store): try? await store.kind()
        case .program, .unusable: nil
        }
    }

    /// Why it is the one it is.
    package func reason() async -> Remedy {
        switch self {
        case .program: return "the program brings it"
        case .named(_, by: .option, _): return "named by \(.setting(.store))"
        case .named(_, by: .configuration, _), .unusable: return "named by tokenStorage in the configuration"
        case .chosen(let store):
            guard let noted = try? await store.standing() else {
                return "the best there is now; noted at the first sign-in"
            }
            let since = noted.store.since.formatted(.iso8601)
            if let unfinished = noted.unfinishedMove {
                return "chosen on \(since); \(unfinished.message): \(unfinished.nextStep ?? "")"
            }
            let downgrade: Remedy = noted.store.passedOver.map { "; \($0.downgrade)" } ?? ""
            return "chosen on \(since)\(downgrade)"
        }
    }
}

extension StoreChoice {
    /// What is to be said of a move that was broken off.
    package var unfinishedMove: OmlxError? {
        let way: String
        switch self {
        case .tentative, .kept: return nil
        case .filling(let place, _, _): way = "to \(place.kind.inWords)"
        case .emptying(let place, _): way = "from \(place.kind.inWords)"
        }
        let target = if case .filling(let place, _, _) = self { place.kind } else { kind }
        return OmlxError(
            .storeMigration, "the move \(way) is unfinished", nextStep: Remedy(.migrateStores(to: target.rawValue)))
    }
}
