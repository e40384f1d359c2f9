// A page that describes tools: without scripts, and with nothing from elsewhere.

import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxJSON

struct DocsPage: Sendable {
    let title: String
    let text: String
    /// Names and where their pages are.
    let servers: [(name: String, address: String)]
    let tools: [PreparedTool]
    /// What stands before a tool's name in its path.
    let base: String

    static func response(_ page: DocsPage) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/html; charset=utf-8",
                .contentSecurityPolicy:
                    "default-src 'none'; style-src 'sha256-\(styleHash)'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
                .xContentTypeOptions: "nosniff",
            ],
            body: .init(byteBuffer: ByteBuffer(string: page.html)))
    }

    private static let styleHash = (try? Base64.encode(SHA256.hash(Array(style.utf8)))) ?? ""

    private static let style = """
        :root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:52rem;margin:2rem auto;padding:0 1rem}
        h1{font-size:1.5rem}h2{font-size:1.05rem;margin:2rem 0 .3rem;font-family:ui-monospace,monospace;overflow-wrap:anywhere}
        pre{overflow:auto;padding:.7rem;border:1px solid color-mix(in srgb,currentColor 25%,transparent);border-radius:6px;font-size:.85rem}
        table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.25rem .6rem .25rem 0;border-top:1px solid color-mix(in srgb,currentColor 15%,transparent);overflow-wrap:anywhere}
        code{font-family:ui-monospace,monospace}.text{white-space:pre-wrap}
        """

    private var html: String {
        var body = "<h1>\(title.markup)</h1>\n<p class=\"text\">\(text.markup)</p>\n"
        if !servers.isEmpty {
            body += "<ul>\n"
            for (name, address) in servers {
                body += "<li><a href=\"\(address.markup)\">\(name.markup)</a></li>\n"
            }
            body += "</ul>\n"
        }
        if servers.isEmpty || !base.isEmpty {
            body += "<p><a href=\"\((base + "/openapi.json").markup)\">openapi.json</a></p>\n"
        }
        for tool in tools { body += section(tool) }
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title.markup)</title><style>\(Self.style)</style></head><body>
            \(body)</body></html>

            """
    }

    private func section(_ tool: PreparedTool) -> String {
        var text = "<h2 id=\"\(tool.name.markup)\">POST \((base + "/" + tool.name).markup)</h2>\n"
        if let description = tool.description { text += "<p class=\"text\">\(description.markup)</p>\n" }
        guard tool.takesArguments else { return text + "<p>It takes no arguments.</p>\n" }
        text += "<table><tr><th scope=\"col\">Argument</th><th scope=\"col\">Type</th><th scope=\"col\"></th></tr>\n"
        for field in tool.arguments.fields {
            var more = field.description
            for (keyword, value) in field.schema.kept { more += "\n\(keyword): \(value.text())" }
            if let fallback = field.fallback { more += "\ndefault: \(fallback.text())" }
            let name = "<code>\(field.name.markup)</code>" + (field.isRequired ? " (required)" : "")
            text +=
                "<tr><td>\(name)</td><td><code>\(field.schema.type.words.markup)</code></td>"
                + "<td class=\"text\">\(more.trimmedLines.markup)</td></tr>\n"
        }
        return text + "</table>\n<details><summary>Schema</summary><pre>"
            + tool.tool.tool.inputSchema.text(pretty: true).markup + "</pre></details>\n"
    }
}

extension FormType {
    /// For people.
    fileprivate var words: String {
        switch self {
        case .any: "anything"
        case .null: "null"
        case .boolean: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .text: "string"
        case .dictionary, .model: "object"
        case .list(let element): "list of \(element.type.words)"
        case .union(let options): options.map(\.type.words).joined(separator: " or ")
        }
    }
}

extension String {
    /// As text within markup, attributes too.
    fileprivate var markup: String { inMarkup }

    fileprivate var trimmedLines: String { first == "\n" ? String(dropFirst()) : self }
}
