// The memory of the process, which holds secrets while it works.

import OmlxCSecret

/// The process's own memory.
public enum ProcessMemory {
    /// Keeps all other programs out of it: no core file is made of this process, a crash prints nothing of its memory (Swift's
    /// own backtraces are off), no other process of the user can attach to it or read its memory and environment. For
    /// programs that open a credential store, at their start.
    public static func protect() { _ = csecret_protect_memory() }
}
