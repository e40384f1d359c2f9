// What the desktop's Secret Service is asked, call by call, and what its refusals are in omlx's own errors.

import OmlxCSecret
import OmlxCryptography
import OmlxErrors
import Glibc

/// An item of the Secret Service.
struct SecretServiceItem: Sendable, Hashable {
    var path: String
    var isLocked: Bool
}

/// What the keyring shows of an item, locked or not: nothing of it is secret.
struct SecretServiceDescription: Sendable, Hashable {
    var label = ""
    var attributes: [String: String] = [:]
}

/// The calls of one session, on its thread.
struct SecretServiceCalls: ~Copyable {
    private let session: OpaquePointer

    init(session: OpaquePointer) { self.session = session }

    /// Whether the default collection is locked.
    /// - Throws: `STORE_UNAVAILABLE`, `STORE_TIMEOUT`.
    func isLocked() throws(OmlxError) -> Bool {
        var isLocked = true
        try check { csecret_is_locked(session, &isLocked, $0) }
        return isLocked
    }

    /// As `isLocked`, but starts and opens nothing.
    func isLockedAtAGlance() throws(OmlxError) -> Bool {
        var isLocked = false
        try check { csecret_glance(session, &isLocked, $0) }
        return isLocked
    }

    /// Whether items are locked to this client although their collection is not.
    func withholdsItems() throws(OmlxError) -> Bool {
        var withholds = false
        try check { csecret_withholds_items(session, &withholds, $0) }
        return withholds
    }

    /// Whether the keyring can be unlocked with its password by another program than its own.
    func takesPassword() throws(OmlxError) -> Bool {
        var takes = false
        try check { csecret_takes_password(session, &takes, $0) }
        return takes
    }

    /// What is shown of an item.
    func description(of path: String) throws(OmlxError) -> SecretServiceDescription {
        var description = SecretServiceDescription()
        try withUnsafeMutablePointer(to: &description) { (description) throws(OmlxError) in
            try check { reason in
                csecret_describe(
                    session, path,
                    { context, name, text in
                        guard let text, let context else { return }
                        let description = context.assumingMemoryBound(to: SecretServiceDescription.self)
                        if let name {
                            description.pointee.attributes[String(cString: name)] = String(cString: text)
                        } else {
                            description.pointee.label = String(cString: text)
                        }
                    }, description, reason)
            }
        }
        return description
    }

