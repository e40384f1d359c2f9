// A block of a tool's result: what it is, its text, its bytes. No I/O.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// A block of content in a tool's result (MCP 2025-06-18, tools).
public struct ContentBlock: Sendable, Hashable {
    /// What a block is. Kinds may come: a `switch` over them needs a `default`.
    @nonexhaustive
    public enum Kind: Sendable, Hashable {
        /// A text.
        case text(String)
        /// A picture.
        case image(MediaContent)
        /// A sound.
        case audio(MediaContent)
        /// A resource as a whole.
        case resource(EmbeddedResource)
        /// Where a resource is.
        case resourceLink(ResourceLink)
        /// A block of another type, or one that lacks what its type needs: `json` has it.
        case other(type: String?)
    }

    /// The block as it came, unknown members too.
    public let json: JSON

    /// A block as a server sends it.
    public init(json: JSON) { self.json = json }

    /// What it is.
    public var kind: Kind {
        let type = json["type"]?.stringValue
        switch type {
        case "text", nil:
            if let text = json["text"]?.stringValue { return .text(text) }
        case "image":
            if let media { return .image(media) }
        case "audio":
            if let media { return .audio(media) }
        case "resource":
            if let resource = EmbeddedResource(json) { return .resource(resource) }
        case "resource_link":
            if let link = ResourceLink(json) { return .resourceLink(link) }
        default: break
        }
        return .other(type: type)
    }

    /// The text of the block, or of the resource in it.
    public var text: String? { json["text"]?.stringValue ?? json["resource"]?["text"]?.stringValue }

    /// The bytes in it, whatever its type: of a picture, a sound, a resource.
    public var media: MediaContent? { MediaContent(json["resource"] ?? json) }
}

extension ContentBlock {
    /// A text.
    public static func text(_ text: String) -> ContentBlock {
        ContentBlock(json: ["type": "text", "text": .string(text)])
    }

    /// A picture.
    public static func image(_ bytes: [UInt8], type: String) -> ContentBlock { media("image", bytes, type) }

    /// A sound.
    public static func audio(_ bytes: [UInt8], type: String) -> ContentBlock { media("audio", bytes, type) }

    private static func media(_ kind: String, _ bytes: [UInt8], _ type: String) -> ContentBlock {
        ContentBlock(
            json: ["type": .string(kind), "data": .string(Base64.encode(bytes)), "mimeType": .string(type)])
    }

    /// A resource that is a text.
    public static func resource(uri: String, text: String, type: String? = nil) -> ContentBlock {
        resource(uri, "text", text, type)
    }

    /// A resource that is bytes.
    public static func resource(uri: String, bytes: [UInt8], type: String? = nil) -> ContentBlock {
        resource(uri, "blob", Base64.encode(bytes), type)
    }

    private static func resource(_ uri: String, _ key: String, _ value: String, _ type: String?) -> ContentBlock {
        var resource: JSONObject = ["uri": .string(uri), key: .string(value)]
        if let type { resource["mimeType"] = .string(type) }
        return ContentBlock(json: ["type": "resource", "resource": .object(resource)])
    }

    /// Where a resource is.
    public static func resourceLink(
        uri: String, name: String, description: String? = nil, type: String? = nil
    ) -> ContentBlock {
        var link: JSONObject = ["type": "resource_link", "uri": .string(uri), "name": .string(name)]
        if let description { link["description"] = .string(description) }
        if let type { link["mimeType"] = .string(type) }
        return ContentBlock(json: .object(link))
    }
}

/// The bytes in a block, and of which type they are.
public struct MediaContent: Sendable, Hashable {
    /// The media type (RFC 6838), without parameters: `application/octet-stream` where none is said.
    public let type: String
    /// The bytes; `nil` when what was sent is no base64.
    public let bytes: [UInt8]?

    /// `nil` when there are none. A `data:` URL, which some servers put where base64 belongs, is read as well.
    init?(_ holder: JSON) {
        guard let data = holder["data"]?.stringValue ?? holder["blob"]?.stringValue else { return nil }
        let declared = holder["mimeType"]?.stringValue
        if let url = DataURL(data) {
            bytes = url.bytes
            type = Self.bare(declared ?? url.type)
        } else {
            bytes = Base64.decodeLeniently(data)
            type = Self.bare(declared)
        }
    }

    private static func bare(_ type: String?) -> String {
        let bare = (type ?? "").prefix { $0 != ";" }.filter { !$0.isWhitespace }.lowercased()
        return bare.isEmpty ? "application/octet-stream" : OmlxError.shown(bare, limit: 60)
    }
}

/// A resource that came with a result.
public struct EmbeddedResource: Sendable, Hashable {
    /// Its URI.
    public let uri: String
    /// Its media type, as the server says it.
    public let type: String?
    /// Its text, where it is one.
    public let text: String?
    /// Its bytes, where it is no text.
    public let media: MediaContent?

    init?(_ block: JSON) {
        guard let resource = block["resource"], let uri = resource["uri"]?.stringValue else { return nil }
        self.uri = uri
        type = resource["mimeType"]?.stringValue
        text = resource["text"]?.stringValue
        media = MediaContent(resource)
    }
}

/// Where a resource is that a result speaks of.
public struct ResourceLink: Sendable, Hashable {
    /// Its URI.
    public let uri: String
    /// Its name.
    public let name: String?
    /// A name for people.
    public let title: String?
    /// What it is.
    public let description: String?
    /// Its media type, as the server says it.
    public let type: String?
    /// How many bytes it has, as the server says it.
    public let size: Int?

    init?(_ block: JSON) {
        guard let uri = block["uri"]?.stringValue else { return nil }
        self.uri = uri
        name = block["name"]?.stringValue
        title = block["title"]?.stringValue
        description = block["description"]?.stringValue
        type = block["mimeType"]?.stringValue
        size = block["size"]?.intValue
    }
}

/// `data:image/png;base64,…` (RFC 2397).
private struct DataURL {
    let type: String?
    let bytes: [UInt8]?

    init?(_ text: String) {
        let start = text.utf8.prefix(5).map { $0 | 0x20 }
        guard start.elementsEqual("data:".utf8.map { $0 | 0x20 }),
            let comma = text.utf8.firstIndex(of: UInt8(ascii: ","))
        else { return nil }
        let head = String(decoding: text.utf8[..<comma].dropFirst(5), as: UTF8.self)
        let data = PercentEncoding.decode(text.utf8[text.utf8.index(after: comma)...])
        let words = head.split(separator: ";").map { $0.trimmingPrefix { $0 == " " }.lowercased() }
        bytes = words.contains("base64") ? Base64.decodeLeniently(String(decoding: data, as: UTF8.self)) : data
        type = head.prefix { $0 != ";" }.contains("/") ? String(head.prefix { $0 != ";" }) : nil
    }
}
