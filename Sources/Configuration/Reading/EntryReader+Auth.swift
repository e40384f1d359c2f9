// Reads the `auth` block, and the `oauth` blocks of mcp-cli and mcpo, into one model.

import OmlxErrors
import OmlxJSON
import OmlxOAuth

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

    let entry: ConfigurationEntry
    let flavour: Flavour
    private(set) var members: [String: ConfigurationEntry] = [:]
    /// Members that say again what another spelling has said.
    private(set) var repeated: [ConfigurationEntry] = []

    static let keys = [
        "type", "client_id", "client_secret", "initial_access_token", "scopes", "audience", "auth_url", "token_url",
        "device_auth_url", "registration_url", "revocation_url", "issuer", "resource", "redirect", "redirect_uri",
        "callback_port",
        "use_pkce", "extra_auth_params", "token_store", "server_url", "use_loopback", "storage_type",
        "client_metadata", "client_metadata_url", "token_endpoint_auth_method", "default_endpoints",
        "extra_token_params", "extra_refresh_params", "scope_param", "refresh_scope", "profile", "accept_issuer_slash",
        "accept_missing_pkce_list", "account",
    ]
    /// Keys of other products that mean something only there.
    static let foreignKeys = ["multi_user", "webui_secret_key", "session_timeout_minutes"]
    private static let aliases = ["authorization_url": "auth_url", "scope": "scopes"]
    private static let mcpCLIKeys: Set = [
        "authorization_url", "token_url", "redirect_uri", "use_pkce", "extra_auth_params", "client_id", "client_secret",
    ]
    private static let mcpoKeys: Set = [
        "server_url", "callback_port", "use_loopback", "storage_type", "client_metadata", "multi_user",
        "webui_secret_key", "session_timeout_minutes",
    ]

    init(_ entry: ConfigurationEntry, isForeign: Bool) {
        self.entry = entry
        let spelled = Set(entry.members.filter { !$0.entry.value.isNull }.map(\.key))
        switch (isForeign, spelled.isDisjoint(with: Self.mcpCLIKeys), spelled.isDisjoint(with: Self.mcpoKeys)) {
        case (true, false, true): flavour = .mcpCLI
        case (true, true, false): flavour = .mcpo
        default: flavour = .plain
        }
        for (key, member) in entry.members where !member.value.isNull {
            let snake = Self.snakeCase(key)
            let name = Self.aliases[snake] ?? snake
            if members[name] == nil {
                members[name] = member
            } else {
                repeated.append(member)
            }
        }
    }

    subscript(key: String) -> ConfigurationEntry? { members[key] }

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
    mutating func authConfiguration(of server: ConfigurationEntry) -> AuthConfiguration? {
        let auth = server.member("auth")
        let oauth = server.member("oauth")
        if auth != nil, let oauth {
            warn(
                .configIgnoredKey, oauth, "\"oauth\" stands beside \"auth\"; ignored",
                nextStep: "keep \"auth\" only")
        }
        guard let entry = auth ?? oauth else { return nil }
        if entry.value.objectValue == nil { return authWord(entry) }
        let block = AuthBlock(entry, isForeign: auth == nil)
        warnOfKeys(in: block)
        guard let mode = authMode(block, isTypeNeeded: auth != nil) else { return nil }
        return settings(block, mode)
    }

    /// `"auth": "oauth2"`, `"auth": "none"`, `"auth": false`.
    private mutating func authWord(_ entry: ConfigurationEntry) -> AuthConfiguration? {
        var auth = AuthConfiguration()
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

    private static func mode(_ word: String) -> AuthConfiguration.Mode? {
        switch word.lowercased() {
        case "oauth2", "oauth", "oauth2.1": .oauth2
        case "none", "disabled": .disabled
        default: nil
        }
    }

    private mutating func authMode(_ block: AuthBlock, isTypeNeeded: Bool) -> AuthConfiguration.Mode? {
        guard let member = block["type"] else {
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
        var unknown = JSONObject()
        for (key, member) in block.members.sorted(by: { $0.key < $1.key }) {
            if AuthBlock.foreignKeys.contains(key) {
                warn(
                    .configIgnoredKey, member, "\(Self.quoted(member.path)) has a meaning for mcpo only; ignored",
                    nextStep: "remove it")
            } else if !AuthBlock.keys.contains(key), let name = member.path.split(separator: ".").last {
                unknown[String(name)] = member.value
            }
        }
        var rest = block.entry
        rest.value = .object(unknown)
        warnOfUnknownKeys(in: rest, known: AuthBlock.keys)
    }
}

extension EntryReader {
    private mutating func settings(_ block: AuthBlock, _ mode: AuthConfiguration.Mode) -> AuthConfiguration {
        var auth = AuthConfiguration()
        auth.mode = mode
        readClient(block, &auth)
        readEndpoints(block, &auth)
        readParameters(block, &auth)
        readStore(block, &auth)
        auth.clientMetadata = clientMetadata(block["client_metadata"])
        auth.usesLoopback = bool(block["use_loopback"], code: .configAuthInvalid) ?? true
        auth.redirect = redirect(block, registered: auth.clientMetadata.redirectURIs)
        readPKCE(block, &auth)
        return auth
    }

    private mutating func readClient(_ block: AuthBlock, _ auth: inout AuthConfiguration) {
        auth.clientID = nonEmpty(block["client_id"])
        auth.clientSecret = secret(block["client_secret"], code: .configAuthInvalid)
        if let member = block["client_secret"] {
            if block["client_id"] == nil {
                fail(
                    .configAuthInvalid, member, "\(Self.quoted(member.path)) stands without \"client_id\"",
                    nextStep: "add \"client_id\"")
            } else if auth.clientSecret?.secret.isEmpty == true {
                fail(.configAuthInvalid, member, "\(Self.quoted(member.path)) is empty", nextStep: "remove it")
            }
        }
        auth.initialAccessToken = secret(block["initial_access_token"], code: .configAuthInvalid)
        if let member = block["initial_access_token"], auth.initialAccessToken?.secret.isEmpty == true {
            fail(.configAuthInvalid, member, "\(Self.quoted(member.path)) is empty", nextStep: "remove it")
        }
        auth.tokenEndpointAuthMethod = authMethod(block["token_endpoint_auth_method"])
        guard let member = block["client_metadata_url"], let url = endpoint(member) else { return }
        if isLawful(member, { () throws(OmlxError) in try ClientIDMetadataDocument.check(url.value) }) {
            auth.clientMetadataURL = url
        }
    }

    private mutating func readEndpoints(_ block: AuthBlock, _ auth: inout AuthConfiguration) {
        auth.authorizationURL = endpoint(block["auth_url"])
        auth.tokenURL = endpoint(block["token_url"])
        auth.deviceAuthorizationURL = endpoint(block["device_auth_url"])
        auth.registrationURL = endpoint(block["registration_url"])
        auth.revocationURL = endpoint(block["revocation_url"])
        auth.issuer = issuer(block["issuer"])
        auth.usesDefaultEndpoints = bool(block["default_endpoints"], code: .configAuthInvalid) ?? true
        auth.discoveryURL = endpoint(block["server_url"])
    }

    private mutating func readParameters(_ block: AuthBlock, _ auth: inout AuthConfiguration) {
        auth.scopes = scopes(block["scopes"])
        auth.audience = nonEmpty(block["audience"])
        auth.resource = resource(block["resource"])
        auth.extraAuthorizationParameters = parameters(block["extra_auth_params"])
        auth.extraTokenParameters = parameters(block["extra_token_params"])
        auth.extraRefreshParameters = parameters(block["extra_refresh_params"])
        auth.scopeParameter = scopeParameter(block["scope_param"])
        auth.refreshScope = refreshScope(block["refresh_scope"])
        auth.profile = profile(block["profile"])
        auth.acceptsIssuerSlash = tolerance(block["accept_issuer_slash"], "an issuer that is spelled otherwise")
        auth.acceptsMissingPKCEList = tolerance(
            block["accept_missing_pkce_list"], "an authorization server that does not say it protects codes")
    }

    private mutating func readStore(_ block: AuthBlock, _ auth: inout AuthConfiguration) {
        auth.account = nonEmpty(block["account"])?.value
        guard document.choosesStore else {
            for key in ["token_store", "storage_type"] { if let member = block[key] { warnOfStore(member) } }
            return
        }
        if let folder = path(block["token_store"], code: .configAuthInvalid) { auth.store = .folder(folder) }
        guard let member = block["storage_type"], let word = string(member, code: .configAuthInvalid) else { return }
        switch word.lowercased() {
        case "file": break
        case "memory":
            auth.store = .memory
            if let folder = block["token_store"] {
                warn(
                    .configIgnoredKey, folder,
                    "\(Self.quoted(folder.path)) contradicts \"storage_type\": memory; ignored",
                    nextStep: "keep one of the two")
            }
        default:
            fail(
                .configAuthInvalid, member, "\(Self.quoted(member.path)) must be file or memory",
                nextStep: "write \"file\" or \"memory\"")
        }
    }

    private mutating func readPKCE(_ block: AuthBlock, _ auth: inout AuthConfiguration) {
        guard let member = block["use_pkce"], let isWanted = bool(member, code: .configAuthInvalid), !isWanted else {
            return
        }
        guard auth.hasConfiguredEndpoints else {
            warn(
                .configIgnoredKey, member,
                "\(Self.quoted(member.path)): false counts only with configured endpoints; ignored",
                nextStep: "remove it")
            return
        }
        auth.usesPKCE = false
        warn(
            .configWeakened, member,
            "\(Self.quoted(member.path)): false lets a stolen code be used; PKCE is still sent where the metadata lists S256",
            nextStep: "remove it unless the provider refuses PKCE")
    }
}
