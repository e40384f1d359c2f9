// What is said of one server beside what went wrong: what it wrote, and what it may have missed.

import ErrorCatalogue
import HTTPClient
import MCPClient

extension ManagedServer {
    static func words(dropped count: Int, _ names: [String], _ reason: String) -> String {
        let some = names.map { "\"\($0)\"" }.joined(separator: ", ") + (count > names.count ? ", …" : "")
        return "\(count == 1 ? "1 tool" : "\(count) tools") left out: \(reason)" + (names.isEmpty ? "" : " (\(some))")
    }

    /// A child process that writes, but never a message, is not slow: it speaks something else.
    nonisolated func chatter(_ link: Link) -> OmlxError? {
        let count = link.notes.skippedLines
        guard count > 0 else { return nil }
        return OmlxError(
            .protocolNotJSON,
            "\(name) wrote \(count == 1 ? "1 line that is" : "\(count) lines that are") no MCP message, and no answer",
            nextStep: "run the command by itself to see what it writes; it must write MCP messages only")
    }

    /// The error with what to write where the server may have missed a variable that is set here.
    nonisolated func explained(_ error: OmlxError, _ link: Link) -> OmlxError {
        explained(error, mentioned: link.notes.mentioned)
    }

    nonisolated func explained(_ error: OmlxError, mentioned: [String]) -> OmlxError {
        let isTyped = configuration.commandLineWords != nil
        return withheld?.explaining(error, mentioned: mentioned, server: isTyped ? nil : name) ?? error
    }

    /// Says what the server says for people.
    nonisolated var voice: ServerVoice { ServerVoice(server: name, logger: options.logger, board: board) }
}

extension TLSSettings {
    init(_ files: TLSFiles) {
        self.init(
            certificateAuthorities: files.authorities?.value, clientCertificate: files.certificate?.value,
            clientKey: files.key?.value)
    }
}

extension Duration {
    /// The length in seconds.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

extension Double {
    /// Without a fraction where there is none.
    var text: String { self == rounded() && abs(self) < 1e15 ? String(Int(self)) : String(self) }
}
