// A limit of time that comes with a question, where a host is asked by several programs.

/// How long each server may take for what is asked now, in place of the host's own `HostOptions.timeout`. It goes with the task of the
/// question: what is begun for it has this limit, what runs already keeps its own.
package enum AskedLimit {
    /// In seconds; `nil` for the host's own.
    @TaskLocal package static var seconds: Double?
}
