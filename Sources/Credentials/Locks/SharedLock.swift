// A lock that reaches further than this process.

/// A lock between all who use a store.
public protocol SharedLock: Sendable {
    /// Frees the lock.
    func release() async
}
