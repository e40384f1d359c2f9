// The questions about resources and prompts.

import Hummingbird
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

extension APIPart {
    func addCatalogue(_ asked: APIRoutes) {
        asked.tell(HostRoutes.catalogue) { host, question, telling in
            var request = question
            request.servers = try await telling.caller.servers(of: question.servers, at: host)
            // A key without a server it may use would else ask about all.
            guard telling.caller.isOwner || !request.servers.isEmpty else { return [] }
            return try await host.catalogue(request) { telling.tell(.catalogue, $0) }
        }
        asked.tell(HostRoutes.read) { [conversations, signIns] host, question, telling in
            try await conversations.with(question.person, telling) { person in
                var reading = question.reading
                reading.servers = try await telling.caller.servers(of: reading.servers, at: host)
                guard telling.caller.isOwner || !reading.servers.isEmpty else {
                    throw OmlxError(
                        .protocolResourceUnknown,
                        "there is no resource \"\(OmlxError.shown(reading.uri, limit: 200))\" for this key")
                }
                return try await signIns.carry(person) { [reading] person in
                    try await host.read(reading, signingIn: person) { telling.tell(.progress, $0) }
                }
            }
        }
        asked.tell(HostRoutes.prompt) { [conversations, signIns] host, question, telling in
            try telling.caller.require(question.filling.server)
            return try await conversations.with(question.person, telling) { person in
                try await signIns.carry(person) { person in
                    try await host.prompt(question.filling, signingIn: person) { telling.tell(.progress, $0) }
                }
            }
        }
        asked.tell(HostRoutes.updates) { host, question, telling in
            try telling.caller.require(question.server)
            // Without a stream nothing could be told, and there would be no end.
            guard telling.isHeard else {
                throw HTTPError(.notAcceptable, message: "changes are told as a text/event-stream")
            }
            try await host.updates(question) { telling.tell(.update, $0) }
            return Nothing()
        }
        asked.answer(HostRoutes.complete) { host, question, caller in
            try caller.require(question.server)
            return try await host.complete(question)
        }
    }
}

extension Caller {
    /// The servers among these that this one may use; of all there are when none is named.
    fileprivate func servers(of names: [String], at host: any Host) async throws -> [String] {
        guard !isOwner else { return names }
        let asked = names.isEmpty ? try await host.configuration().servers.map(\.name) : names
        return asked.filter(mayUse)
    }

    /// - Throws: as for a server that is not there, when this one may not see it.
    fileprivate func require(_ server: String) throws(OmlxError) {
        guard mayUse(server) else {
            throw OmlxError(
                .configServerUnknown, "there is no server \"\(OmlxError.shown(server, limit: 80))\" for this key")
        }
    }
}
