// Changes of the configuration from the page: proposed, written, taken back.

import OmlxConfiguration
import OmlxErrors
import OmlxHostAPI

/// A change of the configuration.
struct EditDraft: Sendable {
    enum Stage: Sendable {
        case proposed(FixPreview)
        case writing
        case refused(OmlxError)
        case written(WrittenEdit)
        case undone
    }

    let id: String
    let edit: ServerEdit
    var stage: Stage
}

extension PageDesk {
    /// Works out what a change comes to.
    /// - Returns: the draft's id.
    func propose(_ edit: ServerEdit) async throws -> String {
        let id = try SignInDesk.id()
        let stage: EditDraft.Stage
        do { stage = .proposed(try await host.preview(edit)) } catch let error as OmlxError { stage = .refused(error) }
        state.withLock { $0.drafts[id] = EditDraft(id: id, edit: edit, stage: stage) }
        return id
    }

    func draft(_ id: String) -> EditDraft? { state.withLock { $0.drafts[id] } }

    private func settle(_ id: String, _ stage: EditDraft.Stage) {
        state.withLock { $0.drafts[id]?.stage = stage }
        changes.send(())
    }

    /// Writes a change that was proposed; a second time, as by a second press of the button, it does nothing.
    func write(_ draft: EditDraft) async {
        let preview = state.withLock { state -> FixPreview? in
            guard case .proposed(let preview)? = state.drafts[draft.id]?.stage else { return nil }
            state.drafts[draft.id]?.stage = .writing
            return preview
        }
        guard let preview else { return }
        do { settle(draft.id, .written(try await host.write(draft.edit, preview))) } catch let error as OmlxError {
            settle(draft.id, .refused(error))
        } catch {}
    }

    func undo(_ draft: EditDraft) async {
        guard case .written(let written) = draft.stage else { return }
        do {
            try await host.undo(written)
            settle(draft.id, .undone)
        } catch let error as OmlxError { settle(draft.id, .refused(error)) } catch {}
    }
}
