// Resources and prompts of servers, as a host is asked for them and answers.

import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost

/// What servers have beside tools is to be listed.
package struct CatalogueRequest: Sendable, Hashable, Codable {
    /// What is listed.
    package enum Part: String, Sendable, Hashable, CaseIterable, Codable {
        /// With their templates.
        case resources
        case prompts
    }

    /// Whose; those of all servers when empty.
    package var servers: [String]
    /// What; both when empty.
    package var parts: [Part]

    /// A request.
    package init(_ servers: [String] = [], _ parts: [Part] = []) {
        self.servers = servers
        self.parts = parts
    }

    /// Whether a server is among those asked.
    package func includes(_ name: String) -> Bool { servers.isEmpty || servers.holds(name) }
    /// Whether this is wanted.
    package func includes(_ part: Part) -> Bool { parts.isEmpty || parts.contains(part) }
}

/// What a server has beside tools.
package struct ServerCatalogue: Sendable, Hashable, Codable {
    /// The server's name in the configuration.
    package var server: String
    package var resources: [Resource] = []
    package var templates: [ResourceTemplate] = []
    package var prompts: [Prompt] = []
    /// Why that was not listed.
    package var problem: OmlxError?

    /// A server of which nothing is listed.
    package init(server: String) { self.server = server }
}

/// A resource is to be read.
package struct ResourceReading: Sendable, Hashable, Codable {
    /// Its URI.
    package var uri: String
    /// Where it is looked for; with all servers when empty, with one alone where it is one.
    package var servers: [String]
    /// The limit in seconds, in place of the server's.
    package var timeout: Double?

    /// A reading.
    package init(_ uri: String, of servers: [String] = [], timeout: Double? = nil) {
        self.uri = uri
        self.servers = servers
        self.timeout = timeout
    }
}

/// A resource that was read.
package struct ReadResource: Sendable, Hashable, Codable {
    /// The server it is of.
    package var server: String
    /// What is in it.
    package var contents: ResourceContents

    /// What was read.
    package init(server: String, contents: ResourceContents) {
        self.server = server
        self.contents = contents
    }
}

/// Changes of resources are to be heard of.
package struct ResourceSubscription: Sendable, Hashable, Codable {
    /// The server they are of.
    package var server: String
    /// Their URIs.
    package var uris: [String]

    /// Whether a change is of one of them: a server may tell of a part of what was subscribed to.
    func concerns(_ uri: String) -> Bool {
        uris.contains { uri == $0 || uri.hasPrefix($0.hasSuffix("/") ? $0 : $0 + "/") }
    }

    /// A subscription.
    package init(_ uris: [String], of server: String) {
        self.server = server
        self.uris = uris
    }
}

/// A prompt is to be filled in.
package struct PromptFilling: Sendable, Hashable, Codable {
    /// The server it is of.
    package var server: String
    /// Its name.
    package var prompt: String
    /// What is filled in: an object of texts.
    package var arguments: JSON
    /// The limit in seconds, in place of the server's.
    package var timeout: Double?

    /// A filling.
    package init(_ prompt: String, of server: String, _ arguments: [String: String] = [:], timeout: Double? = nil) {
        self.server = server
        self.prompt = prompt
        self.arguments = JSON(texts: arguments)
        self.timeout = timeout
    }
}

/// What a server proposes for an argument is asked for.
package struct CompletionQuestion: Sendable, Hashable, Codable {
    /// The server.
    package var server: String
    /// The prompt that is being filled in; `nil` for a template of resources.
    package var prompt: String?
    /// The template, as the server lists it.
    package var template: String?
    /// The argument's name.
    package var argument: String
    /// What is typed so far.
    package var value: String
    /// The arguments that are filled in already: an object of texts.
    package var others: JSON

    /// A question.
    package init(
        _ subject: CompletionSubject, of server: String, argument: String, value: String, others: [String: String] = [:]
    ) {
        self.server = server
        switch subject {
        case .prompt(let name): prompt = name
        case .template(let text): template = text
        }
        self.argument = argument
        self.value = value
        self.others = JSON(texts: others)
    }

    /// What is being filled in.
    package var subject: CompletionSubject { prompt.map { .prompt($0) } ?? .template(template ?? "") }
}

extension JSON {
    /// Texts by their names.
    init(texts: [String: String]) {
        self = .object(JSONObject(texts.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }))
    }

    /// The members as texts; what is none is written as JSON.
    var texts: [String: String] {
        Dictionary((objectValue ?? [:]).map { ($0.key, $0.value.stringValue ?? $0.value.text()) }) { $1 }
    }
}
