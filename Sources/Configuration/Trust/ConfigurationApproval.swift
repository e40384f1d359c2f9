// What a person approved: one file's content, and that of the files with variables it names.

import OmlxErrors
import FoundationEssentials

/// An approval of a configuration file, by its content.
public struct ConfigurationApproval: Sendable, Hashable, Codable {
    /// A file with variables that the configuration names.
    public struct EnvironmentFile: Sendable, Hashable, Codable {
        /// Its path.
        public var path: String
        /// SHA-256 of its bytes, in hexadecimal; `nil` when there was none.
        public var digest: String?

        package init(path: String, digest: String?) {
            self.path = path
            self.digest = digest
        }
    }

    /// The file's name in its folder, that folder without links.
    public var place: String
    /// Where it really was.
    public var path: String
    /// SHA-256 of its bytes, in hexadecimal.
    public var digest: String
    /// The files with variables.
    public var environmentFiles: [EnvironmentFile]
    /// When.
    public var approvedAt: Date
    /// What it does, to tell later what changed.
    package var items: [RememberedItem] = []
    /// Joined to a text before it is hashed for an item, so that a hash says nothing of a short secret.
    package var salt = ""

    private enum CodingKeys: String, CodingKey { case place, path, digest, environmentFiles, approvedAt }

    package init(
        place: String, path: String, digest: String, environmentFiles: [EnvironmentFile], approvedAt: Date,
        items: [RememberedItem], salt: String
    ) {
        self.place = place
        self.path = path
        self.digest = digest
        self.environmentFiles = environmentFiles
        self.approvedAt = approvedAt
        self.items = items
        self.salt = salt
    }

    /// Whether what is there now is what was approved.
    func covers(_ other: ConfigurationApproval) -> Bool {
        place == other.place && path == other.path && digest == other.digest
            && Set(environmentFiles) == Set(other.environmentFiles)
    }
}

/// A thing an approved configuration does, as far as it may be kept.
package struct RememberedItem: Sendable, Hashable {
    package var server: String?
    package var label: String
    /// What may be shown of it: without what could be a secret.
    package var shown: String
    /// A hash of all of it.
    package var digest: String

    package init(server: String?, label: String, shown: String, digest: String) {
        self.server = server
        self.label = label
        self.shown = shown
        self.digest = digest
    }
}
