// Reads the `auth` block, and the `oauth` blocks of mcp-cli and mcpo, into one model.

import OmlxErrors
import OmlxJSON
import OmlxOAuth
import OmlxSignIn

/// An object's members under the names of the `auth` block, whatever spelling they have in the file.
struct AuthBlock {
    /// Whose block it is, as its keys tell; decides what is assumed for what it does not say.
    enum Flavour {
        /// The `auth` block, or an `oauth` block that could be anyone's.
        case plain
        /// mcp-cli: the redirect URI is `http://localhost:8080/callback`.
        case mcpCLI
        /// mcpo: the callback port is 3030.
        case mcpo
    }

    let flavour: Flavour
    /// The members, by the names of the `auth` block.
    var members: ConfigurationObject
    /// Members that say again what another spelling has said.
    private(set) var repeated: [ConfigurationEntry] = []
    /// Members that mean something to another product only.
    private(set) var foreign: [ConfigurationEntry] = []

    var entry: ConfigurationEntry { members.entry }

    private static let foreignKeys: Set = ["multi_user", "webui_secret_key", "session_timeout_minutes"]
    private static let aliases = ["authorization_url": "auth_url", "scope": "scopes"]
    private static let mcpCLIKeys: Set = [
        "authorization_url", "token_url", "redirect_uri", "use_pkce", "extra_auth_params", "client_id", "client_secret",
    ]
    private static let mcpoKeys: Set = [
        "server_url", "callback_port", "use_loopback", "storage_type", "client_metadata", "multi_user",
        "webui_secret_key", "session_timeout_minutes",
    ]

    init(_ entry: ConfigurationEntry, isForeign: Bool) {
        let spelled = Set(entry.members.filter { !$0.entry.value.isNull }.map(\.key))
        switch (isForeign, spelled.isDisjoint(with: Self.mcpCLIKeys), spelled.isDisjoint(with: Self.mcpoKeys)) {
        case (true, false, true): flavour = .mcpCLI
        case (true, true, false): flavour = .mcpo
        default: flavour = .plain
        }
        var spellings: [String: String] = [:]
        var passed: [String] = []
        for (key, member) in entry.members {
            let snake = Self.snakeCase(key)
            let name = Self.aliases[snake] ?? snake
            if member.value.isNull {
                passed.append(key)
            } else if Self.foreignKeys.contains(name) {
                foreign.append(member)
                passed.append(key)
            } else if spellings[name] == nil {
                spellings[name] = key
            } else {
                repeated.append(member)
                passed.append(key)
            }
        }
        members = ConfigurationObject(entry, spellings: spellings)
        members.pass(passed)
    }

    /// `clientId` and `clientID` as `client_id`.
    private static func snakeCase(_ key: String) -> String {
        var snake = ""
        var wasUpper = true
        for character in key {
            let isUpper = character.isASCII && character.isUppercase
            if isUpper, !wasUpper { snake += "_" }
            snake += isUpper ? character.lowercased() : String(character)
            wasUpper = isUpper
        }
        return snake
    }
}

extension EntryReader {
    mutating func authSettings(_ auth: ConfigurationEntry?, _ oauth: ConfigurationEntry?) -> AuthSettings? {
        if auth != nil, let oauth {
            warn(
                .configIgnoredKey, oauth, "\"oauth\" stands beside \"auth\"; ignored",
                nextStep: "keep \"auth\" only")
        }
        guard let entry = auth ?? oauth else { return nil }
        if entry.value.objectValue == nil { return authWord(entry) }
        var block = AuthBlock(entry, isForeign: auth == nil)
        warnOfKeys(in: block)
        let mode = authMode(&block, isTypeNeeded: auth != nil)
        // Of a block that means nothing it is only asked what it would have said.
        var reader = self
        let settings = reader.settings(&block)
        if mode != nil { self = reader }
        warnOfUnknownKeys(in: block.members)
        guard let mode else { return nil }
        var auth = settings
        auth.mode = mode
        return auth
    }

