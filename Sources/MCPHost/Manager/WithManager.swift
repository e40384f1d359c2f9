// A host for as long as some work lasts.

import OmlxConcurrency

/// Makes a host, works with it, and stops it: also when the work throws or its task is cancelled.
///
/// ```swift
/// let result = try await withManager(configuration: configuration, options: options) { manager in
///     try await manager.call("files__read", arguments: ["path": "notes.txt"])
/// }
/// ```
///
/// - Throws: `OmlxError`, as `MCPManager.init`; what the work throws.
public func withManager<Value: Sendable>(
    configuration: HostConfiguration, options: HostOptions, isolation: isolated (any Actor)? = #isolation,
    _ work: (MCPManager) async throws -> Value
) async throws -> Value {
    let manager = try await MCPManager(configuration: configuration, options: options)
    let result: Result<Value, any Error>
    do { result = .success(try await work(manager)) } catch { result = .failure(error) }
    // A cancelled task leaves no process behind either.
    await uncancelled { await manager.stop() }
    return try result.get()
}
