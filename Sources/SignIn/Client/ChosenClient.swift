// The client of a sign-in, with where it comes from and what belongs to that.

import OmlxCredentials
import OmlxOAuth

/// Where the client of a sign-in comes from.
@nonexhaustive
public enum SignInClient: String, Sendable, Hashable, CaseIterable, Codable {
    /// The user's own, from the configuration.
    case configured
    /// The URL of a metadata document the user hosts.
    case metadataDocument = "metadata_document"
    /// Registered by an earlier sign-in.
    case registeredBefore = "registered_before"
    /// Registered by this sign-in.
    case registeredNow = "registered_now"
}

/// A client that is settled.
struct ChosenClient: Sendable {
    /// Where it comes from, with the record that only a registration has.
    enum Source: Sendable {
        case configured
        case metadataDocument
        case registeredBefore(ClientRegistration)
        /// - Parameter isForDeviceAlone: registered for the device grant alone, which a browser has no use for.
        case registeredNow(ClientRegistration, isForDeviceAlone: Bool)
    }

    var client: OAuthClient
    var source: Source

    /// Where it comes from, for people.
    var origin: SignInClient {
        switch source {
        case .configured: .configured
        case .metadataDocument: .metadataDocument
        case .registeredBefore: .registeredBefore
        case .registeredNow: .registeredNow
        }
    }

    /// Its registration, where omlx made one.
    var registration: ClientRegistration? {
        switch source {
        case .configured, .metadataDocument: nil
        case .registeredBefore(let record), .registeredNow(let record, _): record
        }
    }

    /// Takes over the form that worked in place of the first one.
    /// - Returns: the registration with that form, to be kept so that no later sign-in begins anew.
    mutating func learn(_ authentication: ClientAuthentication) -> ClientRegistration? {
        guard let form = authentication.learned else { return nil }
        client.others = ([client.form] + client.others).filter { $0 != form }
        client.form = form
        guard var record = registration else { return nil }
        record.clientAuthForm = form.text
        switch source {
        case .configured, .metadataDocument: break
        case .registeredBefore: source = .registeredBefore(record)
        case .registeredNow(_, let isForDeviceAlone):
            source = .registeredNow(record, isForDeviceAlone: isForDeviceAlone)
        }
        return record
    }
}
