// State that threads change and tests wait for, and the writing end of a program's stdin.

import Foundation
import Glibc
import Synchronization

/// A value and the wish to know when it changes. Waiting holds a thread of its own, never one of Swift's or Dispatch's.
final class Watched<Value: Sendable>: Sendable {
    private let condition = NSCondition()
    private let content: Mutex<Value>

    init(_ value: Value) { content = Mutex(value) }

    var value: Value { content.withLock { $0 } }

    func change(_ change: (inout Value) -> Void) {
        condition.lock()
        content.withLock { change(&$0) }
        condition.broadcast()
        condition.unlock()
    }

    /// Waits until the condition holds or the time is over; the value then.
    func wait(seconds: Double, until holds: @escaping @Sendable (Value) -> Bool) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [self] in
                let end = Date(timeIntervalSinceNow: seconds)
                condition.lock()
                while !holds(value), condition.wait(until: end) {}
                let value = value
                condition.unlock()
                continuation.resume(returning: value)
            }
        }
    }
}

/// A descriptor that is closed once.
final class Descriptor: Sendable {
    private let number: Mutex<Int32?>

    init(_ number: Int32) {
        // A program that has ended must not end the tests.
        Glibc.signal(SIGPIPE, SIG_IGN)
        self.number = Mutex(number)
    }

    deinit { close() }

    func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        number.withLock { number in
            guard let number else { return }
            while !bytes.isEmpty {
                let count = bytes.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                bytes = bytes.dropFirst(count)
            }
        }
    }

    func close() {
        number.withLock { number in
            if let number { Glibc.close(number) }
            number = nil
        }
    }
}

/// Few tests at a time start programs, however many run in parallel: each would be slow otherwise.
actor Slots {
    static let shared = Slots(max(3, ProcessInfo.processInfo.activeProcessorCount + 1))

    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
