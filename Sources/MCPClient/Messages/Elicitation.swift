// What a server wants to know from the person while it works on a request, and what is answered (MCP 2025-11-25 and 2026-07-28,
// elicitation). No I/O.

import OmlxCryptography
import OmlxErrors
import OmlxJSON

/// A question of a server to the person.
public struct Elicitation: Sendable, Hashable, Codable {
    /// What is wanted.
    public enum Wish: Sendable, Hashable, Codable {
        /// Values for these fields.
        case form([ElicitedField])
        /// That the person opens this address, for what must not go through the client. Nothing of it is fetched, and it is opened
        /// by the person's browser alone, after they saw the whole of it and agreed.
        case page(url: String)
    }

    /// Why the server asks, in its own words.
    public var message: String
    public var wish: Wish

    /// A question.
    public init(message: String, wish: Wish) {
        self.message = message
        self.wish = wish
    }

    /// The request by which a server asks.
    static let method = "elicitation/create"

    /// Which kinds of question a client can answer.
    enum Mode: String, Sendable, Hashable { case form, url }

    /// Reads the parameters of `elicitation/create`.
    /// - Throws: `ElicitationFault` for what no question is.
    init(params: JSON?) throws(ElicitationFault) {
        guard let message = params?["message"]?.stringValue else {
            throw ElicitationFault("the question has no message")
        }
        self.message = message
        switch params?["mode"]?.stringValue ?? (params?["mode"] == nil ? Mode.form.rawValue : "") {
        case Mode.form.rawValue: wish = .form(try ElicitedField.fields(of: params?["requestedSchema"]))
        case Mode.url.rawValue:
            guard let url = params?["url"]?.stringValue, PageAddress.isPage(url) else {
                throw ElicitationFault("the address of the question is none of a page")
            }
            wish = .page(url: url)
        default:
            let mode = OmlxError.shown(params?["mode"]?.text() ?? "", limit: 40)
            throw ElicitationFault("questions of the mode \(mode) are not known")
        }
    }

    /// The question without secrets in its words. An address stays as it is: the person is to see what is opened.
    func hiding(_ redactor: Redactor) -> Elicitation {
        var question = self
        // As the person would have read it on a terminal of the server's.
        let lines = message.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .map { String($0).withoutTerminalControls() }
        question.message = redactor.hide(lines.joined(separator: "\n"), limit: .max)
        guard case .form(let fields) = wish else { return question }
        question.wish = .form(
            fields.map { field in
                var field = field
                field.title = field.title.map { redactor.hide($0, limit: .max) }
                field.description = field.description.map { redactor.hide($0, limit: .max) }
                return field
            })
        return question
    }

    /// The fields; none for an address.
    public var fields: [ElicitedField] {
        if case .form(let fields) = wish { return fields }
        return []
    }

    /// The answer that takes every default; `nil` where a field that is required has none, and for an address, which a person has to
    /// agree to.
    public var defaults: ElicitationAnswer? {
        guard case .form(let fields) = wish else { return nil }
        var content = JSONObject()
        for field in fields {
            if let value = field.defaultValue { content[field.name] = value } else if field.isRequired { return nil }
        }
        return .accept(.object(content))
    }

    /// What is wrong with an answer, by field; empty for one that may be sent.
    public func faults(of content: JSON) -> [String: String] {
        var faults: [String: String] = [:]
        for field in fields {
            if let fault = field.fault(of: content[field.name]) { faults[field.name] = fault }
        }
        return faults
    }
}

/// What the person answered.
public enum ElicitationAnswer: Sendable, Hashable, Codable {
    /// They agreed: with an object of values by the fields' names, and to an address with none.
    case accept(JSON)
    /// They said no.
    case decline
    /// They did not choose, or could not be asked.
    case cancel

    /// The result of `elicitation/create`.
    func result(of elicitation: Elicitation) -> JSON {
        switch self {
        case .accept(let content):
            if case .page = elicitation.wish { return ["action": "accept"] }
            return ["action": "accept", "content": content]
        case .decline: return ["action": "decline"]
        case .cancel: return ["action": "cancel"]
        }
    }
}

/// Why something is no question that can be put.
struct ElicitationFault: Error, Sendable, Hashable {
    var reason: String
    init(_ reason: String) { self.reason = reason }
}

/// Puts a server's questions to whoever can answer them. Cancelled when the answer is wanted no more.
package typealias Elicitor = @Sendable (Elicitation) async -> ElicitationAnswer
