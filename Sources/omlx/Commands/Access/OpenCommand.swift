// omlx open: the page of the host that stays up, signed in by a link that is good once.

import ArgumentParser
import Glibc
import OmlxErrors
import OmlxGateway
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn
import OmlxSystem

struct OpenCommand: Action {
    static let configuration = CommandConfiguration(
        commandName: "open", abstract: "Open the page of omlx serve in the browser, signed in.",
        discussion:
            "The link is good once, for 30 seconds. The browser stays signed in for as long as it is used, at most 30 days."
    )
    static let word = "open"

    @Flag(help: "Print the link, and open nothing.")
    var print = false

    @Option(help: ArgumentHelp("The Unix socket of omlx serve.", valueName: "path"), completion: .file())
    var socket: String?

    @OptionGroup var common: CommonOptions

    func act(_ session: Session) async throws -> ExitStatus {
        let paths = HostPaths(environment: session.environment, homeDirectory: session.home)
        let socket = socket ?? paths.locks + "/host.sock"
        if !print, !session.common.json, let host = try await RemoteHost.at(socket) {
            try await StoreOpener(session: session, host: host).openFiles()
        }
        let url = try await Self.link(socket)
        if session.common.json { session.document(Self.word, ["url": .string(url)]) }
        if print || session.common.json {
            if !session.common.json { session.console.line(url) }
            return .done
        }
        let opener = BrowserOpener(environment: session.environment)
        guard opener.canOpen, await opener.open(url) else {
            session.console.note("No browser could be opened here. Open this within 30 seconds:")
            session.console.line(url)
            return .done
        }
        session.console.progress("Opened in your browser.")
        return .done
    }

    /// A link that opens the page once, signed in.
    static func link(_ socket: String) async throws(OmlxError) -> String {
        let answer = try await OwnThread.run("omlx-open") { () throws(OmlxError) in
            try UnixRequest.post(AccessPart.linkPath, at: socket)
        }
        guard answer.status == 200, let url = try? JSON(parsing: answer.body)["url"]?.stringValue else {
            throw OmlxError(
                .serveNotRunning,
                "what answers at \(OmlxError.shown(socket)) is no omlx serve that opens pages (HTTP \(answer.status))",
                nextStep: "omlx serve")
        }
        return url
    }
}

/// A question over a Unix socket that is answered at once (RFC 9112).
private enum UnixRequest {
    /// How long a read or a write may take.
    private static let patience = timeval(tv_sec: 20, tv_usec: 0)
    private static let greatestAnswer = 1 << 16

    /// - Throws: `SERVE_SOCKET_PATH`, `SERVE_NOT_RUNNING`.
    static func post(_ path: String, at socket: String) throws(OmlxError) -> (status: Int, body: [UInt8]) {
        let silence = OmlxError(
            .serveNotRunning, "no omlx serve answers at \(OmlxError.shown(socket))", nextStep: "omlx serve")
        guard
            let descriptor = OwnedDescriptor(
                Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0))
        else { throw silence }
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            var patience = Self.patience
            setsockopt(descriptor.number, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = sockaddr_un()
        guard socket.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { throw silence }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socket.utf8) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let number = descriptor.number
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(number, $0, size) == 0 }
        }
        let head = "POST \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        guard isConnected, (try? SafeWrite.write(Array(head.utf8), to: number)) != nil,
            let answer = read(number), let parts = split(answer)
        else { throw silence }
        return parts
    }

    private static func read(_ descriptor: Int32) -> [UInt8]? {
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while bytes.count < greatestAnswer {
            let count = Glibc.read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return bytes }
            bytes += piece[..<count]
        }
        return nil
    }

    private static func split(_ answer: [UInt8]) -> (status: Int, body: [UInt8])? {
        let text = String(decoding: answer, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
            return nil
        }
        return (status, Array(text[end.upperBound...].utf8))
    }
}
