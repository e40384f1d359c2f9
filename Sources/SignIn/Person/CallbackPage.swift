// What the browser is shown: static pages without scripts, and the judgement of which request is an answer.

import OmlxOAuth

/// The head of a request to the callback listener.
struct CallbackRequest {
    private let method: String
    private let target: String
    private let fields: [(name: String, value: String)]

    init(_ head: String) {
        let lines = head.split(whereSeparator: \.isNewline)
        let parts = (lines.first ?? "").split(separator: " ", omittingEmptySubsequences: false)
        method = parts.count == 3 ? String(parts[0]) : ""
        target = parts.count == 3 ? String(parts[1]) : ""
        fields = lines.dropFirst().compactMap { line in
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { return nil }
            return (parts[0].lowercased(), parts[1].filter { !$0.isWhitespace }.lowercased())
        }
    }

    private func values(_ name: String) -> [String] { fields.filter { $0.name == name }.map(\.value) }

    /// What the request is, for a listener at this path; a query of its own the path has not here.
    ///
    /// An answer to an authorization request is a GET with our host, our path, a code, an error or a state in it, and nothing
    /// that says it is no page a person is led to.
    func judge(path: String, hosts: Set<String>) -> CallbackReading {
        guard let host = values("host").first, hosts.contains(host) else { return CallbackReading(.badRequest) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let place = parts.first, place.hasPrefix("/") else { return CallbackReading(.notFound) }
        let query = parts.count > 1 ? String(parts[1]) : ""
        let fields = FormEncoding.decode(query)
        let names = Set(fields.map(\.name))
        let isAnswer = !names.isDisjoint(with: ["code", "error", "state"])
        guard place == path || isAnswer || Self.isNear(place, path) else { return CallbackReading(.notFound) }
        if method == "POST" { return CallbackReading(.posted, oddity: canBeNavigation(byForm: true) ? .posted : nil) }
        guard method == "GET" else { return CallbackReading(place == path ? .wrongMethod : .notFound) }
        guard isAnswer || place != path else {
            return CallbackReading(.nothingHere, oddity: canBeNavigation() ? .withoutAnswer : nil)
        }
        guard canBeNavigation() else { return CallbackReading(.notNavigated) }
        guard place == path else { return CallbackReading(.otherPath, oddity: .otherPath) }
        let isRefused = fields.contains { $0.name == "error" && (!$0.value.isEmpty || !names.contains("code")) }
        return CallbackReading(isRefused ? .refused : .received, query: query)
    }

    /// Whether a path is ours but for slashes at its end, capital letters and escapes.
    private static func isNear(_ place: Substring, _ path: String) -> Bool {
        func plain(_ text: some StringProtocol) -> String {
            // No more than a comparison: what decodes otherwise is not near.
            var text = FormEncoding.decode(text).first?.name.lowercased() ?? ""
            while text.hasSuffix("/") { text.removeLast() }
            return text
        }
        return plain(place) == plain(path) && !plain(path).isEmpty
    }

    /// False for what a browser fetches by itself or for a page's script, image or frame (Fetch Metadata): any page could
    /// end a sign-in so. A request that says nothing of the kind, as of older browsers, may be anything.
    private func canBeNavigation(byForm: Bool = false) -> Bool {
        // A GET by which a browser goes somewhere has no Origin; one by a script has, and so has a form.
        guard byForm || values("origin").isEmpty else { return false }
        // Sent only ahead of time, for a prefetch, a preview or a prerendered page.
        let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"].flatMap(values)
        return purposes.allSatisfy(\.isEmpty) && values("sec-fetch-mode").allSatisfy { $0 == "navigate" }
            && values("sec-fetch-dest").allSatisfy { $0 == "document" }
    }
}

/// What a request to the callback listener is.
struct CallbackReading {
    /// The page to show.
    var page: CallbackPage
    /// The query, when it is an answer to an authorization request.
    var query: String?
    /// What a person should know of it all the same.
    var oddity: CallbackOddity?

