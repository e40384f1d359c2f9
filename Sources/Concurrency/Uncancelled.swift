// Work that is not cut off.

/// Runs work that goes on to its end although the caller is cancelled, and waits for it: a write half done is worse than one
/// that is late.
/// - Throws: what the work throws.
package func uncancelled<Value: Sendable, Failure: Error>(
    _ work: @escaping @Sendable () async throws(Failure) -> Value
) async throws(Failure) -> Value {
    let task = Task { () async -> Result<Value, Failure> in
        do throws(Failure) {
            return .success(try await work())
        } catch {
            return .failure(error)
        }
    }
    return try await task.value.get()
}
