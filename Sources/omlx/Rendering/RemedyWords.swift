// Remedies as they are typed: each action of the host as a command or an option of omlx. No other place knows how.

import OmlxErrors
import OmlxJSON

extension Remedy {
    /// The remedy as a person at a terminal reads it.
    var typed: String { text(\.typed) }
}

extension RemedyAction {
    /// The command or option that does it.
    var typed: String {
        switch self {
        case .retry: "try again"
        case .signIn(let remedy): remedy.typed
        case .listTools(let server, let schemas): Self.command("tools", server, schemas ? ["--schema"] : [])
        case .listAllTools: "omlx mcp tools"
        case .listResources(let server): Self.command("resources", server)
        case .listPrompts(let server): Self.command("prompts", server)
        case .examine(let server): Self.command("doctor", server)
        case .listServers: "omlx mcp list"
        case .showStatus(let asking): "omlx mcp status" + (asking ? " --check" : "")
        case .validate: "omlx mcp validate"
        case .trust(let path): "omlx mcp trust" + (path.map { " \($0.shellWord)" } ?? "")
        case .showStores: "omlx mcp store"
        case .checkStores(let check):
            "omlx mcp store check" + (check.repairs ? " --fix" : "") + (check.accepts ? " --accept" : "")
                + (check.store.map { " --store \($0.shellWord)" } ?? "")
        case .migrateStores(let source, let target):
            "omlx mcp store migrate" + (source.map { " --from \($0.shellWord)" } ?? "") + " --to \(target.shellWord)"
        case .clientMetadata(let url):
            "omlx mcp client-metadata" + (url.map { " --client-metadata-url \($0.shellWord)" } ?? "")
        case .useStore(let name): "OMLX_STORE=\(name.shellWord)"
        case .provideVariable(let name):
            "systemctl --user import-environment \(name.shellWord) in a shell that has it, then systemctl --user restart omlx"
        case .setting(let setting, let value): setting.typed + (value.map { " \($0.shellWord)" } ?? "")
        }
    }

    /// The command that does it, where it is one to be copied from a page.
    var command: String? {
        switch self {
        case .validate, .trust, .showStores, .checkStores, .migrateStores, .examine(.named): typed
        case .provideVariable(let name): "systemctl --user import-environment \(name.shellWord)"
        default: nil
        }
    }

    /// - Parameter server: where it is not known, the command is for any.
    fileprivate static func command(_ verb: String, _ server: ServerReference?, _ options: [String] = []) -> String {
        let words: [String] =
            switch server {
            case .named(let name)?: [name.shellWord] + options
            case .url(let url)?: ["--url \(url.shellWord)"] + options
            // What follows `--` belongs to the server's own command.
            case .words(let words)? where words.hasPrefix("-- "): options + [words]
            case .words(let words)?: [words] + options
            case nil: options
            }
        return (["omlx mcp", verb] + words).joined(separator: " ")
    }
}

extension SignInRemedy {
    fileprivate var typed: String {
        guard let server else { return "sign in again" + (resetsClient ? " with --reset-client" : "") }
        var options: [String] = []
        if let account { options.append("--account \(account.shellWord)") }
        if !scopes.isEmpty { options.append("--scope \(scopes.joined(separator: " ").shellWord)") }
        if resetsClient { options.append("--reset-client") }
        if isForced { options.append("--force") }
        return RemedyAction.command("login", server, options)
    }
}

extension HostSetting {
    fileprivate var typed: String {
        switch self {
        case .timeout: "--timeout"
        case .configuration: "--mcp-config"
        case .store: "--store or OMLX_STORE"
        case .account: "--account"
        case .output: "--output"
        case .scope: "--scope"
        case .device: "--device"
        case .browser: "--no-browser"
        case .resetClient: "--reset-client"
        case .arguments: "--args"
        case .transport: "with --url: --transport"
        }
    }
}

extension OmlxError.Comparison {
    /// The string, and what would mend it.
    var typed: String { text(\.typed) }
}

extension JSON {
    /// A value of the host as the commands print it: what would mend something as it is typed.
    init(typing value: some Encodable) {
        // Nothing the host gives is of a kind that JSON cannot say.
        self = (try? JSON(encoding: value, info: [.remedyWording: RemedyWording { $0.typed }])) ?? .null
    }
}
