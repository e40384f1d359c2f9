// A bus of its own, and a program on it that plays the desktop's part (Tests/Desktop/desktop.py).

import Foundation
import Glibc
import OmlxJSON
import TestSupport
import Testing

/// A session: a bus, and what a desktop has on it. Nothing of it is this machine's.
final class FakeDesktop: Sendable {
    private static let configuration = """
        <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
         "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
        <busconfig><type>session</type><listen>unix:path=FOLDER/bus</listen>
        <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
        <allow own="*"/></policy></busconfig>
        """

    let environment: [String: String]
    private let bus: ChildCommand
    private let desktop: ChildCommand
    private let lines: AsyncStream<JSON>

    /// - Parameter folder: a short path.
    init(_ folder: ConfigurationFolder) async throws {
        let file = folder.write(
            "bus.conf", Self.configuration.split(separator: "FOLDER").joined(separator: folder.path))
        let address = "unix:path=\(folder.path)/bus"
        environment = ["DBUS_SESSION_BUS_ADDRESS": address, "PATH": "/usr/bin:/bin", "HOME": folder.path]
        let script = "/" + #filePath.split(separator: "/").dropLast(2).joined(separator: "/") + "/Desktop/desktop.py"
        let bus = try ChildCommand(
            "/usr/bin/dbus-daemon", ["--config-file=\(file)", "--nofork", "--nopidfile", "--print-address"])
        self.bus = bus
        try await onOwnThread { try #require(bus.read() != nil, "there is no bus") }
        let desktop = try ChildCommand(
            "/usr/bin/env", ["DBUS_SESSION_BUS_ADDRESS=\(address)", "/usr/bin/python3", "-B", script])
        self.desktop = desktop
        let (lines, said) = AsyncStream.makeStream(of: JSON.self)
        self.lines = lines
        Thread.detachNewThread {
            var rest: [UInt8] = []
            while let piece = desktop.read() {
                rest += piece
                while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                    if let line = try? JSON(parsing: String(decoding: rest[..<end], as: UTF8.self)) { said.yield(line) }
                    rest.removeFirst(end + 1)
                }
            }
            said.finish()
        }
        _ = try await next("ready")
    }

    /// Tells it what to do; see there.
    func tell(_ line: String) { desktop.write(Array((line + "\n").utf8)) }

    /// Tells it, and waits until it is done.
    func have(_ line: String) async throws {
        tell(line)
        _ = try await next("done")
    }

    /// The next thing of this kind that it says; others before it are passed over.
    func next(_ what: String, where isWanted: (JSON) -> Bool = { _ in true }) async throws -> JSON {
        for await line in lines {
            if line["what"]?.stringValue == "error" { Issue.record("\(line.text())") }
            if line["what"]?.stringValue == what, isWanted(line) { return line }
        }
        throw ChildCommand.Failure(description: "the desktop ended before it said \(what)")
    }

    /// What it has said by now and was not looked at.
    func saidSince() async throws -> [JSON] {
        tell("capabilities end")
        var said: [JSON] = []
        for await line in lines {
            if line["what"]?.stringValue == "done" { break }
            said.append(line)
        }
        return said
    }

    /// Ends the bus, and with it the session.
    func endSession() { bus.terminate() }

    func stop() async throws {
        for child in [desktop, bus] {
            child.terminate()
            try await onOwnThread { _ = child.wait() }
        }
    }
}

/// Runs a test in a session of its own.
func withDesktop(_ body: (FakeDesktop, ConfigurationFolder) async throws -> Void) async throws {
    let folder = try ConfigurationFolder()
    let desktop = try await FakeDesktop(folder)
    do { try await body(desktop, folder) } catch {
        try await desktop.stop()
        throw error
    }
    try await desktop.stop()
}
