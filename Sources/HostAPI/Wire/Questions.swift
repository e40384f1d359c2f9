// What questions of `Host` are made of where they have several parts, as they are sent.

import FoundationEssentials
import OmlxConfiguration
import OmlxCredentials
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn

/// No value.
package struct Nothing: Sendable, Hashable, Codable {
    package init() {}
}

/// Which host answers.
package struct HostGreeting: Sendable, Hashable, Codable {
    /// The version of omlx.
    package var version: String
    /// `HostAPI.level` of it.
    package var level: Int
    /// Its process.
    package var process: Int
    /// Where it keeps things.
    package var places: HostPlaces
    /// What it was configured by.
    package var configuration: ConfigurationReport

    package init(places: HostPlaces, configuration: ConfigurationReport, process: Int) {
        version = HostOptions.version
        level = HostAPI.level
        self.process = process
        self.places = places
        self.configuration = configuration
    }
}

/// Where a host keeps things.
package struct HostPlaces: Sendable, Hashable, Codable {
    package var credentials: String
    package var database: String
    package var locks: String

    package init(_ paths: HostPaths) {
        (credentials, database, locks) = (paths.credentials, paths.database, paths.locks)
    }
}

/// Paths of files.
package struct FilePaths: Sendable, Hashable, Codable {
    package var paths: Set<String>
}

/// Some servers; all when there are none.
package struct ServerNames: Sendable, Hashable, Codable {
    package var servers: [String] = []
    package init(_ servers: [String] = []) { self.servers = servers }
}

/// One server.
package struct ServerName: Sendable, Hashable, Codable {
    package var server: String
    package init(_ server: String) { self.server = server }
}

/// One server, or none.
package struct OptionalServerName: Sendable, Hashable, Codable {
    package var server: String?
    package init(_ server: String? = nil) { self.server = server }
}

/// By what means the person signs in who takes part in a conversation.
package struct LoginMeans: Sendable, Hashable, Codable {
    package var opensBrowser: Bool
    package var flow: SignInFlow
    package var seconds: Int

    init(_ offer: LoginOffer) { (opensBrowser, flow, seconds) = (offer.opensBrowser, offer.flow, offer.seconds) }

    /// The same with that person.
    package func offer(_ person: any LoginPerson) -> LoginOffer {
        LoginOffer(person, opensBrowser: opensBrowser, flow: flow, seconds: seconds)
    }
}

package struct ToolSearch: Sendable, Hashable, Codable {
    package var name: String
    package var person: LoginMeans?
}

package struct ToolCalling: Sendable, Hashable, Codable {
    package var call: ToolCall
    package var person: LoginMeans?
    /// Whether what the server asks is answered in the conversation.
    package var elicits: Bool?
}

package struct ResourceAsking: Sendable, Hashable, Codable {
    package var reading: ResourceReading
    package var person: LoginMeans?
}

package struct PromptAsking: Sendable, Hashable, Codable {
    package var filling: PromptFilling
    package var person: LoginMeans?
}

package struct LoginStart: Sendable, Hashable, Codable {
    package var server: String
    package var options: LoginOptions
    package var person: LoginMeans
}

package struct SignedInConnect: Sendable, Hashable, Codable {
    package var server: String
    package var person: LoginMeans
}

package struct LogoutStart: Sendable, Hashable, Codable {
    package var server: String
    package var request: LogoutRequest
}

package struct MetadataRequest: Sendable, Hashable, Codable {
    package var url: String?
    package var server: String?
    package init(url: String? = nil, server: String? = nil) { (self.url, self.server) = (url, server) }
}

package struct EditWriting: Sendable, Hashable, Codable {
    package var edit: ServerEdit
    package var preview: FixPreview
}

package struct FixWriting: Sendable, Hashable, Codable {
    package var fix: DoctorFix
    package var preview: FixPreview
}

package struct StoresRequest: Sendable, Hashable, Codable {
    package var tries: Bool
    package init(tries: Bool = false) { self.tries = tries }
}

package struct PruneRequest: Sendable, Hashable, Codable {
    package var orphans: StoreOrphans
    package var localOnly: Bool
}

package struct MoveRequest: Sendable, Hashable, Codable {
    package var target: StoreKind
    package var source: StoreKind?
    package var patience: Double?
}

/// Beside it, in the same object, `password` may stand.
package struct KeyringKey: Sendable, Hashable, Codable {
    package var seconds: Double?
    package init(seconds: Double? = nil) { self.seconds = seconds }

    /// A person's time where none is named, in seconds.
    package static let patience = 60.0
}

/// Beside it, in the same object, stands `password`.
package struct StorePassword: Sendable, Hashable, Codable {
    package init() {}
}

/// Beside it, in the same object, stands `value`.
package struct HeaderForm: Sendable, Hashable, Codable {
    package var source: String
    package var expiresAt: Date?
    package var account: String?

    package init(_ header: ServerHeader) {
        (source, expiresAt, account) = (header.source.rawValue, header.expiresAt, header.account)
    }
}
