// The codes of what is kept: sign-ins and the status database. One line each, in one class each; listed in ErrorCode.all.

extension ErrorCode {
    // MARK: storage
    /// The credential store cannot be read.
    public static let storeUnreadable = ErrorCode(
        "STORE_UNREADABLE", .storage, "The credential store cannot be read.")
    /// A credential file or its folder is open to others.
    public static let storePermissions = ErrorCode(
        "STORE_PERMISSIONS", .storage, "A credential file or its folder is open to others.")
    /// The file is not a credential file of omlx.
    public static let storeForeign = ErrorCode(
        "STORE_FOREIGN", .storage, "The file is not a credential file of omlx.")
    /// The credential file was written by a newer omlx.
    public static let storeVersion = ErrorCode(
        "STORE_VERSION", .storage, "The credential file was written by a newer omlx.")
    /// The credential file is damaged.
    public static let storeDamaged = ErrorCode(
        "STORE_DAMAGED", .storage, "The credential file is damaged.")
    /// Credentials are there, but the key file is not.
    public static let storeKeyMissing = ErrorCode(
        "STORE_KEY_MISSING", .storage, "Credentials are there, but the key file is not.")
    /// The credential store is locked with a password.
    public static let storePasswordNeeded = ErrorCode(
        "STORE_PASSWORD_NEEDED", .storage, "The credential store is locked with a password.")
    /// The password does not open the credential store.
    public static let storePasswordWrong = ErrorCode(
        "STORE_PASSWORD_WRONG", .storage, "The password does not open the credential store.")
    /// The credential could not be written.
    public static let storeWriteFailed = ErrorCode(
        "STORE_WRITE_FAILED", .storage, "The credential could not be written.")
    /// Another program changed the credential meanwhile.
    public static let storeConflict = ErrorCode(
        "STORE_CONFLICT", .storage, "Another program changed the credential meanwhile.", retryable: true)
    /// Another program holds the credential's lock.
    public static let storeLockTimeout = ErrorCode(
        "STORE_LOCK_TIMEOUT", .storage, "Another program holds the credential's lock.", retryable: true)
    /// The credential's lock could not be made.
    public static let storeLockFailed = ErrorCode(
        "STORE_LOCK_FAILED", .storage, "The credential's lock could not be made.")
    /// The keyring, or whatever else keeps the credentials, cannot be reached.
    public static let storeUnavailable = ErrorCode(
        "STORE_UNAVAILABLE", .storage, "The credential store cannot be reached.", retryable: true)
    /// The keyring is locked.
    public static let storeLocked = ErrorCode(
        "STORE_LOCKED", .storage, "The desktop's keyring is locked.", retryable: true)
    /// The credential store did not answer in time.
    public static let storeTimeout = ErrorCode(
        "STORE_TIMEOUT", .storage, "The credential store did not answer in time.", retryable: true)
    /// Vault is sealed.
    public static let storeSealed = ErrorCode(
        "STORE_SEALED", .storage, "Vault is sealed.", retryable: true)
    /// Vault's token may not do this.
    public static let storeForbidden = ErrorCode(
        "STORE_FORBIDDEN", .storage, "Vault's token may not do this.")
    /// Vault wants a token, and there is none.
    public static let storeTokenNeeded = ErrorCode(
        "STORE_TOKEN_NEEDED", .storage, "Vault wants a token, and there is none.")
    /// Vault's token ended or is not valid.
    public static let storeTokenExpired = ErrorCode(
        "STORE_TOKEN_EXPIRED", .storage, "Vault's token ended or is not valid.")
    /// Vault's address is neither https nor on loopback.
    public static let storeInsecureURL = ErrorCode(
        "STORE_INSECURE_URL", .storage, "Vault's address is neither https nor on loopback.")
    /// The sign-ins are kept in another store than the one at hand.
    public static let storeMoved = ErrorCode(
        "STORE_MOVED", .storage, "The sign-ins are kept in another store than the one at hand.")
    /// An older record was put back into the store.
    public static let storeOlder = ErrorCode(
        "STORE_OLDER", .storage, "An older record was put back into the store.")
    /// The sign-ins could not be moved to another store.
    public static let storeMigration = ErrorCode(
        "STORE_MIGRATION", .storage, "The sign-ins could not be moved to another store.")
    /// OpenSSL's libcrypto is not installed, too old, or refuses to work.
    public static let storeCryptography = ErrorCode(
        "STORE_CRYPTOGRAPHY", .storage, "OpenSSL's libcrypto is not installed, too old, or refuses to work.")
    /// The status database cannot be used.
    public static let databaseUnavailable = ErrorCode(
        "DATABASE_UNAVAILABLE", .storage, "The status database cannot be used.")
}
