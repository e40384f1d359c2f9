// The person at a terminal whom a server asks something: sees who asks, fills in, looks at it again, and may say no.

import ArgumentParser
import OmlxConcurrency
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxMCPHost
import OmlxSignIn

/// How a command answers what servers ask.
enum ElicitationManner: String, CaseIterable, ExpressibleByArgument {
    /// The person at the terminal is asked.
    case ask
    /// Every field is as the server proposes; what has no proposal is declined.
    case defaults
    case decline
}

/// Answers what servers ask during one command, one question after the other.
struct TerminalQuestions: Sendable {
    /// How long the person has for each line, in seconds.
    private static let patience = 600.0

    private let console: Console
    private let opener: BrowserOpener
    private let manner: ElicitationManner
    private let turn = Gate(places: 1)

    /// - Parameter withheld: variables that no browser gets; what a configuration names of the environment may be a secret.
    init(_ session: Session, manner: ElicitationManner?, withholding withheld: Set<String>) {
        console = session.console
        opener = BrowserOpener(environment: session.environment, withholding: withheld)
        self.manner = manner ?? (Terminal.isThere ? .ask : .decline)
    }

    func answer(_ question: ServerQuestion) async -> ElicitationAnswer {
        guard let place = try? await turn.enter() else { return .cancel }
        defer { place.giveBack() }
        switch manner {
        case .decline:
            console.progress(
                "\(question.server) asks something, which is declined: \(shown(question.question.message))")
            return .decline
        case .defaults:
            let answer = question.question.defaults ?? .decline
            let what = answer == .decline ? "which has to be decided, and is declined" : "and gets what it proposes"
            console.progress("\(question.server) asks something, \(what): \(shown(question.question.message))")
            return answer
        case .ask:
            let answer = (try? await ask(question)) ?? .cancel
            // The end of input has left the line of the question open.
            if answer == .cancel { console.note("") }
            return answer
        }
    }

    private func shown(_ text: String) -> String { OmlxError.shown(text) }

    private func ask(_ question: ServerQuestion) async throws -> ElicitationAnswer {
        let call = question.tool.map { ", for \(shown($0))" } ?? ""
        console.note("\(question.server) asks\(call):")
        for line in question.question.message.split(whereSeparator: \.isNewline).prefix(50) {
            console.note("  \(line)")
        }
        switch question.question.wish {
        case .form(let fields): return try await fill(fields, question)
        case .page(let url): return try await open(url, question)
        }
    }

    // MARK: forms

    private func fill(_ fields: [ElicitedField], _ question: ServerQuestion) async throws -> ElicitationAnswer {
        if !fields.isEmpty { console.note("Enter takes what stands in brackets, Ctrl-D gives up.") }
        var content = JSONObject()
        while true {
            for field in fields {
                guard let value = try await value(of: field, content[field.name] ?? field.defaultValue) else {
                    return .cancel
                }
                content[field.name] = value.isNull ? nil : value
            }
            for field in fields {
                console.note("  \(field.label): \(content[field.name].map { field.text(of: $0) } ?? "nothing")")
            }
            let more = fields.isEmpty ? "" : ", c: change"
            switch try await Terminal.answer(
                "Send this to \(question.server.harmless(keeping: .none))? y: send, n: decline\(more): ",
                seconds: Self.patience)?.lowercased()
            {
            case "y", "yes": return .accept(.object(content))
            case "n", "no": return .decline
            case nil: return .cancel
            default: continue
            }
        }
    }

    /// - Returns: `nil` when the person gave up; `null` for a field that is left out.
    private func value(of field: ElicitedField, _ proposed: JSON?) async throws -> JSON? {
        if let description = field.description { console.note("  \(shown(description))") }
        for (number, choice) in field.choices.enumerated() { console.note("  \(number + 1)  \(shown(choice.title))") }
        let bracket = proposed.map { " [\(field.text(of: $0))]" } ?? ""
        let words = field.label + field.hint + bracket
        while true {
            guard
                let typed = try await Terminal.answer(
                    "\(words.harmless(keeping: .none)): ", seconds: Self.patience)
            else { return nil }
            let value = typed.isEmpty ? proposed ?? .null : field.value(typed: typed)
            guard let value else {
                console.note("  That is none of what can be said here.")
                continue
            }
            guard let fault = field.fault(of: value) else { return value }
            console.note("  That cannot be sent: \(fault).")
        }
    }

    // MARK: addresses

    private func open(_ url: String, _ question: ServerQuestion) async throws -> ElicitationAnswer {
        console.note("It wants this address to be opened in a browser:")
        console.note("  \(url)")
        let host = PageAddress.host(of: url)
        console.note(
            "It leads to \(shown(host))."
                + (PageAddress.mayMislead(host)
                    ? " The name has letters that may look like others: look at it twice." : ""))
        switch try await Terminal.answer("Open it? y: open, n: decline: ", seconds: Self.patience)?.lowercased() {
        case "y", "yes":
            if !(await opener.open(url)) { console.note("No browser could be opened: open the address yourself.") }
            return .accept(.null)
        case nil: return .cancel
        default: return .decline
        }
    }
}

extension ElicitedField {
    /// The field for people.
    fileprivate var label: String { OmlxError.shown(title ?? name, limit: 200) }

    fileprivate var choices: [Choice] {
        switch kind {
        case .one(let choices), .several(let choices, _): choices
        default: []
        }
    }

    /// What is to be typed.
    fileprivate var hint: String {
        let kind: String =
            switch kind {
            case .text(.email?, _): "e-mail address"
            case .text(.uri?, _): "address"
            case .text(.date?, _): "date, as 2026-07-28"
            case .text(.dateTime?, _): "time, as 2026-07-28T12:00:00Z"
            case .text(nil, _): "text"
            case .number: "number"
            case .integer: "whole number"
            case .truth: "y or n"
            case .one: "one of these"
            case .several: "some of these, with commas"
            }
        return " (\(kind)\(isRequired ? "" : ", may be left out"))"
    }

    /// A value as it is typed.
    fileprivate func text(of value: JSON) -> String {
        switch value {
        case .bool(let value): value ? "y" : "n"
        case .array(let values): OmlxError.shown(values.map { title(of: $0) }.joined(separator: ", "))
        default: OmlxError.shown(title(of: value))
        }
    }

    private func title(of value: JSON) -> String {
        let text = value.stringValue ?? value.text()
        return choices.first { $0.value == text }?.title ?? text
    }
}
