// omlx mcp trust: approves a configuration file by its content, lists approvals, takes them back.

import ArgumentParser
import OmlxErrors
import FoundationEssentials
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

struct TrustCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "trust", _superCommandName: CommandPath.mcp,
        abstract: "Approve a configuration file, as it is now.",
        discussion: """
            A file found in the working folder, and one that another user owns, is used only when its content was approved: \
            a change of it, or of an envFile it names, asks again. Shows every command, every address and every variable \
            that leaves; on a terminal it asks, elsewhere the command itself is the approval.
            """)
    static let word = "trust"

    @Argument(help: "The file; the one found without it.", completion: .file())
    var path: String?

    @Flag(help: "Show what was approved.")
    var list = false

    @Flag(help: "Take the approval back.")
    var revoke = false

    @Flag(help: "Approve without asking.")
    var yes = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if list, revoke || path != nil || yes { throw ValidationError("--list stands alone") }
        if revoke, yes { throw ValidationError("--yes belongs to approving") }
        if path != nil, common.configPath != nil { throw ValidationError("name one file") }
    }

    func act(_ session: Session) async throws -> ExitStatus {
        if list { return try await showApprovals(session) }
        return try await revoke ? takeBack(session) : approve(session)
    }

    private func approve(_ session: Session) async throws -> ExitStatus {
        let host = session.host(of: try session.file(path), HostWish(Self.word))
        guard let name = await host.configuration().path else {
            throw OmlxError(
                .configNotFound, "there is no configuration file in this folder", nextStep: Remedy(.trust(path: "PATH"))
            )
        }
        let review = try await host.review()
        let question = TrustQuestion(session: session)
        session.console.note(OmlxError.shown(name, limit: .max))
        question.show(review)
        if !yes, TrustQuestion.hasPerson, try await !question.isAgreed("Approve it as it is?") {
            throw OmlxError(
                .configUntrusted, "\(OmlxError.shown(name)) is not approved; the answer was no",
                nextStep: Remedy(.trust(path: path)))
        }
        let approval = try await host.approve()
        if session.common.json {
            let approved = ApprovedFile(approval: approval, state: .approved)
            session.document(Self.word, ["approved": approved.json])
        } else {
            session.console.line("✓ Approved: \(OmlxError.shown(approval.place, limit: .max))")
        }
        return .done
    }

    private func showApprovals(_ session: Session) async throws -> ExitStatus {
        let approvals = try await session.bareHost(Self.word).approvals()
        if session.common.json {
            session.document(Self.word, ["approvals": .array(approvals.map(\.json))])
        } else if approvals.isEmpty {
            session.console.progress("Nothing is approved.")
        } else {
            session.console.table(
                [["FILE", "APPROVED", "NOW"]]
                    + approvals.map {
                        [
                            OmlxError.shown($0.approval.place, limit: .max), $0.approval.approvedAt.formatted(.iso8601),
                            $0.state.rawValue,
                        ]
                    })
        }
        return .done
    }

    private func takeBack(_ session: Session) async throws -> ExitStatus {
        let named = path ?? common.configPath
        let host = session.bareHost(Self.word)
        let revoked = try await host.revokeApprovals(of: session.places(named))
        guard !revoked.isEmpty else {
            throw OmlxError(
                .configNotFound,
                "there is no approval of " + (named.map { OmlxError.shown($0) } ?? "a file in this folder"),
                nextStep: "omlx mcp trust --list")
        }
        if session.common.json {
            session.document(Self.word, ["revoked": .array(revoked.map { .string($0.place) })])
        } else {
            for approval in revoked {
                session.console.line("✓ Not approved any more: \(OmlxError.shown(approval.place, limit: .max))")
            }
        }
        return .done
    }
}

extension ApprovedFile {
    fileprivate var json: JSON {
        [
            "path": .string(approval.place), "real_path": .string(approval.path), "sha256": .string(approval.digest),
            "env_files": .array(
                approval.environmentFiles.map { ["path": .string($0.path), "sha256": JSON(optional: $0.digest)] }),
            "approved_at": JSON(time: approval.approvedAt), "state": .string(state.rawValue),
        ]
    }
}

extension Session {
    /// The paths an approval of this file may have been filed under, whether the file is still there or not.
    fileprivate func places(_ path: String?) -> Set<String> {
        let names = path.map { [$0] } ?? ["mcp.json", "mcp.yaml", "mcp.yml"]
        return names.reduce(into: []) { places, name in
            places.formUnion(HostConfiguration.places(of: name, workingDirectory: Self.workingDirectory, home: home))
        }
    }
}
