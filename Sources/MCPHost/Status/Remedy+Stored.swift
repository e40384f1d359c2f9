// A remedy as the status database keeps it.

import OmlxErrors
import OmlxJSON

extension Remedy {
    /// The remedy as text: its words where it has no action, else an array of its pieces.
    var stored: String { actions.isEmpty ? plainText : JSON.array(parts.map(\.stored)).text() }

    /// Reads what `stored` gave, and the words that older versions kept.
    init(stored text: String) {
        guard text.hasPrefix("[{"), let pieces = (try? JSON(parsing: text))?.arrayValue else {
            self.init(text)
            return
        }
        self.init(parts: pieces.compactMap(Part.init(stored:)))
    }
}

extension Remedy.Part {
    fileprivate var stored: JSON {
        switch self {
        case .text(let words): ["text": .string(words)]
        case .action(let action): ["action": .object(action.stored)]
        }
    }

    /// `nil` for what is not known, as a newer omlx may have written it.
    fileprivate init?(stored piece: JSON) {
        if let words = piece["text"]?.stringValue {
            self = .text(words)
        } else if let action = piece["action"].flatMap(RemedyAction.init(stored:)) {
            self = .action(action)
        } else {
            return nil
        }
    }
}

extension RemedyAction {
    fileprivate var stored: JSONObject {
        switch self {
        case .retry: ["do": "retry"]
        case .signIn(let remedy):
            [
                "do": "sign_in", "server": JSON(optional: remedy.server), "account": JSON(optional: remedy.account),
                "scopes": JSON(remedy.scopes), "reset_client": .bool(remedy.resetsClient),
                "force": .bool(remedy.isForced),
            ]
        case .listTools(let server, let schemas):
            ["do": "list_tools", "server": JSON(optional: server), "schemas": .bool(schemas)]
        case .listAllTools: ["do": "list_all_tools"]
        case .examine(let server): ["do": "examine", "server": JSON(optional: server)]
        case .listServers: ["do": "list_servers"]
        case .showStatus(let asking): ["do": "show_status", "asking": .bool(asking)]
        case .validate: ["do": "validate"]
        case .trust(let path): ["do": "trust", "path": JSON(optional: path)]
        case .showStores: ["do": "show_stores"]
        case .checkStores(let check):
            [
                "do": "check_stores", "accept": .bool(check.accepts), "repair": .bool(check.repairs),
                "store": JSON(optional: check.store),
            ]
        case .migrateStores(let from, let to): ["do": "migrate_stores", "from": JSON(optional: from), "to": JSON(to)]
        case .clientMetadata(let url): ["do": "client_metadata", "url": JSON(optional: url)]
        case .useStore(let name): ["do": "use_store", "store": JSON(name)]
        case .setting(let setting, let value):
            ["do": "set", "setting": JSON(setting.rawValue), "value": JSON(optional: value)]
        }
    }

    fileprivate init?(stored object: JSON) {
        func text(_ key: String) -> String? { object[key]?.stringValue }
        func flag(_ key: String) -> Bool { object[key]?.boolValue ?? false }
        let server = object["server"].flatMap(ServerReference.init(stored:))
        switch text("do") {
        case "retry": self = .retry
        case "sign_in":
            self = .signIn(
                SignInRemedy(
                    server, account: text("account"), scopes: object["scopes"]?.stringArrayValue ?? [],
                    resetsClient: flag("reset_client"), isForced: flag("force")))
        case "list_tools": self = .listTools(server, schemas: flag("schemas"))
        case "list_all_tools": self = .listAllTools
        case "examine": self = .examine(server)
        case "list_servers": self = .listServers
        case "show_status": self = .showStatus(asking: flag("asking"))
        case "validate": self = .validate
        case "trust": self = .trust(path: text("path"))
        case "show_stores": self = .showStores
        case "check_stores":
            self = .checkStores(.init(accepts: flag("accept"), repairs: flag("repair"), store: text("store")))
        case "migrate_stores":
            guard let target = text("to") else { return nil }
            self = .migrateStores(from: text("from"), to: target)
        case "client_metadata": self = .clientMetadata(url: text("url"))
        case "use_store":
            guard let name = text("store") else { return nil }
            self = .useStore(name)
        case "set":
            guard let setting = text("setting").flatMap(HostSetting.init) else { return nil }
            self = .setting(setting, text("value"))
        default: return nil
        }
    }
}

extension ServerReference {
    fileprivate init?(stored object: JSON) {
        if let name = object["name"]?.stringValue {
            self = .named(name)
        } else if let url = object["url"]?.stringValue {
            self = .url(url)
        } else if let words = object["words"]?.stringValue {
            self = .words(words)
        } else {
            return nil
        }
    }
}

extension JSON {
    fileprivate init(optional server: ServerReference?) {
        switch server {
        case .named(let name)?: self = ["name": .string(name)]
        case .url(let url)?: self = ["url": .string(url)]
        case .words(let words)?: self = ["words": .string(words)]
        case nil: self = .null
        }
    }
}
