// The script's part about the device authorization grant (RFC 8628).

import OmlxJSON

extension DemoScript {
    /// The device authorization grant.
    public struct Device: Sendable, Equatable {
        /// What the person does who opens the verification page with the code.
        public enum Consent: String, Sendable, CaseIterable {
            /// Allows it at once.
            case auto
            /// Is shown a page with a form for the code and two buttons.
            case page
            /// Denies it at once.
            case deny
        }

        /// Whether `/device_authorization` exists and the metadata names it.
        public var enabled = false
        /// What the person does.
        public var consent = Consent.auto
        /// Seconds both codes live.
        public var lifetime = 600
        /// The `interval` said, and enforced with `slow_down`; 0 leaves it out and enforces nothing.
        public var interval = 1
        /// How many requests for the token are answered with `slow_down` before any other answer.
        public var slowDowns = 0
        /// Whether there is a `verification_uri_complete`.
        public var sendsCompleteURI = true
        /// Merge patch of the reply.
        public var patch: JSON = .null
        /// Replaces the answer of `/device_authorization`.
        public var override: Override?

        /// The defaults.
        public init() {}
    }
}

extension DemoScript.Device.Consent: ScriptChoice {}

extension DemoScript.Device: ScriptSection {
    static var fields: [ScriptField<Self>] {
        [
            .init("enabled", \.enabled), .init("consent", \.consent), .init("lifetime", \.lifetime),
            .init("interval", \.interval), .init("slowDowns", \.slowDowns),
            .init("sendsCompleteURI", \.sendsCompleteURI), .init("patch", \.patch), .init("override", \.override),
        ]
    }
}
