// Tasks that end with their owner.

import Synchronization

/// The tasks of one owner. They are cancelled when the owner lets go of this.
///
/// A task group is the better owner where there is a scope to hold it. This is for owners that live longer than any call:
/// a transport, a watch, a conversation.
package final class OwnedTasks: Sendable {
    private struct State {
        var tasks: [Int: Task<Void, Never>] = [:]
        var count = 0
        /// Tasks that ended before they were noted.
        var ended: Set<Int> = []
        var isOver = false
    }

    private let state = Mutex(State())

    /// No task.
    package init() {}

    deinit { cancel() }

    /// Starts a task, which must not keep the owner. One that is started after the end is cancelled from its start.
    package func start(_ work: @escaping @Sendable () async -> Void) {
        let number = state.withLock { state in
            state.count += 1
            return state.count
        }
        let task = Task { [weak self] in
            await work()
            self?.ended(number)
        }
        let isOver = state.withLock { state in
            if state.ended.remove(number) == nil { state.tasks[number] = task }
            return state.isOver
        }
        if isOver { task.cancel() }
    }

    private func ended(_ number: Int) {
        state.withLock { state in
            if state.tasks.removeValue(forKey: number) == nil { state.ended.insert(number) }
        }
    }

    /// Cancels all, and all that come.
    package func cancel() {
        let tasks = state.withLock { state in
            state.isOver = true
            return state.tasks
        }
        for task in tasks.values { task.cancel() }
    }

    /// Waits until none is under way.
    package func finish() async {
        while let task = state.withLock({ $0.tasks.values.first }) { await task.value }
    }
}
