// Resources and templates of them, as a server lists them. No I/O.

import OmlxErrors
import OmlxJSON

/// A resource a server offers. All texts are the server's own and not to be trusted (MCP 2025-11-25, resources).
public struct Resource: Sendable, Hashable {
    /// What it is read by.
    public let uri: String
    /// Its name; the URI where the server gives none.
    public let name: String
    /// A name for people.
    public let title: String?
    /// What it is.
    public let description: String?
    /// Its media type, as the server says it.
    public let type: String?
    /// How many bytes it has, as the server says it.
    public let size: Int?
    /// For whom it is meant, how much it matters, when it was changed last.
    public let annotations: JSON?
    /// The resource as it came, unknown members too.
    public let raw: JSON

    package init(_ json: JSON) throws(ListRejection) {
        uri = try ListRejection.key("uri", of: json, limit: Self.uriLimit)
        name = json.text(of: "name") ?? json.text(of: "title") ?? uri
        title = json.text(of: "title")
        description = json.text(of: "description")
        type = json.text(of: "mimeType")
        size = json["size"]?.intValue
        annotations = json["annotations"].flatMap { $0.isObject ? $0 : nil }
        raw = json
    }

    /// Some servers put small pictures into URIs.
    static let uriLimit = 64 << 10
}

extension Resource: ListEntry {
    package static var list: ServerList { .resources }
    package static var keyWord: String { "URI" }
    package var key: String { uri }
    package var oddity: String? { raw.text(of: "name") == nil ? "it has no name" : nil }
}

extension Resource: JSONRepresentable {
    /// The resource object of MCP, as it came.
    public var json: JSON { raw }

    /// - Returns: `nil` for what is no resource.
    public init?(json: JSON) {
        guard let resource = try? Resource(json) else { return nil }
        self = resource
    }
}

/// Resources of one kind: what is filled into the template makes the URI of one of them (MCP 2025-11-25, resources).
public struct ResourceTemplate: Sendable, Hashable {
    /// The template (RFC 6570); `URITemplate` reads it.
    public let uriTemplate: String
    /// Its name; the template where the server gives none.
    public let name: String
    /// A name for people.
    public let title: String?
    /// What these resources are.
    public let description: String?
    /// Their media type, as the server says it, where it is the same for all.
    public let type: String?
    /// For whom they are meant, and how much they matter.
    public let annotations: JSON?
    /// The template as it came, unknown members too.
    public let raw: JSON

    package init(_ json: JSON) throws(ListRejection) {
        uriTemplate = try ListRejection.key("uriTemplate", of: json, limit: Resource.uriLimit)
        name = json.text(of: "name") ?? json.text(of: "title") ?? uriTemplate
        title = json.text(of: "title")
        description = json.text(of: "description")
        type = json.text(of: "mimeType")
        annotations = json["annotations"].flatMap { $0.isObject ? $0 : nil }
        raw = json
    }
}

extension ResourceTemplate: ListEntry {
    package static var list: ServerList { .templates }
    package static var keyWord: String { "URI template" }
    package var key: String { uriTemplate }
    package var oddity: String? { raw.text(of: "name") == nil ? "it has no name" : nil }
}

extension ResourceTemplate: JSONRepresentable {
    /// The template object of MCP, as it came.
    public var json: JSON { raw }

    /// - Returns: `nil` for what is no template.
    public init?(json: JSON) {
        guard let template = try? ResourceTemplate(json) else { return nil }
        self = template
    }
}

extension JSON {
    /// A member that is a text, and not an empty one.
    func text(of member: String) -> String? {
        self[member]?.stringValue.flatMap { $0.isEmpty ? nil : $0 }
    }
}
