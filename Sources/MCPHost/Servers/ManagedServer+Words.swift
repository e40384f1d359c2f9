// What is said of one server beside what went wrong: what it wrote, and what it may have missed.

import OmlxErrors
import OmlxHTTPClient
import OmlxMCPClient

extension ManagedServer {
    /// The error with what to write where the server may have missed a variable that is set here.
    nonisolated func explained(_ error: OmlxError, _ link: Link) -> OmlxError {
        explained(error, mentioned: link.notes.mentioned)
    }

    nonisolated func explained(_ error: OmlxError, mentioned: [String]) -> OmlxError {
        withheld?.explaining(error, mentioned: mentioned, server: configuration.isNamed ? name : nil) ?? error
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
