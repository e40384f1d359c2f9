// /api/v1: every question of `Host` at a path of its own, by the table of routes that the asking side goes by too.

import FoundationEssentials
import Glibc
import Hummingbird
import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// A host's questions over HTTP.
package struct APIPart: GatewayPart {
    let host: any Host
    private let places: HostPlaces
    let conversations = Conversations()
    let signIns: SignInDesk

    /// - Parameters:
    ///   - paths: where the host keeps things.
    ///   - signIns: sees the sign-ins that are asked for here.
    package init(_ host: any Host, paths: HostPaths, signIns: SignInDesk) {
        self.host = host
        self.signIns = signIns
        places = HostPlaces(paths)
    }

    package func add(to router: Router<GatewayContext>) {
        let asked = APIRoutes(router: router, host: host)
        addConfiguration(asked)
        addServers(asked)
        addCatalogue(asked)
        addSignIns(asked)
        addStores(asked)
        addEvents(router)
        conversations.add(to: router)
        router.get(RouterPath(HostAPI.root + "openapi.json")) { _, _ in Response.json(try APIDescription.document.get())
        }
    }

    private func addConfiguration(_ asked: APIRoutes) {
        asked.answer(HostRoutes.greeting) { [places] host, _, _ in
            HostGreeting(places: places, configuration: try await host.configuration(), process: Int(getpid()))
        }
        asked.answer(HostRoutes.configuration) { host, _, _ in try await host.configuration() }
        asked.answer(HostRoutes.review) { host, _, _ in try await host.review() }
        asked.answer(HostRoutes.approve) { host, _, _ in try await host.approve() }
        asked.answer(HostRoutes.approvals) { host, _, _ in try await host.approvals() }
        asked.answer(HostRoutes.revokeApprovals) { host, question, _ in
            try await host.revokeApprovals(of: question.paths)
        }
        asked.answer(HostRoutes.entry) { host, question, _ in try await host.entry(of: question.server) }
        asked.answer(HostRoutes.foundFiles) { host, _, _ in try await host.foundFiles() }
        asked.answer(HostRoutes.previewEdit) { host, edit, _ in try await host.preview(edit) }
        asked.answer(HostRoutes.writeEdit) { host, question, _ in
            try await host.write(question.edit, question.preview)
        }
        asked.answer(HostRoutes.undoEdit) { host, edit, _ in
            try await host.undo(edit)
            return Nothing()
        }
        asked.tell(HostRoutes.examine) { host, question, _ in try await host.examine(question.server) }
        asked.answer(HostRoutes.preview) { host, fix, _ in try await host.preview(fix) }
        asked.answer(HostRoutes.write) { host, question, _ in try await host.write(question.fix, question.preview) }
        asked.answer(HostRoutes.log) { host, question, _ in try await host.log(question) }
    }

    private func addServers(_ asked: APIRoutes) {
        asked.tell(HostRoutes.status) { host, question, telling in
            // A key looks; asking every server is for who may connect and disconnect them.
            guard !telling.caller.isOwner else { return try await host.status(question) }
            var status = try await host.status(StatusRequest(question.servers, look: .current))
            status.servers = status.servers.filter { telling.caller.mayUse($0.name) }
            status.configuration = nil
            return status
        }
        asked.tell(HostRoutes.connect) { host, question, telling in
            try await host.connect(question.servers) { telling.tell(.server, $0) }
        }
        asked.tell(HostRoutes.check) { host, question, _ in try await host.check(question.server) }
        asked.answer(HostRoutes.tools) { host, question, caller in
            try await host.tools(question.servers).filter { caller.mayUse($0.server) }
        }
        asked.answer(HostRoutes.knownTools) { host, question, caller in
            try await host.knownTools(question.servers).filter { caller.mayUse($0.status.name) }
        }
        asked.tell(HostRoutes.tool) { [conversations, signIns] host, question, telling in
            try await conversations.with(question.person, telling) { person in
                let tool = try await signIns.carry(person) { try await host.tool(question.name, signingIn: $0) }
                try telling.caller.require(tool, question.name)
                return tool
            }
        }
        asked.tell(HostRoutes.call) { [conversations, signIns] host, question, telling in
            try await conversations.eliciting(question.elicits == true, question.person, telling) { person, handler in
                var call = question.call
                if !telling.caller.isOwner {
                    let tool = try await host.tool(call.tool, signingIn: nil)
                    try telling.caller.require(tool, call.tool)
                    try telling.caller.requireCall(of: tool)
                    call.tool = tool.name
                }
                return try await signIns.carry(person) { [call] person in
                    try await host.call(call, signingIn: person, eliciting: handler) { telling.tell(.progress, $0) }
                }
            }
        }
        asked.answer(HostRoutes.problem) { host, question, _ in try await host.problem(of: question.server) }
    }

    private func addSignIns(_ asked: APIRoutes) {
        asked.tell(HostRoutes.login) { [conversations, signIns] host, question, telling in
            try await conversations.withPerson(question.person, telling) { person in
                try await signIns.login(question.server, question.options, person, at: host)
            }
        }
        asked.tell(HostRoutes.connectSignedIn) { [conversations, signIns] host, question, telling in
            try await conversations.withPerson(question.person, telling) { person in
                try await signIns.carry(person) { try await host.connect(question.server, signingIn: $0 ?? person) }
                return Nothing()
            }
        }
        asked.tell(HostRoutes.logout) { host, question, _ in
            try await host.logout(question.server, question.request)
        }
        asked.secret(HostRoutes.header) { host, question, _ in
            let header = try await host.header(of: question.server)
            return (HeaderForm(header), ("value", header.value))
        }
        asked.answer(HostRoutes.clientMetadata) { host, question, _ in
            try await host.clientMetadata(url: question.url, server: question.server)
        }
    }

    private func addStores(_ asked: APIRoutes) {
        asked.tell(HostRoutes.stores) { host, question, _ in try await host.stores(tries: question.tries) }
        asked.tell(HostRoutes.storedRecords) { host, _, _ in try await host.storedRecords() }
        asked.tell(HostRoutes.removableRecords) { host, _, _ in try await host.removableRecords() }
        asked.tell(HostRoutes.takeAway) { host, records, _ in try await host.takeAway(records) }
        asked.tell(HostRoutes.acceptStore) { host, _, _ in try await host.acceptStore() }
        asked.tell(HostRoutes.acceptOlderRecords) { host, _, _ in try await host.acceptOlderRecords() }
        asked.tell(HostRoutes.orphans) { host, _, _ in try await host.orphans() }
        asked.tell(HostRoutes.prune) { host, question, _ in
            try await host.prune(question.orphans, localOnly: question.localOnly)
        }
        asked.tell(HostRoutes.moveStore) { host, question, _ in
            try await host.moveStore(to: question.target, from: question.source, patience: question.patience ?? 0)
        }
        asked.tell(HostRoutes.storeObstacle) { host, question, _ in try await host.storeObstacle(of: question.server) }
        asked.tell(HostRoutes.storeObstacles) { host, question, _ in
            try await host.storeObstacles(movingTo: question.target, from: question.source)
        }
        asked.tell(HostRoutes.keyringObstacle) { host, _, _ in try await host.keyringObstacle() }
        asked.tell(HostRoutes.keyringTakesPassword) { host, _, _ in try await host.keyringTakesPassword() }
        asked.secret(HostRoutes.unlockKeyring) { host, question, password in
            try await host.unlockKeyring(
                password.map { .password($0) } ?? .prompt(seconds: question.seconds ?? KeyringKey.patience))
            return (Nothing(), nil)
        }
        asked.tell(HostRoutes.releaseKeyring) { host, question, _ in
            try await host.releaseKeyring(seconds: question.seconds ?? KeyringKey.patience)
            return Nothing()
        }
        asked.secret(HostRoutes.openStore) { host, _, password in
            guard let password else { throw HTTPError(.unprocessableContent, message: "password is missing") }
            try await host.openStore(with: password)
            return (Nothing(), nil)
        }
        asked.answer(HostRoutes.declineKeyring) { host, _, _ in
            try await host.declineKeyring()
            return Nothing()
        }
    }
}

extension Caller {
    /// - Throws: as for a tool that is not there, when this one may not see its server.
    fileprivate func require(_ tool: HostTool, _ name: String) throws(OmlxError) {
        guard mayUse(tool.server) else {
            throw OmlxError(.protocolToolUnknown, "there is no tool named \(OmlxError.shown(name)) for this key")
        }
    }

    /// - Throws: 403 when this one may call only what says it changes nothing (MCP 2025-11-25, tool annotations).
    fileprivate func requireCall(of tool: HostTool) throws {
        guard isReadOnly, tool.tool.annotations?["readOnlyHint"] != true else { return }
        throw HTTPError(.forbidden, message: "this key is for tools that say they change nothing")
    }
}
