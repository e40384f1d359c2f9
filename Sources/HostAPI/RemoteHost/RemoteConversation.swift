// A sign-in at the host that stays up, with the person in front of this process.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON
import OmlxMCPHost

/// Hands on what the host says and asks, and posts what the person answers, types and pastes.
struct RemoteConversation: Sendable {
    let call: RemoteCall
    /// Who signs in, and who answers what a server asks.
    let person: (any LoginPerson)?
    let handler: ElicitationHandler?

    func ask<Question, Answer>(
        _ route: HostRoute<Question, Answer>, _ question: Question,
        hearing hear: @escaping @Sendable (ToldEvent, JSON) throws -> Void
    ) async throws -> Answer {
        let work = OwnedTasks()
        defer { work.cancel() }
        var conversation = ""
        var listeners: [Int: OwnedTasks] = [:]
        defer { for listener in listeners.values { listener.cancel() } }
        return try await call.ask(route, question) { kind, json in
            switch kind {
            case .conversation: conversation = try json.decoded(as: ConversationStart.self).id
            case .login:
                let told: ToldLogin = try json.decoded()
                await person?.hear(told.event, of: told.server)
            case .question:
                let asked: AskedPerson = try json.decoded()
                work.start { [call, person, conversation] in
                    guard let answer = await person?.answer(asked.question, of: asked.server) else { return }
                    await call.reply(ConversationReply(place: asked.place, answer: answer), to: conversation)
                }
            case .listen:
                let place = try json.decoded(as: ListeningPlace.self).place
                let listener = OwnedTasks()
                listeners[place] = listener
                listener.start { [call, person, conversation] in
                    for await line in person?.pasted() ?? .finished {
                        await call.reply(ConversationReply(place: place, line: line), to: conversation)
                    }
                }
            case .elicitation:
                let asked: AskedElicitation = try json.decoded()
                let asker = OwnedTasks()
                listeners[asked.place] = asker
                asker.start { [call, handler, conversation] in
                    let answer = await handler?(asked.question) ?? .cancel
                    guard !Task.isCancelled else { return }
                    await call.reply(ConversationReply(place: asked.place, elicited: answer), to: conversation)
                }
            case .enough: listeners[try json.decoded(as: ListeningPlace.self).place]?.cancel()
            case .server, .catalogue, .update, .progress, .answer, .error: try hear(kind, json)
            }
        }
    }
}

extension AsyncStream {
    /// Nothing.
    fileprivate static var finished: AsyncStream { AsyncStream { $0.finish() } }
}
