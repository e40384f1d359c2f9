// Reading what a person pasted in place of the browser's coming back.

import ErrorCatalogue
import OAuth

/// What a person pasted in place of the browser's coming back.
enum PastedAnswer {
    /// The query of a pasted callback address, or one made of a bare code; `nil` for an empty line.
    /// - Throws: `OmlxError` with `OAUTH_CALLBACK_INVALID`.
    static func query(_ line: String, for request: AuthorizationRequest) throws(OmlxError) -> String? {
        let text = line.filter { !$0.isWhitespace }
        guard !text.isEmpty else { return nil }
        if let mark = text.firstIndex(of: "?") {
            let query = text[text.index(after: mark)...].prefix { $0 != "#" }
            let names = FormEncoding.decode(query).map(\.name)
            guard names.contains("code") || names.contains("error") else {
                throw OmlxError(
                    .oauthCallbackInvalid,
                    "that address carries neither code nor error; paste the one the browser ended at")
            }
            return String(query)
        }
        guard !text.contains("://"), !text.contains("="), text.count >= 8 else {
            throw OmlxError(
                .oauthCallbackInvalid, "that is no callback address; paste the whole address the browser ended at")
        }
        guard !request.server.sendsIssuerInCallback else {
            throw OmlxError(
                .oauthCallbackInvalid,
                "a code alone does not say which server it is from; paste the whole address the browser ended at")
        }
        // A bare code: PKCE ties it to this request; who sent it the person vouches for.
        return "code=\(FormEncoding.encode(text))&state=\(FormEncoding.encode(request.state))"
    }
}
