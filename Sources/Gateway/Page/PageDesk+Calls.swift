// Calls of tools from the page.

import FoundationEssentials
import OmlxErrors
import OmlxHostAPI
import OmlxJSON
import OmlxMCPClient

/// A call with what drives it.
struct CallSeat: Sendable {
    enum Stage: Sendable {
        case running(OmlxMCPClient.Progress?)
        case answered(ToolResult, after: Double)
        case failed(OmlxError)
        case cancelled
    }

    let id: String
    let server: String
    let tool: String
    let arguments: JSONObject
    let began: Date
    var stage = Stage.running(nil)
    let stop = StopSignal()

    var isOver: Bool {
        if case .running = stage { false } else { true }
    }
}

extension PageDesk {
    /// Calls a tool.
    /// - Returns: the call's id.
    func call(_ name: String, _ tool: String, of server: String, _ arguments: JSONObject) throws -> String {
        let seat = CallSeat(id: try Self.id(), server: server, tool: tool, arguments: arguments, began: now())
        let (id, host) = (seat.id, host)
        state.withLock { $0.calls[id] = seat }
        begin { [self] in
            await seat.stop.around { [self] in
                do {
                    let result = try await host.call(ToolCall(name, arguments: arguments), signingIn: nil) { progress in
                        self.settle(id) { _ in .running(progress) }
                    }
                    settle(id) { .answered(result, after: self.now().timeIntervalSince($0.began)) }
                } catch let error as OmlxError {
                    settle(id) { _ in error.code == .transportCancelled ? .cancelled : .failed(error) }
                } catch {
                    settle(id) { _ in .cancelled }
                }
            }
        }
        return id
    }

    private func settle(_ id: String, _ stage: (CallSeat) -> CallSeat.Stage) {
        state.withLock { state in
            guard var seat = state.calls[id], !seat.isOver else { return }
            seat.stage = stage(seat)
            state.calls[id] = seat
        }
        changes.send(())
    }

    func call(_ id: String) -> CallSeat? { state.withLock { $0.calls[id] } }

    /// Connects a server, or asks it for a sign of life; how that goes is in its status.
    func check(_ server: String) {
        let host = host
        begin { [self] in
            _ = try? await host.check(server)
            changes.send(())
        }
    }
}
