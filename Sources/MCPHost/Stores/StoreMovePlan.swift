// What a move between stores comes to, worked out before anything is moved. No I/O.

import OmlxCredentials

/// The plan of a move: decided by what is noted and what is asked for, carried out by `HostStores.move`.
enum StoreMovePlan: Sendable, Hashable {
    /// Everything is copied from the store in use, which the other one then is. An earlier move that did not get so far may
    /// have left copies in yet another store; they are taken back before.
    case switching(from: StorePlace, to: StorePlace, takingBack: StorePlace?)
    /// What is in a store that is not in use goes to the one that is.
    case draining(StoreKind)
    /// An earlier move emptied its source only in part: its rest comes to the store in use first, for the note tells of one
    /// move only.
    case finishing(StoreKind, into: StoreKind)
    /// There is nothing to be moved: the sign-ins are there already.
    case isThere
    /// The store is the program's own.
    case isForeign
    /// The store would stay in use whatever is noted, or what is to be moved is not the store in use.
    case isNotFollowed(source: StoreKind)

    /// - Parameters:
    ///   - target: where to.
    ///   - asked: where from; `nil` for the store in use, or the one an earlier move left half empty.
    ///   - used: the store in use; `nil` for one of the program's own.
    ///   - noted: the choice that binds, where there is one.
    ///   - isFollowed: whether the store in use is the one the note says.
    ///   - vault: which Vault is named here.
    init(
        to target: StoreKind, from asked: StoreKind?, used: StoreKind?, noted: StoreChoice?, isFollowed: Bool,
        vault: String?
    ) {
        let left = noted?.copies?.kind
        guard let source = asked ?? (used == target ? left : used) else {
            self = used == target ? .isThere : .isForeign
            return
        }
        if case .emptying(let rest, _)? = noted, used == source {
            self = .finishing(rest.kind, into: source)
            return
        }
        guard used != target else {
            self = .draining(source)
            return
        }
        guard isFollowed, used == source else {
            self = .isNotFollowed(source: source)
            return
        }
        let there = StorePlace(target, vault: vault)
        var other: StorePlace?
        if case .filling(let place, _, _)? = noted, place != there { other = place }
        self = .switching(from: StorePlace(source, vault: vault), to: there, takingBack: other)
    }
}