    /// `"auth": "oauth2"`, `"auth": "none"`, `"auth": false`.
    private mutating func authWord(_ entry: ConfigurationEntry) -> AuthSettings? {
        var auth = AuthSettings()
        if entry.value == .bool(false) {
            auth.mode = .disabled
            return auth
        }
        guard let word = entry.value.stringValue else {
            wrongType(entry, wanted: "an object", code: .configAuthInvalid)
            return nil
        }
        guard let mode = Self.mode(word) else {
            fail(
                .configAuthInvalid, entry, "\(Self.quoted(entry.path)) must be an object, \"oauth2\" or \"none\"",
                nextStep: "send a fixed token with \"headers\": {\"Authorization\": \"Bearer ${TOKEN}\"}")
            return nil
        }
        auth.mode = mode
        return auth
    }

    private static func mode(_ word: String) -> AuthSettings.Mode? {
        switch word.lowercased() {
        case "oauth2", "oauth", "oauth2.1": .oauth2
        case "none", "disabled": .disabled
        default: nil
        }
    }

    private mutating func authMode(_ block: inout AuthBlock, isTypeNeeded: Bool) -> AuthSettings.Mode? {
        guard let member = block.members.take("type") else {
            guard isTypeNeeded else { return .oauth2 }
            fail(
                .configAuthInvalid, block.entry, "\"auth\" needs \"type\"",
                nextStep: "add \"type\": \"oauth2\", or \"none\" to never sign in")
            return nil
        }
        guard let word = string(member, code: .configAuthInvalid) else { return nil }
        guard let mode = Self.mode(word) else {
            fail(
                .configAuthInvalid, member, "\(Self.quoted(member.path)) must be oauth2 or none",
                nextStep: "send a fixed token with \"headers\": {\"Authorization\": \"Bearer ${TOKEN}\"}")
            return nil
        }
        return mode
    }

    private mutating func warnOfKeys(in block: AuthBlock) {
        for member in block.repeated {
            warn(
                .configIgnoredKey, member, "\(Self.quoted(member.path)) says again what another key has said; ignored",
                nextStep: "remove it")
        }
        for member in block.foreign {
            warn(
                .configIgnoredKey, member, "\(Self.quoted(member.path)) has a meaning for mcpo only; ignored",
                nextStep: "remove it")
        }
    }
}

extension EntryReader {
    private mutating func settings(_ block: inout AuthBlock) -> AuthSettings {
        var auth = AuthSettings()
        readClient(&block, &auth.signIn)
        readEndpoints(&block, &auth.signIn)
        readParameters(&block, &auth.signIn)
        readStore(&block, &auth)
        let registered = readRegistration(block.members.take("client_metadata"), &auth.signIn)
        let listens = bool(block.members.take("use_loopback"), code: .configAuthInvalid) ?? true
        auth.signIn.redirect = redirect(&block, registered: registered)
        auth.signIn.redirect.listens = listens && auth.signIn.redirect.foreignURI == nil
        readPKCE(&block, &auth.signIn)
        return auth
    }

    private mutating func readClient(_ block: inout AuthBlock, _ signIn: inout SignInConfiguration) {
        let id = block.members.take("client_id")
        signIn.clientID = nonEmpty(id)?.value
        if let member = block.members.take("client_secret") {
            signIn.clientSecret = secret(member, code: .configAuthInvalid)?.secret
            if id == nil {
                fail(
                    .configAuthInvalid, member, "\(Self.quoted(member.path)) stands without \"client_id\"",
                    nextStep: "add \"client_id\"")
            } else if signIn.clientSecret?.isEmpty == true {
                fail(.configAuthInvalid, member, "\(Self.quoted(member.path)) is empty", nextStep: "remove it")
            }
        }
        if let member = block.members.take("initial_access_token") {
            signIn.initialAccessToken = secret(member, code: .configAuthInvalid)?.secret
            if signIn.initialAccessToken?.isEmpty == true {
                fail(.configAuthInvalid, member, "\(Self.quoted(member.path)) is empty", nextStep: "remove it")
            }
        }
        signIn.clientAuthMethod = authMethod(block.members.take("token_endpoint_auth_method"))
        guard let member = block.members.take("client_metadata_url"), let url = endpoint(member) else { return }
        if isLawful(member, { () throws(OmlxError) in try ClientIDMetadataDocument.check(url.text) }) {
            signIn.clientMetadataURL = url.text
        }
    }

