// A text of the configuration, before and after its variables were replaced, and the form of it that may be shown.

import OmlxCryptography

/// A text of the configuration: what the file says and what it means. Printing it shows `shown`.
public struct ConfiguredText: Sendable, Hashable {
    /// What may be printed: the file's text with its variables unexpanded, and with parts that look like a secret (the
    /// value of a query parameter `api_key`, of an argument `--token`) replaced by `<redacted>`.
    public let shown: String
    /// The text with its variables replaced, for use. May hold a secret: print `shown` instead.
    public let value: String

    /// A text as it stands, without variables.
    public init(_ text: String) { self.init(shown: text, value: text) }

    init(shown: String, value: String) {
        self.shown = shown
        self.value = value
    }
}

extension ConfiguredText: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// `shown`.
    public var description: String { shown }
    /// `shown`, in quotes.
    public var debugDescription: String { shown.debugDescription }
    /// A mirror that shows `shown` only.
    public var customMirror: Mirror { Mirror(self, children: ["shown": shown]) }
}

/// A text of the configuration that is or may be a secret: a header's or an environment variable's value, a client
/// secret, a password. Printing it shows `<redacted>`.
public struct ConfiguredSecret: Sendable, Equatable {
    /// What may be printed: the names of the variables it is made of, everything else `<redacted>`; such as
    /// `Bearer ${GITHUB_TOKEN}` or `Bearer <redacted>`.
    public let shown: String
    /// The bytes with the variables replaced.
    public let secret: Secret

    /// A secret without variables.
    public init(_ secret: Secret) {
        shown = Redactor.mark
        self.secret = secret
    }

    init(shown: String, secret: Secret) {
        self.shown = shown
        self.secret = secret
    }
}

extension ConfiguredSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { Redactor.mark }
    /// Always `<redacted>`.
    public var debugDescription: String { Redactor.mark }
    /// A mirror that shows `shown` only.
    public var customMirror: Mirror { Mirror(self, children: ["shown": shown]) }
}
