// systemctl and journalctl, run as a person would run them: their words go to the person's terminal as they are.

import Glibc
import OmlxErrors
import OmlxSystem

/// The programs of systemd.
enum ServiceManager {
    /// Runs a program to its end with the streams of this one.
    /// - Returns: Its exit status.
    /// - Throws: `OmlxError` with `SERVE_NO_SERVICE_MANAGER` when there is no such program.
    static func run(_ program: String, _ words: [String], _ environment: [String: String]) async throws(OmlxError)
        -> Int32
    {
        try await OwnThread.run("omlx-service") { () throws(OmlxError) in
            let arguments = ([program] + words).map { strdup($0) }
            let variables = environment.map { strdup("\($0.key)=\($0.value)") }
            defer { for text in arguments + variables { free(text) } }
            var process = pid_t()
            let status = posix_spawnp(&process, program, nil, nil, arguments + [nil], variables + [nil])
            guard status == 0 else { throw missing(program, status) }
            var end: Int32 = 0
            while waitpid(process, &end, 0) < 0, errno == EINTR {}
            return end & 0x7f == 0 ? (end >> 8) & 0xff : 128 + (end & 0x7f)
        }
    }

    private static func missing(_ program: String, _ failure: Int32) -> OmlxError {
        OmlxError(
            .serveNoServiceManager,
            "\(program) could not be run: \(failure == ENOENT ? "there is no systemd here" : String(cString: strerror(failure)))",
            nextStep: "run omlx serve yourself, or by what starts programs on this machine")
    }
}
