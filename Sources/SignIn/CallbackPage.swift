// What the browser is shown: static pages without scripts, and the judgement of which request is an answer.

import OAuth

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

    /// Which page to show, and the query when the request is an answer to an authorization request: GET, our host, our
    /// path, a code, an error or a state in it, and nothing that says it is no page a person is led to.
    func judge(path: String, hosts: Set<String>) -> (page: CallbackPage, query: String?) {
        guard let host = values("host").first, hosts.contains(host) else { return (.badRequest, nil) }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first == path else { return (.notFound, nil) }
        guard method == "GET" else { return (.wrongMethod, nil) }
        let query = parts.count > 1 ? String(parts[1]) : ""
        let names = Set(FormEncoding.decode(query).map(\.name))
        guard !names.isDisjoint(with: ["code", "error", "state"]) else { return (.nothingHere, nil) }
        guard canBeNavigation else { return (.notNavigated, nil) }
        return (names.contains("error") ? .refused : .received, query)
    }

    /// False for what a browser fetches by itself or for a page's script, image or frame (Fetch Metadata): any page could
    /// end a sign-in so. A request that says nothing of the kind, as of older browsers, may be anything.
    private var canBeNavigation: Bool {
        // A GET by which a browser goes somewhere has no Origin; one by a script has.
        guard values("origin").isEmpty else { return false }
        // Sent only ahead of time, for a prefetch, a preview or a prerendered page.
        let purposes = ["sec-purpose", "purpose", "x-purpose", "x-moz"].flatMap(values)
        return purposes.allSatisfy(\.isEmpty) && values("sec-fetch-mode").allSatisfy { $0 == "navigate" }
            && values("sec-fetch-dest").allSatisfy { $0 == "document" }
    }
}

/// A page of the callback listener.
struct CallbackPage: Hashable {
    var status: String
    var title: String
    var text: String

    static let received = CallbackPage(
        status: "200 OK", title: "Back to the terminal",
        text: "omlx has the answer and finishes the sign-in there. You can close this tab.")
    static let refused = CallbackPage(
        status: "200 OK", title: "Not signed in",
        text: "The sign-in was not granted. The terminal says why. You can close this tab.")
    static let alreadyAnswered = CallbackPage(
        status: "200 OK", title: "Already done",
        text: "This sign-in has its answer. The terminal says how it ended. You can close this tab.")
    static let otherSignIn = CallbackPage(
        status: "400 Bad Request", title: "Another sign-in",
        text: "This is not the answer to the sign-in that waits here. The terminal says more.")
    static let notAwaited = CallbackPage(
        status: "400 Bad Request", title: "Nothing awaited",
        text: "No sign-in waits for an answer yet. Open the address that the terminal shows.")
    static let notNavigated = CallbackPage(
        status: "403 Forbidden", title: "Not taken",
        text: "An answer counts only in a tab of its own. Open this address there, or paste it into the terminal.")
    static let nothingHere = CallbackPage(
        status: "400 Bad Request", title: "Nothing to do", text: "This address takes the answer to a sign-in.")
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
        let allow = self == .wrongMethod ? "Allow: GET\r\n" : ""
        return """
            HTTP/1.1 \(status)\r\n\(allow)Content-Type: text/html; charset=utf-8\r\nContent-Length: \(body.utf8.count)\r\n\
            Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n\
            Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
            form-action 'none'; frame-ancestors 'none'\r\n\
            Connection: close\r\n\r\n\(body)
            """
    }
}
