// What servers ask the person, while they work on a request or unasked (MCP 2025-11-25, elicitation; 2026-07-28, multi round-trip
// requests).

import OmlxErrors
import OmlxJSON

/// A question of the server that waits for its answer.
struct AskedQuestion: Sendable {
    /// The server's own id of it.
    let id: JSON
    /// The request it is asked for.
    let request: Int?
}

extension MCPConnection {
    /// More questions at once are not put to a person.
    private static let questionLimit = 16

    /// Puts a question of the server to whom it is for.
    func ask(_ id: JSON, _ params: JSON?, of request: Int?) {
        let question: Elicitation
        do throws(ElicitationFault) { question = try Elicitation(params: params).hiding(redactor) } catch {
            observer(.invalidMessage(reason: error.reason))
            let error = JSONRPCError(code: JSONRPCError.invalidParams, message: error.reason)
            return reply(.answer(to: id, error: error))
        }
        let own = request.flatMap { life.requests.pending[$0]?.waiter.elicitor }
        guard let elicitor = own ?? elicitor, questions.count < Self.questionLimit else {
            return reply(.answer(to: id, result: ElicitationAnswer.cancel.result(of: question)))
        }
        if let request { life.requests.hold(request, at: .now) }
        let place = sendings.nextID()
        questions[place] = AskedQuestion(id: id, request: request)
        sendings.add(
            place,
            Task { [weak self] in
                let answer = await elicitor(question)
                await self?.answered(place, question, answer)
            })
    }

    private func answered(_ place: Int, _ question: Elicitation, _ answer: ElicitationAnswer) {
        sendings.remove(place)
        guard let asked = questions.removeValue(forKey: place) else { return }
        release(asked)
        reply(.answer(to: asked.id, result: answer.checked(for: question).result(of: question)))
    }

    /// The answers to these are wanted no more.
    func withdrawQuestions(_ isMeant: (AskedQuestion) -> Bool) {
        for (place, asked) in questions where isMeant(asked) {
            questions[place] = nil
            release(asked)
            sendings.cancel(place)
        }
    }

    private func release(_ asked: AskedQuestion) {
        if let request = asked.request, let due = life.requests.release(request, at: .now) { ring(by: due) }
    }

    /// Shows the pages a server wants the person to visit before it does what was called for. When they have is not known for sure: the
    /// call is theirs to repeat.
    func showPages(_ error: JSONRPCError, _ call: Call) async {
        guard let elicitor = call.elicitor else { return }
        for wish in error.pages.prefix(Self.questionLimit) {
            guard let question = try? Elicitation(params: wish), case .page = question.wish else { continue }
            guard case .accept = await elicitor(question.hiding(redactor)) else { return }
        }
    }

    /// The answers to what a server wants to know before it goes on, one after the other.
    /// - Throws: `CancellationError`.
    func answers(
        to questions: [(name: String, question: Elicitation)], of call: Call
    ) async throws -> JSONObject {
        var answers = JSONObject()
        for (name, question) in questions {
            let question = question.hiding(redactor)
            let answer = await call.elicitor?(question) ?? .cancel
            try Task.checkCancellation()
            answers[name] = answer.checked(for: question).result(of: question)
        }
        return answers
    }
}

extension ElicitationAnswer {
    /// The answer, unless it does not fit the question: the server would take it for what the person chose.
    fileprivate func checked(for question: Elicitation) -> ElicitationAnswer {
        guard case .accept(let content) = self, case .form = question.wish else { return self }
        guard let members = content.objectValue, question.faults(of: content).isEmpty else { return .cancel }
        // What was not asked for, or left out, is not told.
        var told = JSONObject()
        for field in question.fields {
            if let value = members[field.name], !value.isNull { told[field.name] = value }
        }
        return .accept(.object(told))
    }
}
