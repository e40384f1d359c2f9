// How a child process is ended, as a value (MCP 2025-11-25, lifecycle): input closed, SIGTERM, SIGKILL. No I/O.

/// The steps to the end of a child process. Signals go to its whole group.
struct ShutdownSequence: Sendable {
    /// What the driver does.
    enum Step: Sendable, Hashable {
        case closeInput
        case terminate
        case kill
        /// Not even SIGKILL helped: stop waiting.
        case giveUp
    }

    private var steps: [(step: Step, wait: Double)]

    /// - Parameters:
    ///   - grace: How long the process may take after its input is closed, and again after SIGTERM, in seconds.
    ///   - quickly: It does not work anyway: no waiting before SIGTERM, little after it.
    init(grace: Double, quickly: Bool) {
        steps = [
            (.closeInput, quickly ? 0 : grace), (.terminate, quickly ? min(grace, 0.5) : grace), (.kill, 2),
            (.giveUp, 0),
        ]
    }

    /// The next step while the process still lives, and how long to wait for its end, in seconds.
    mutating func next() -> (step: Step, wait: Double)? {
        guard !steps.isEmpty else { return nil }
        return steps.removeFirst()
    }
}
