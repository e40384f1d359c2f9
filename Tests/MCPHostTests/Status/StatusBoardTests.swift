// The board of one server: who watches is told in order, and may look and change while being told.

import OmlxErrors
import FoundationEssentials
import Logging
import Synchronization
import Testing

@testable import OmlxMCPHost

@Suite("The status board")
struct StatusBoardTests {
    private let moment = Date(timeIntervalSince1970: 1_790_000_000)

    /// What was told, and the board it is told of.
    private final class Watcher: Sendable {
        private let told = Mutex<[TransportState]>([])
        private let board = Mutex<StatusBoard?>(nil)

        var states: [TransportState] { told.withLock { $0 } }
        var watched: StatusBoard? { board.withLock { $0 } }

        func watch(_ watched: StatusBoard) { board.withLock { $0 = watched } }
        func note(_ state: TransportState) { told.withLock { $0.append(state) } }
    }

    private func recorder(_ folder: TemporaryFolder) -> StatusRecorder {
        StatusRecorder(path: folder.database, logger: Logger(label: "test"), now: { moment })
    }

    @Test("who is told may look at the status and change it: no lock is held meanwhile", .timeLimit(.minutes(1)))
    func reentrant() async throws {
        let folder = try TemporaryFolder()
        let recorder = recorder(folder)
        let watcher = Watcher()
        let board = StatusBoard(ServerStatus(name: "a"), recorder: recorder) { [moment] event in
            guard case .statusChanged(let status) = event, let board = watcher.watched else { return }
            watcher.note(status.transport.state)
            guard board.status.transport.state == .connecting else { return }
            board.change { $0.transport = StatusAnswer(.connected, at: moment) }
        }
        watcher.watch(board)
        board.change { [moment] in $0.transport = StatusAnswer(.connecting, at: moment) }
        #expect(watcher.states == [.connecting, .connected])
        await recorder.flush()
        #expect(await recorder.known()["a"]?.transport.state == .connected)
        watcher.watch(StatusBoard(ServerStatus(name: "b"), recorder: recorder) { _ in })
    }

    @Test("changes by many at once are told and written, each once, the last one last", .timeLimit(.minutes(1)))
    func order() async throws {
        let folder = try TemporaryFolder()
        let recorder = recorder(folder)
        let seen = Mutex<[String]>([])
        let board = StatusBoard(ServerStatus(name: "a"), recorder: recorder) { event in
            guard case .statusChanged(let status) = event else { return }
            seen.withLock { $0.append(status.lastError?.message ?? "") }
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask { [moment] in
                    board.change { $0.lastError = StatusError(code: "A", message: "\(number)", at: moment) }
                }
            }
        }
        let told = seen.withLock { $0 }
        #expect(told.count == 200 && Set(told).count == 200)
        #expect(told.last == board.status.lastError?.message)
        await recorder.flush()
        #expect(await recorder.known()["a"]?.lastError?.message == told.last)
    }
}