    init(_ page: CallbackPage, query: String? = nil, oddity: CallbackOddity? = nil) {
        self.page = page
        self.query = query
        self.oddity = oddity
    }
}

/// A browser that came back in a way that is not read; what it brought may be pasted.
enum CallbackOddity: Hashable, Sendable {
    /// By POST, as of `response_mode=form_post`, or a redirect with 307.
    case posted
    /// To the right place without an answer in its query: it may stand behind `#`, which browsers keep to themselves.
    case withoutAnswer
    /// To another path, as one with a slash more at its end.
    case otherPath

    /// What happened and what to do, for the terminal.
    var text: String {
        let paste = "copy the whole address from the browser and paste it here"
        return switch self {
        case .posted:
            "The browser came back by POST, which is not read here. If its address shows a code, \(paste)."
        case .withoutAnswer:
            "The browser came back without an answer in the query. It may stand behind # in its address: \(paste)."
        case .otherPath: "The browser came back to another path than the redirect URI's: \(paste)."
        }
    }
}

/// A page of the callback listener.
struct CallbackPage: Hashable {
    var status: String
    var title: String
    var text: String

    static let received = CallbackPage(
        status: "200 OK", title: "Back to omlx",
        text:
            "omlx has the answer and finishes the sign-in where you began it, in the terminal or on its page. You can close this tab."
    )
    static let refused = CallbackPage(
        status: "200 OK", title: "Not signed in",
        text: "The sign-in was not granted. omlx says why where you began it. You can close this tab.")
    static let alreadyAnswered = CallbackPage(
        status: "200 OK", title: "Already done",
        text: "This sign-in has its answer. omlx says how it ended where you began it. You can close this tab.")
    static let otherSignIn = CallbackPage(
        status: "400 Bad Request", title: "Another sign-in",
        text:
            "This is not the answer to the sign-in that waits here, as of a tab left open from an earlier one. It changes "
            + "nothing: the sign-in goes on waiting. You can close this tab.")
    static let unproven = CallbackPage(
        status: "400 Bad Request", title: "Refused, it seems",
        text:
            "This answer says that the sign-in was refused, and does not prove that it belongs to it. omlx says "
            + "more where you began it, and goes on waiting. You can close this tab.")
    static let posted = CallbackPage(
        status: "405 Method Not Allowed", title: "Not read",
        text:
            "The answer came by POST, which is not read here. If the address of this tab shows a code, copy the whole "
            + "address, paste it into the terminal, or on the page, where you began.")
    static let otherPath = CallbackPage(
        status: "404 Not Found", title: "Another path",
        text:
            "The answer came to another path than the one registered, and is not taken by itself. Copy the whole address "
            + "of this tab, paste it into the terminal, or on the page, where you began.")
    static let notAwaited = CallbackPage(
        status: "400 Bad Request", title: "Nothing awaited",
        text: "No sign-in waits for an answer yet. Open the address that omlx shows.")
    static let notNavigated = CallbackPage(
        status: "403 Forbidden", title: "Not taken",
        text: "An answer counts only in a tab of its own. Open this address there, or paste it where you began.")
    static let nothingHere = CallbackPage(
        status: "400 Bad Request", title: "No answer here",
        text:
            "This address takes the answer to a sign-in, and none came with it. If the address of this tab goes on behind "
            + "a # sign, copy the whole address, paste it into the terminal, or on the page, where you began.")
    static let badRequest = CallbackPage(
        status: "400 Bad Request", title: "Bad request", text: "This is no answer to a sign-in.")
    static let notFound = CallbackPage(status: "404 Not Found", title: "Not found", text: "There is nothing here.")
    static let wrongMethod = CallbackPage(
        status: "405 Method Not Allowed", title: "Method not allowed", text: "This address takes a GET.")

    /// The whole HTTP answer. Every text is ours: nothing of the request is repeated.
    var response: String {
        let body = """
            <!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
            <title>omlx: \(title)</title>
            <style>body{font:18px/1.5 system-ui,sans-serif;margin:15vh auto;max-width:32em;padding:0 1em;\
            color-scheme:light dark}</style>
            <h1>\(title)</h1><p>\(text)</p></html>

            """
        let allow = status.hasPrefix("405 ") ? "Allow: GET\r\n" : ""
        return """
            HTTP/1.1 \(status)\r\n\(allow)Content-Type: text/html; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n\
            Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
            Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
            form-action 'none'; frame-ancestors 'none'\r\n\
            Connection: close\r\n\r\n\(body)
            """
    }
}
