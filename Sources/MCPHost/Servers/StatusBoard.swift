// What is known about one server while the host runs, changed by its connection and by its authorizer alike.

import OmlxCryptography
import FoundationEssentials
import Synchronization

/// The status of one server. Every change goes, in its order, into memory, to the database and to those who watch.
///
/// Watchers are not called with the lock held: they may look at the status, change it, or be cancelled.
final class StatusBoard: Sendable {
    private struct State {
        var status: ServerStatus
        var signIn: SignInStanding
        /// What is still to be told, in its order.
        var untold: [HostEvent] = []
        /// Whether a caller is telling: who comes meanwhile leaves its events to that one.
        var isTelling = false
    }

    private let state: Mutex<State>
    private let recorder: StatusRecorder
    private let redactor: Redactor
    private let publish: @Sendable (HostEvent) -> Void

    /// - Parameter publish: called for one event after the other, in their order.
    init(
        _ status: ServerStatus, recorder: StatusRecorder, redactor: Redactor = Redactor(),
        publish: @escaping @Sendable (HostEvent) -> Void
    ) {
        var status = status
        // What an earlier process was connected to is not what this one is.
        if [.connected, .connecting].contains(status.transport.state) {
            status.transport.state = .idle
        }
        state = Mutex(State(status: status, signIn: SignInStanding(status)))
        self.recorder = recorder
        self.redactor = redactor
        self.publish = publish
    }

    var status: ServerStatus { state.withLock { $0.status } }

    /// What is known of the sign-in.
    var signIn: SignInStanding { state.withLock { $0.signIn } }

    /// Changes what is known of the sign-in, shows it, and says what else is to be said at once.
    /// - Parameter moment: When it was found out.
    func changeSignIn(
        at moment: Date, _ change: (inout SignInStanding) -> Void, _ more: @escaping StatusChange = { _ in }
    ) {
        self.change(more) { state in
            change(&state.signIn)
            let answer = state.signIn.answer(at: moment)
            return { $0.signIn = answer }
        }
    }

    /// Notes with which sign-in a connection was made; nothing is shown of that.
    func noteUsed(_ madeAt: Date?) { state.withLock { $0.signIn.used(madeAt) } }

    func change(_ wanted: @escaping StatusChange) { change(wanted) { _ in { _ in } } }

    private func change(_ wanted: @escaping StatusChange, _ shown: (inout State) -> StatusChange) {
        let redactor = redactor
        let mustSchedule = state.withLock { state in
            let shown = shown(&state)
            let change: StatusChange = { status in
                shown(&status)
                wanted(&status)
                status = status.hiding(redactor)
            }
            let before = state.status
            change(&state.status)
            if state.status != before { state.untold.append(.statusChanged(state.status)) }
            // In this order it is written; the recorder only puts it aside here.
            return recorder.putAside(state.status.name, change)
        }
        if mustSchedule { recorder.schedule() }
        tellUntold()
    }

    /// Tells those who watch of something else.
    func tell(_ event: HostEvent) {
        state.withLock { $0.untold.append(event) }
        tellUntold()
    }

    private func tellUntold() {
        while true {
            let next = state.withLock { state -> HostEvent? in
                // Who is called may change the status: that is told by the one who is telling already.
                guard !state.isTelling, !state.untold.isEmpty else { return nil }
                state.isTelling = true
                return state.untold.removeFirst()
            }
            guard let next else { return }
            publish(next)
            state.withLock { $0.isTelling = false }
        }
    }
}
