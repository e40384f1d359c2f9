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
        /// There was a result, of so many bytes, which is not kept.
        case dropped(bytes: Int)
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
    /// How much the result takes, about.
    private(set) var bytes = 0

    var isOver: Bool {
        if case .running = stage { false } else { true }
    }

    /// - Parameter limit: a result that takes more is not kept.
    mutating func take(_ result: ToolResult, after seconds: Double, limit: Int) {
        bytes = result.raw.bytes().count
        stage = bytes > limit ? .dropped(bytes: bytes) : .answered(result, after: seconds)
    }

    /// Lets go of the result.
    mutating func drop() {
        if case .answered = stage { stage = .dropped(bytes: bytes) }
    }

    /// What is in memory of it.
    var held: Int {
        if case .answered = stage { bytes } else { 0 }
    }
}

extension PageDesk {
    /// Calls a tool.
    /// - Returns: the call's id.
    func call(_ name: String, _ tool: String, of server: String, _ arguments: JSONObject) throws -> String {
        let seat = CallSeat(id: try SignInDesk.id(), server: server, tool: tool, arguments: arguments, began: now())
        let (id, host) = (seat.id, host)
        state.withLock { $0.calls[id] = seat }
        begin { [self] in
            do {
                let result = try await seat.stop.around {
                    try await host.call(ToolCall(name, arguments: arguments), signingIn: nil) { progress in
                        self.settle(id) { $0.stage = .running(progress) }
                    }
                }
                settle(id) {
                    $0.take(result, after: self.now().timeIntervalSince($0.began), limit: Self.greatestResult)
                }
            } catch let error as OmlxError {
                settle(id) { $0.stage = error.code == .transportCancelled ? .cancelled : .failed(error) }
            } catch {
                settle(id) { $0.stage = .cancelled }
            }
        }
        return id
    }

    /// What one result may take to be kept, and all of them.
    private static let greatestResult = 8 << 20
    private static let greatestTotal = 24 << 20

    private func settle(_ id: String, _ change: (inout CallSeat) -> Void) {
        state.withLock { state in
            guard var seat = state.calls[id], !seat.isOver else { return }
            change(&seat)
            state.calls[id] = seat
            var held = 0
            for var old in state.calls.newestFirst {
                held += old.held
                guard held > Self.greatestTotal, old.held > 0 else { continue }
                old.drop()
                state.calls[old.id] = old
            }
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
