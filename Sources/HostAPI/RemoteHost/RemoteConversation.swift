// A sign-in at the host that stays up, with the person in front of this process.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

/// Hands on what the host says and asks, and posts what the person answers, types and pastes.
struct RemoteConversation: Sendable {
    let call: RemoteCall
    let person: any LoginPerson

    func ask<Question, Answer>(
        _ route: HostRoute<Question, Answer>, _ question: Question,
        hearing hear: @escaping @Sendable (ToldEvent, JSON) throws -> Void
    ) async throws -> Answer {
        let work = OwnedTasks()
        defer { work.cancel() }
        var conversation = ""
        var listeners: [Int: OwnedTasks] = [:]
        return try await call.ask(route, question) { kind, json in
            switch kind {
            case .conversation: conversation = try json.decoded(as: ConversationStart.self).id
            case .login:
                let told: ToldLogin = try json.decoded()
                await person.hear(told.event, of: told.server)
            case .question:
                let asked: AskedPerson = try json.decoded()
                work.start { [call, person, conversation] in
                    let answer = await person.answer(asked.question, of: asked.server)
                    await call.reply(ConversationReply(place: asked.place, answer: answer), to: conversation)
                }
            case .listen:
                let place = try json.decoded(as: ListeningPlace.self).place
                let listener = OwnedTasks()
                listeners[place] = listener
                listener.start { [call, person, conversation] in
                    for await line in person.pasted() {
                        await call.reply(ConversationReply(place: place, line: line), to: conversation)
                    }
                }
            case .enough: listeners[try json.decoded(as: ListeningPlace.self).place]?.cancel()
            case .server, .catalogue, .update, .progress, .answer, .error: try hear(kind, json)
            }
        }
    }
}
