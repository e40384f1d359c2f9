// The service whose end is the end of all.

import ServiceLifecycle

/// Runs until the process is asked to end; signals are this program's own in every command (`Interrupts`).
struct EndService: Service {
    /// What SIGHUP does; `nil` to end too.
    let hangUp: (@Sendable () -> Void)?

    init(hangUp: (@Sendable () -> Void)? = nil) { self.hangUp = hangUp }

    func run() async {
        let (asked, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        Interrupts.take({ continuation.yield() }, hangUp: hangUp)
        for await _ in asked.cancelOnGracefulShutdown() { return }
    }
}
