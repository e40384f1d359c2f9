// What is known about one server while the host runs, changed by its connection and by its authorizer alike.

import Cryptography
import FoundationEssentials
import Synchronization

/// The status of one server. Every change goes, in its order, into memory, to the database and to those who watch.
final class StatusBoard: Sendable {
    private let current: Mutex<ServerStatus>
    private let recorder: StatusRecorder
    private let redactor: Redactor
    private let publish: @Sendable (HostEvent) -> Void

    /// - Parameter publish: called with a lock held; must return at once.
    init(
        _ status: ServerStatus, recorder: StatusRecorder, redactor: Redactor = Redactor(),
        publish: @escaping @Sendable (HostEvent) -> Void
    ) {
        var status = status
        // What an earlier process was connected to is not what this one is.
        if [.connected, .connecting].contains(status.transport.state) {
            status.transport.state = .idle
        }
        current = Mutex(status)
        self.recorder = recorder
        self.redactor = redactor
        self.publish = publish
    }

    var status: ServerStatus { current.withLock { $0 } }

    func change(_ wanted: @escaping StatusChange) {
        let redactor = redactor
        let change: StatusChange = { status in
            wanted(&status)
            status = status.hiding(redactor)
        }
        current.withLock { status in
            let before = status
            change(&status)
            recorder.record(status.name, change)
            if status != before { publish(.statusChanged(status)) }
        }
    }

    /// Tells those who watch of something else.
    func tell(_ event: HostEvent) { publish(event) }
}