    private mutating func readEndpoints(_ block: inout AuthBlock, _ signIn: inout SignInConfiguration) {
        signIn.authorizationEndpoint = endpoint(block.members.take("auth_url"))
        signIn.tokenEndpoint = endpoint(block.members.take("token_url"))
        signIn.deviceAuthorizationEndpoint = endpoint(block.members.take("device_auth_url"))
        signIn.registrationEndpoint = endpoint(block.members.take("registration_url"))
        signIn.revocationEndpoint = endpoint(block.members.take("revocation_url"))
        signIn.issuer = issuer(block.members.take("issuer"))
        if let isWanted = bool(block.members.take("default_endpoints"), code: .configAuthInvalid) {
            signIn.usesDefaultEndpoints = isWanted
        }
        signIn.discoveryBase = endpoint(block.members.take("server_url"))
    }

    private mutating func readParameters(_ block: inout AuthBlock, _ signIn: inout SignInConfiguration) {
        signIn.scopes = scopes(block.members.take("scopes"))
        let audience = nonEmpty(block.members.take("audience"))
        signIn.resource = resource(block.members.take("resource"))
        signIn.authorizationParameters = parameters(block.members.take("extra_auth_params"))
        if let audience { signIn.authorizationParameters.append(ExtraParameter("audience", audience.value)) }
        signIn.tokenParameters = parameters(block.members.take("extra_token_params"))
        signIn.refreshParameters = parameters(block.members.take("extra_refresh_params"))
        signIn.scopeParameter = scopeParameter(block.members.take("scope_param"))
        signIn.refreshScope = refreshScope(block.members.take("refresh_scope"))
        signIn.profile = profile(block.members.take("profile"))
        signIn.acceptsIssuerSlash = tolerance(
            block.members.take("accept_issuer_slash"), "an issuer that is spelled otherwise")
        signIn.acceptsMissingPKCEList = tolerance(
            block.members.take("accept_missing_pkce_list"),
            "an authorization server that does not say it protects codes")
    }

    private mutating func readStore(_ block: inout AuthBlock, _ auth: inout AuthSettings) {
        auth.account = nonEmpty(block.members.take("account"))?.value
        let tokenStore = block.members.take("token_store")
        let storageType = block.members.take("storage_type")
        guard document.choosesStore else {
            for member in [tokenStore, storageType].compactMap({ $0 }) { warnOfStore(member) }
            return
        }
        if let folder = path(tokenStore, code: .configAuthInvalid) { auth.store = .folder(folder) }
        guard let member = storageType, let word = string(member, code: .configAuthInvalid) else { return }
        switch word.lowercased() {
        case "file": break
        case "memory":
            auth.store = .memory
            if let tokenStore {
                warn(
                    .configIgnoredKey, tokenStore,
                    "\(Self.quoted(tokenStore.path)) contradicts \"storage_type\": memory; ignored",
                    nextStep: "keep one of the two")
            }
        default:
            fail(
                .configAuthInvalid, member, "\(Self.quoted(member.path)) must be file or memory",
                nextStep: "write \"file\" or \"memory\"")
        }
    }

    private mutating func readPKCE(_ block: inout AuthBlock, _ signIn: inout SignInConfiguration) {
        guard let member = block.members.take("use_pkce"), let isWanted = bool(member, code: .configAuthInvalid),
            !isWanted
        else { return }
        guard signIn.hasEndpoints else {
            warn(
                .configIgnoredKey, member,
                "\(Self.quoted(member.path)): false counts only with configured endpoints; ignored",
                nextStep: "remove it")
            return
        }
        signIn.usesPKCE = false
        warn(
            .configWeakened, member,
            "\(Self.quoted(member.path)): false lets a stolen code be used; PKCE is still sent where the metadata lists S256",
            nextStep: "remove it unless the provider refuses PKCE")
    }
}
