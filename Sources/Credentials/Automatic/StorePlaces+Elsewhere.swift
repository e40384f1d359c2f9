// What is said when the sign-ins are in another Vault than the one that is named here.

import OmlxErrors
import FoundationEssentials

extension StorePlaces {
    static let givingUp: Remedy =
        "give those copies up, which deletes nothing there: \(.checkStores(.init(accepts: true)))"

    /// The error of a choice that names another Vault.
    func elsewhere(_ store: StoreChoice.Kept) -> OmlxError {
        let hint: Remedy =
            vault == nil
            ? "" : "; if it is the same Vault under another address: \(.checkStores(.init(accepts: true)))"
        return OmlxError(
            .storeMoved, "the sign-ins are kept in Vault since \(store.since.formatted(.iso8601)), and \(whatIsNamed)",
            compared: compared(store.place), nextStep: wayBack(to: store.place) + hint)
    }

    /// The error of copies in another Vault, which a move that was broken off left.
    func elsewhere(copies place: StorePlace) -> OmlxError {
        OmlxError(
            .storeMoved, "a move was broken off and may have left copies in Vault, and \(whatIsNamed)",
            compared: compared(place), nextStep: "\(wayBack(to: place)); or \(Self.givingUp)")
    }

    private var whatIsNamed: String { vault == nil ? "no Vault is named here" : "another place is named here" }

    private func compared(_ place: StorePlace) -> [OmlxError.Comparison] {
        [.init("kept in", place.vault ?? "Vault"), .init("named here", vault?.place ?? "none")]
    }

    /// What to write down so that a Vault is named again.
    private func wayBack(to place: StorePlace) -> Remedy {
        guard let place = place.vault else { return "export VAULT_ADDR, or write vaultUrl in tokenStorage" }
        let address = place.prefix { $0 != " " }
        if let here = vault?.place, here.prefix(while: { $0 != " " }) == address {
            return "put vaultMountPoint, vaultPathPrefix and vaultNamespace (VAULT_NAMESPACE) back to: \(place)"
        }
        return "export VAULT_ADDR=\(String(address).shellWord), or write it as vaultUrl in tokenStorage"
    }
}
