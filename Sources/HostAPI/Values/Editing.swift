// The configuration's entries as they are shown, and what was changed about them.

import OmlxJSON

/// A server's entry in the configuration.
package struct ShownEntry: Sendable, Hashable, Codable {
    /// The file.
    package var file: String
    /// The entry; of secrets the names of their variables alone, `<redacted>` in the place of what the file itself holds.
    package var entry: JSON
}

/// A change that was written.
package struct WrittenEdit: Sendable, Hashable, Codable {
    /// The file.
    package var file: String
    /// The copy of what was there; `nil` when there was no file.
    package var backup: String?
    /// SHA-256 of the file as it was written, in hexadecimal.
    package var digest: String
}
