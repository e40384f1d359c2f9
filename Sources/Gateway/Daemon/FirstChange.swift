// The first of several things that may change.

/// Waits for streams that tell of changes.
enum FirstChange {
    /// Returns at the first element of any, and when the task is cancelled.
    static func wait(for changes: [AsyncStream<Void>]) async {
        await withTaskGroup(of: Void.self) { group in
            for change in changes {
                group.addTask {
                    for await _ in change { return }
                    // A stream that ended, as when the host is stopped, says nothing.
                    while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