    /// The items with these attributes.
    func search(_ attributes: [(String, String)]) throws(OmlxError) -> [SecretServiceItem] {
        var items: [SecretServiceItem] = []
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try withUnsafeMutablePointer(to: &items) { (items) throws(OmlxError) in
                try check { reason in
                    csecret_search(
                        session, list,
                        { context, path, isLocked in
                            guard let path else { return }
                            context?.assumingMemoryBound(to: [SecretServiceItem].self).pointee
                                .append(SecretServiceItem(path: String(cString: path), isLocked: isLocked))
                        }, items, reason)
                }
            }
        }
        return items
    }

    /// The secret of an item.
    func secret(of path: String) throws(OmlxError) -> Secret { try read(path, csecret_read) }

    /// What an item holds that is no secret, as another program would read it.
    func contentApart(of path: String) throws(OmlxError) -> Secret { try read(path, csecret_read_apart) }

    private func read(
        _ path: String,
        _ function: (
            OpaquePointer?, UnsafePointer<CChar>?, csecret_bytes?, UnsafeMutableRawPointer?,
            UnsafeMutablePointer<csecret_reason>?
        ) -> csecret_status
    ) throws(OmlxError) -> Secret {
        var secret = Secret([])
        try withUnsafeMutablePointer(to: &secret) { (secret) throws(OmlxError) in
            try check { reason in
                function(
                    session, path,
                    { context, bytes, length in
                        let buffer = UnsafeRawBufferPointer(start: bytes, count: length)
                        context?.assumingMemoryBound(to: Secret.self).pointee = Secret(copying: buffer)
                    }, secret, reason)
            }
        }
        return secret
    }

    /// Makes an item, or replaces the one with the very same attributes; its path.
    func create(_ label: String, _ attributes: [(String, String)], _ secret: Secret) throws(OmlxError) -> String {
        var path = [CChar](repeating: 0, count: 1024)
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try secret.withBytes { (bytes) throws(OmlxError) in
                try check { reason in
                    csecret_create(session, label, list, bytes.baseAddress, bytes.count, &path, path.count, reason)
                }
            }
        }
        return String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Puts another secret into an item, and other attributes on it.
    func update(_ path: String, _ attributes: [(String, String)], _ secret: Secret) throws(OmlxError) {
        try withCStrings(attributes) { (list) throws(OmlxError) in
            try secret.withBytes { (bytes) throws(OmlxError) in
                try check { reason in
                    csecret_update(session, path, list, bytes.baseAddress, bytes.count, reason)
                }
            }
        }
    }

    /// Unlocks the default collection, asking a person on the display for so many seconds.
    func unlock(seconds: Double) throws(OmlxError) { try check { csecret_unlock(session, Int32(seconds * 1000), $0) } }

    /// Has items unlocked for this client, for which a person is asked on the display for so many seconds.
    func unlock(_ items: [SecretServiceItem], seconds: Double) throws(OmlxError) {
        try withCStrings(items.map(\.path)) { (list) throws(OmlxError) in
            try check { csecret_unlock_items(session, list, Int32(seconds * 1000), $0) }
        }
    }

    /// Unlocks the default collection with its password.
    /// - Throws: `STORE_PASSWORD_WRONG`; `STORE_LOCKED` where the keyring takes passwords from its own window only.
    func unlock(with password: Secret) throws(OmlxError) {
        try password.withBytes { (bytes) throws(OmlxError) in
            try check { csecret_unlock_with(session, bytes.baseAddress, bytes.count, $0) }
        }
    }

    /// Removes an item.
    /// - Parameter seconds: how long a person may take to agree where the keyring asks one; a moment for 0.
    func delete(_ path: String, waiting seconds: Double = 0) throws(OmlxError) {
        try check { csecret_delete(session, path, Int32(seconds * 1000), $0) }
    }

    private func check(
        _ call: (UnsafeMutablePointer<csecret_reason>) -> csecret_status
    ) throws(OmlxError) {
        var reason = csecret_reason()
        let status = call(&reason)
        if status != CSECRET_OK { throw Self.failure(status, reason) }
    }

    /// Names and values in turn as C strings, ended by nil; valid during the call.
    private func withCStrings(
        _ attributes: [(String, String)],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws(OmlxError) -> Void
    ) throws(OmlxError) {
        try withCStrings(attributes.flatMap { [$0.0, $0.1] }, body)
    }

    private func withCStrings(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws(OmlxError) -> Void
    ) throws(OmlxError) {
        let texts = strings.map { strdup($0) }
        defer { for text in texts { free(text) } }
        let list: [UnsafePointer<CChar>?] = texts.map { UnsafePointer($0) } + [nil]
        var failure: OmlxError?
        list.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            do throws(OmlxError) { try body(base) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    static func failure(_ status: csecret_status, _ reason: csecret_reason) -> OmlxError {
        let said = withUnsafeBytes(of: reason.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let text = OmlxError.shown(said, limit: 200)
        switch status {
        case CSECRET_NO_LIBRARY: return .unavailable("libsecret is not installed", "apt-get install libsecret-1-0")
        case CSECRET_NO_BUS: return .unavailable("the session bus cannot be reached (\(text))")
        case CSECRET_NO_PROVIDER:
            return .unavailable(
                "no keyring answers on the session bus (\(text))",
                "start one: gnome-keyring-daemon --start --components=secrets (apt-get install gnome-keyring)")
        case CSECRET_NO_COLLECTION: return .unavailable("the keyring has no default collection")
        case CSECRET_TIMEOUT: return .overdue
        case CSECRET_GONE:
            return .unavailable(
                "it ended while it was asked (\(text)); what was being saved may be lost",
                "start it again, as by logging in to the desktop anew; then \(.retry)")
        case CSECRET_PROMPT: return .keyringLocked("the keyring wants to ask somebody first (\(text))")
        case CSECRET_DENIED: return OmlxError(.storePasswordWrong, "that password does not open the keyring")
        case CSECRET_UNSUPPORTED: return .keyringLocked("this keyring is unlocked in its own window only")
        default: return OmlxError(.storeUnavailable, "the keyring refused (\(text))")
        }
    }
}

extension OmlxError {
    static func unavailable(_ reason: String, _ step: Remedy? = nil) -> OmlxError {
        OmlxError(
            .storeUnavailable, "the desktop's keyring cannot be used: \(reason)",
            nextStep: step ?? "start omlx in the desktop's session, where DBUS_SESSION_BUS_ADDRESS leads to the keyring"
        )
    }

    static var overdue: OmlxError {
        OmlxError(
            .storeTimeout,
            "the desktop's keyring does not answer: nothing came within \(Int(SecretServiceSession.standardLimit)) s",
            nextStep: "look whether it waits for you in a window of its own, or was stopped; then \(.retry)")
    }

    static func keyringLocked(_ reason: String) -> OmlxError {
        OmlxError(.storeLocked, reason, nextStep: "unlock the keyring, as by logging in to the desktop, then \(.retry)")
    }
}
