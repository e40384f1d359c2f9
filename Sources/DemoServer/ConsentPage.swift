// The page on which a person allows or denies a sign-in.

extension AuthorizationServer {
    func consentPage(id: String, grant: Grant) -> Reply {
        let scopes = grant.scope.isEmpty ? "no particular scope" : grant.scope
        let rows = [
            ("Application", grant.client.name), ("Client id", grant.client.id), ("Scopes", scopes),
            ("For", grant.resource ?? "any resource"), ("Sends you back to", grant.redirectURI),
        ]
        let list = rows.map { "<dt>\(Self.escape($0))</dt><dd>\(Self.escape($1))</dd>" }.joined(separator: "\n")
        let page = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Allow access? – demo sign-in</title>
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <style>
            body { font: 16px/1.5 system-ui, sans-serif; max-width: 36rem; margin: 3rem auto; padding: 0 1rem }
            dt { font-weight: 600 } dd { margin: 0 0 .5rem; overflow-wrap: anywhere }
            button { font: inherit; padding: .4rem 1.2rem; margin-right: .5rem }
            </style></head><body>
            <h1>Allow access?</h1>
            <p>This is the demo authorization server. No real account is involved.</p>
            <dl>
            \(list)
            </dl>
            <form method="post" action="\(Self.escape(stage.issuer + "/consent"))">
            <input type="hidden" name="request" value="\(Self.escape(id))">
            <button name="decision" value="allow">Allow</button>
            <button name="decision" value="deny">Deny</button>
            </form>
            </body></html>

            """
        return .message(Message(status: 200, headers: pageHeaders(grant), body: Array(page.utf8)))
    }

    /// `form-action` covers the redirect after the form as well, so the client's origin is named in it.
    private func pageHeaders(_ grant: Grant) -> [HeaderField] {
        let back = RedirectURI(grant.redirectURI).map { uri in
            "\(uri.scheme)://\(uri.host)" + (uri.port.isEmpty ? "" : ":\(uri.port)")
        }
        let policy =
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; "
            + "form-action 'self' \(back ?? "")"
        return [
            HeaderField("Content-Type", "text/html; charset=utf-8"), HeaderField("Cache-Control", "no-store"),
            HeaderField("Content-Security-Policy", policy), HeaderField("X-Frame-Options", "DENY"),
            HeaderField("Referrer-Policy", "same-origin"),
        ]
    }

    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
