// Which store was chosen by itself, and how far a move to another one has come. No I/O.

import FoundationEssentials

/// A store, and which one of its kind.
package struct StorePlace: Sendable, Hashable, Codable {
    /// The store.
    package let kind: StoreKind
    /// Which Vault, where it is one and that is known.
    package let vault: String?

    /// A store; only a Vault is one of several.
    package init(_ kind: StoreKind, vault: String? = nil) {
        self.kind = kind
        self.vault = kind == .vault ? vault : nil
    }
}

/// Which store the sign-ins are kept in.
package enum StoreChoice: Sendable, Hashable {
    /// The first save there is under way, or was broken off: a Vault that is not named any more is not followed.
    case tentative(Kept)
    /// The sign-ins are kept there, and nowhere else.
    case kept(Kept)
    /// They are being copied to another store, which is not in use yet. That the first save is still to come is possible too.
    case filling(StorePlace, from: Kept, isTentative: Bool)
    /// They are kept there, and not yet deleted where they were moved from.
    case emptying(StorePlace, into: Kept)

    /// The store in use.
    package struct Kept: Sendable, Hashable {
        /// Where it is.
        package let place: StorePlace
        /// Since when.
        package let since: Date
        /// Why it is files although there was a keyring.
        package let passedOver: KeyringObstacle?

        /// A store in use.
        package init(_ place: StorePlace, since: Date, passedOver: KeyringObstacle? = nil) {
            self.place = place
            // As the note has it.
            self.since = Date(timeIntervalSince1970: since.timeIntervalSince1970.rounded(.down))
            self.passedOver = place.kind == .file ? passedOver : nil
        }
    }

    /// The store in use.
    package var store: Kept {
        switch self {
        case .tentative(let store), .kept(let store), .filling(_, let store, _), .emptying(_, let store): store
        }
    }

    /// The kind of the store in use.
    package var kind: StoreKind { store.place.kind }

    /// Whether nothing may have been kept there yet.
    package var isTentative: Bool {
        switch self {
        case .tentative: true
        case .filling(_, _, let isTentative): isTentative
        case .kept, .emptying: false
        }
    }

    /// The store that holds copies of sign-ins beside it, as of a move that was broken off.
    package var copies: StorePlace? {
        switch self {
        case .filling(let place, _, _), .emptying(let place, _): place
        case .tentative, .kept: nil
        }
    }

    /// Once something is kept there.
    package var binding: StoreChoice {
        switch self {
        case .tentative(let store): .kept(store)
        case .filling(let place, let store, _): .filling(place, from: store, isTentative: false)
        case .kept, .emptying: self
        }
    }

    // MARK: a move

    /// While the sign-ins are copied to another store: copies that are noted nowhere would outlive a sign-out.
    package func filling(_ target: StorePlace) -> StoreChoice {
        .filling(target, from: store, isTentative: isTentative)
    }

    /// Once they are there, and not yet deleted here.
    package func moved(to target: StorePlace, since: Date) -> StoreChoice {
        .emptying(store.place, into: Kept(target, since: since))
    }

    /// Once there are no copies of them anywhere else, or what is left of them is given up.
    package var alone: StoreChoice { isTentative ? .tentative(store) : .kept(store) }

    /// Once there are no copies of them in a store of this kind any more.
    package func emptied(_ kind: StoreKind) -> StoreChoice { copies?.kind == kind ? alone : self }

    /// The same choice of a Vault at another place.
    package func at(vault place: String) -> StoreChoice {
        let store = Kept(StorePlace(kind, vault: place), since: store.since, passedOver: store.passedOver)
        return switch self {
        case .tentative: .tentative(store)
        case .kept: .kept(store)
        case .filling(let target, _, let isTentative): .filling(target, from: store, isTentative: isTentative)
        case .emptying(let source, _): .emptying(source, into: store)
        }
    }
}
