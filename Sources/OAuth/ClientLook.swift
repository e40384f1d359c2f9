// A look at the authorization endpoint before a person is sent there: what would the page say?

import OmlxErrors
import OmlxHTTPClient
import OmlxJSON

/// The look at an authorization URL. A server that does not know the client, or its redirect URI, tells the browser and never
/// the client (RFC 6749 §4.1.2.1), so omlx would not hear of it otherwise.
///
/// Only an answer of class 4xx that says in so many words that it does not know the client proves that it is dead. Whatever
/// else is answered is told to the person, if it says something, and decides nothing; a redirect is not followed.
package enum ClientLook {
    /// Error codes, in whatever member, that mean a client the server does not know (any more). `unauthorized_client` is
    /// none: it says that a known client may not use this grant (RFC 6749 §4.1.2.1).
    private static let deadCodes: Set = [
        "invalid_client", "invalid_client_id", "unknown_client", "client_not_found",
        "unrecognized_client", "unrecognised_client", "client_unknown", "unregistered_client", "oauth_client_not_found",
    ]
    /// Words that say "not known" beside the word client.
    private static let deadWords = [
        "unknown", "unrecognized", "unrecognised", "not recognized", "not recognised", "invalid", "not found",
        "unregistered", "not registered", "does not exist", "doesn't exist", "no such", "not known", "no longer exists",
        "could not find", "couldn't find", "cannot find", "can't find", "deleted", "deactivated",
    ]
    /// Words that say "not the registered one" beside a redirect URI.
    private static let mismatchWords =
        deadWords + [
            "mismatch", "not match", "doesn't match", "not allowed", "not permitted", "not valid", "not whitelisted",
            "not authorized", "missing", "must be", "not accepted", "disallowed",
        ]
    /// How far apart they may stand, in characters.
    private static let reach = 60
    private static let textLimit = 64 << 10
    private static let shownLimit = 160

    /// The request: a plain GET without cookies, with a state and a challenge of its own. Its answer is not waited for
    /// long, since it decides nothing by its absence.
    package static func request(for authorization: AuthorizationRequest) -> HTTPRequest? {
        guard let url = try? HTTPURL(authorization.url) else { return nil }
        var request = HTTPRequest(
            "GET", url, headers: [.init("Accept", "text/html, application/json")],
            limits: HTTPLimits(connect: 5, firstByte: 5, idle: 3, bodyBytes: 1 << 20, total: 10), redirects: .returned)
        request.isRepeatable = true
        return request
    }

    // MARK: is the client dead?

    /// Whether the answer says that the client is dead.
    package static func isDead(_ result: Result<HTTPReply, HTTPFailure>) -> Bool {
        guard case .success(let reply) = result, (400..<500).contains(reply.head.status), reply.head.status != 429
        else {
            return false
        }
        if let json = try? JSON(parsing: reply.body) {
            return holdsDeadCode(json, depth: 0) || texts(of: json).contains(where: speaksOfDeadClient)
        }
        return page(reply).allLines.contains(where: speaksOfDeadClient)
    }

    private static func holdsDeadCode(_ json: JSON, depth: Int) -> Bool {
        guard depth < 4 else { return false }
        if let text = json.stringValue { return deadCodes.contains(text.lowercased()) }
        if let object = json.objectValue { return object.contains { holdsDeadCode($0.value, depth: depth + 1) } }
        return json.arrayValue?.contains { holdsDeadCode($0, depth: depth + 1) } ?? false
    }

    /// All strings of a document, each apart.
    private static func texts(of json: JSON) -> [String] {
        if let text = json.stringValue { return text.split(separator: "\n").map(String.init) }
        if let object = json.objectValue { return object.flatMap { texts(of: $0.value) } }
        return json.arrayValue?.flatMap { texts(of: $0) } ?? []
    }

    private static func page(_ reply: HTTPReply) -> PageText {
        PageText(String(decoding: reply.body.prefix(textLimit), as: UTF8.self))
    }

    private static func speaksOfDeadClient(_ line: String) -> Bool {
        speaks(line, of: ["client", "application"], deadWords)
    }

    /// Whether a line has one of the words near one of the subjects.
    private static func speaks(_ line: String, of subjects: [String], _ words: [String]) -> Bool {
        let line = line.lowercased().split(whereSeparator: { $0.isWhitespace || $0 == "_" }).joined(separator: " ")
        return words.contains { word in
            line.ranges(of: word).contains { range in
                let start = line.index(range.lowerBound, offsetBy: -reach, limitedBy: line.startIndex)
                let end = line.index(range.upperBound, offsetBy: reach, limitedBy: line.endIndex)
                let near = line[(start ?? line.startIndex)..<(end ?? line.endIndex)]
                return subjects.contains { near.contains($0) }
            }
        }
    }

    // MARK: what is told

    /// What the answer says to a person, as a clause; `nil` when it says nothing, as a login page or a redirect to one.
    /// - Parameter redirectURI: where an answer to the client would be sent.
    package static func finding(_ result: Result<HTTPReply, HTTPFailure>, redirectURI: String) -> String? {
        switch result {
        case .failure(let failure):
            let sure: [ErrorCode] = [
                .transportConnectionRefused, .transportDNS, .transportTLS, .transportNotHTTP, .transportAddressRefused,
                .transportProxy,
            ]
            return sure.contains(failure.error.code)
                ? "the address to sign in at could not be looked at from here (\(failure.error.message))" : nil
        case .success(let reply):
            let origin = reply.head.url.origin
            guard let words = words(reply, redirectURI) else { return nil }
            return "\(origin) answered a look at the address to sign in at with \(words)"
        }
    }

    private static func words(_ reply: HTTPReply, _ redirectURI: String) -> String? {
        let status = reply.head.status
        if (300..<400).contains(status) {
            return reply.head.headers["location"].flatMap { redirection($0, redirectURI) }
        }
        let said = said(reply)
        let shown = said.text.map { " (\(OmlxError.shown($0, limit: shownLimit)))" } ?? ""
        switch status {
        case 200..<300: return said.isAboutClient && said.text != nil ? "HTTP \(status)\(shown)" : nil
        // A page for people may be kept from programs; that is no news for who uses a browser.
        case 401, 403, 406, 429: return said.isAboutClient || said.isOAuthError ? "HTTP \(status)\(shown)" : nil
        case 400...: return "HTTP \(status)\(shown)"
        default: return nil
        }
    }

    /// A redirect back to the client with an error, or to a page for errors. Any other leads to a login page.
    private static func redirection(_ location: String, _ redirectURI: String) -> String? {
        let base = location.prefix { $0 != "?" && $0 != "#" }
        let query = location.dropFirst(base.count).drop { $0 == "?" || $0 == "#" }
        let fields = FormEncoding.decode(query.replacing("#", with: "&"))
        let error = fields.first { $0.name == "error" && !$0.value.isEmpty }?.value
        let description = fields.first { $0.name == "error_description" || $0.name == "error_message" }?.value
        if let error {
            let reply = OAuthErrorReply(error: error, errorDescription: description)
            let isBack = !base.isEmpty && base == redirectURI.prefix { $0 != "?" }
            return isBack
                ? "a redirect back with the error \(reply.text)" : "a redirect to a page with the error \(reply.text)"
        }
        let segments = base.split(separator: "/").dropFirst(base.contains("://") ? 2 : 0).map { $0.lowercased() }
        guard segments.contains(where: { ["error", "errors", "oauth-error", "oauth_error", "autherror"].contains($0) })
        else { return nil }
        return "a redirect to a page for errors (\(OmlxError.shown(String(base), limit: shownLimit)))"
    }

    private struct Said {
        var text: String?
        /// Whether it is about the client or its redirect URI.
        var isAboutClient = false
        var isOAuthError = false
    }

    /// What an answer says, in few words.
    private static func said(_ reply: HTTPReply) -> Said {
        if let json = try? JSON(parsing: reply.body) {
            let error = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)
            let words = ["error_description", "message", "detail", "title", "error"].lazy
                .compactMap { json[$0]?.stringValue }.first { !$0.isEmpty }
            let lines = texts(of: json)
            return Said(
                text: error?.text ?? words,
                isAboutClient: holdsDeadCode(json, depth: 0) || lines.contains(where: isAboutClient),
                isOAuthError: error != nil)
        }
        if reply.head.mediaType != "text/html",
            let error = OAuthErrorReply(body: reply.body, mediaType: reply.head.mediaType)
        {
            return Said(text: error.text, isAboutClient: isAboutClient(error.text), isOAuthError: true)
        }
        let page = page(reply)
        if let message = messageInScript(reply) { return Said(text: message, isAboutClient: true) }
        let telling = page.lines.first(where: isAboutClient)
        // A sentence with both words may stand on a login page too; one that speaks of an error begins with it.
        let isShort = page.lines.reduce(0) { $0 + $1.count } < 4000
        let parts = [page.title, telling ?? page.lines.first ?? ""].filter { !$0.isEmpty }
        let text = (parts.count == 2 && parts[0] == parts[1] ? [parts[0]] : parts).joined(separator: " – ")
        return Said(
            text: text.isEmpty ? nil : text,
            isAboutClient: isAboutClient(page.title) || (isShort && telling != nil))
    }

    /// The error of a page that a script builds, as Microsoft Entra's: its code begins so, and no login page has one.
    private static func messageInScript(_ reply: HTTPReply) -> String? {
        let text = String(decoding: reply.body.prefix(textLimit), as: UTF8.self)
        var rest = text[...]
        while let mark = rest.firstRange(of: "AADSTS") {
            if rest[mark.upperBound...].first?.isNumber == true {
                return String(rest[mark.lowerBound...].prefix { !"\"<\n".contains($0) }.prefix(shownLimit))
            }
            rest = rest[mark.upperBound...]
        }
        return nil
    }

    private static func isAboutClient(_ line: String) -> Bool {
        speaksOfDeadClient(line) || speaks(line, of: ["redirect"], mismatchWords)
            || line.lowercased().split(whereSeparator: { !$0.isLetter && $0 != "_" }).contains {
                deadCodes.contains(String($0))
            }
    }
}

extension PageText {
    fileprivate var allLines: [String] { [title] + lines }
}
