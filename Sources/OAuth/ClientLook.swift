// A look at the authorization endpoint before a person is sent there: does it still know the client? (pain 7)

import ErrorCatalogue
import HTTPClient
import JSON

/// The look at an authorization URL for a client registered earlier. Only an answer of class 4xx that says in so many
/// words that it does not know the client counts; any redirect means that it does, and is not followed.
public enum ClientLook {
    /// Error codes, in whatever member, that mean a client the server does not know (any more).
    private static let deadCodes: Set = [
        "invalid_client", "unauthorized_client", "invalid_client_id", "unknown_client", "client_not_found",
        "unrecognized_client", "unrecognised_client", "client_unknown", "unregistered_client", "oauth_client_not_found",
    ]
    /// Words that say "not known" beside the word client.
    private static let deadWords = [
        "unknown", "unrecognized", "unrecognised", "not recognized", "not recognised", "invalid", "not found",
        "unregistered", "not registered", "does not exist", "doesn't exist", "no such", "not known", "no longer exists",
        "could not find", "couldn't find", "cannot find", "can't find", "deleted", "deactivated",
    ]
    /// How far apart they may stand, in characters.
    private static let reach = 60
    private static let textLimit = 64 << 10

    /// The request: a plain GET without cookies, with a state and a challenge of its own. Its answer is not waited for
    /// long, since it decides nothing by its absence.
    public static func request(for authorization: AuthorizationRequest) -> HTTPRequest? {
        guard let url = try? HTTPURL(authorization.url) else { return nil }
        var request = HTTPRequest(
            "GET", url, headers: [.init("Accept", "text/html, application/json")],
            limits: HTTPLimits(connect: 5, firstByte: 5, idle: 3, bodyBytes: 1 << 20), redirects: .returned)
        request.isRepeatable = true
        return request
    }

    /// Whether the answer says that the client is dead.
    public static func isDead(_ result: Result<HTTPReply, HTTPFailure>) -> Bool {
        guard case .success(let reply) = result, (400..<500).contains(reply.head.status), reply.head.status != 429
        else {
            return false
        }
        let body = Array(reply.body.prefix(textLimit))
        if let json = try? JSON(parsing: reply.body) { return holdsDeadCode(json, depth: 0) || isDead(text(of: json)) }
        return isDead(visibleText(String(decoding: body, as: UTF8.self)))
    }

    private static func holdsDeadCode(_ json: JSON, depth: Int) -> Bool {
        guard depth < 4 else { return false }
        if let text = json.stringValue { return deadCodes.contains(text.lowercased()) }
        if let object = json.objectValue { return object.contains { holdsDeadCode($0.value, depth: depth + 1) } }
        return json.arrayValue?.contains { holdsDeadCode($0, depth: depth + 1) } ?? false
    }

    /// All strings of a document, each apart.
    private static func text(of json: JSON) -> String {
        if let text = json.stringValue { return text + "\n" }
        if let object = json.objectValue { return object.map { text(of: $0.value) }.joined() }
        return json.arrayValue?.map { text(of: $0) }.joined() ?? ""
    }

    /// A page's text without its tags, scripts and styles, in lower case.
    private static func visibleText(_ page: String) -> String {
        var text = ""
        var rest = page.lowercased()[...]
        while let open = rest.firstIndex(of: "<") {
            text += rest[..<open] + " "
            rest = rest[open...]
            if let hidden = ["<script", "<style"].first(where: { rest.hasPrefix($0) }) {
                guard let end = rest.firstRange(of: "</" + hidden.dropFirst()) else { return text }
                rest = rest[end.upperBound...]
            }
            guard let close = rest.firstIndex(of: ">") else { return text }
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    private static func isDead(_ text: String) -> Bool {
        let words = text.lowercased().split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "_" })
            .joined(separator: " ")
        return words.split(separator: "\n").contains { line in
            deadWords.contains { dead in
                line.ranges(of: dead).contains { range in
                    let start = line.index(range.lowerBound, offsetBy: -reach, limitedBy: line.startIndex)
                    let end = line.index(range.upperBound, offsetBy: reach, limitedBy: line.endIndex)
                    let near = line[(start ?? line.startIndex)..<(end ?? line.endIndex)]
                    return near.contains("client") || near.contains("application")
                }
            }
        }
    }
}
