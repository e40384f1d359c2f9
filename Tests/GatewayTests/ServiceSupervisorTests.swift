// What started the host: what it is told, by which address, and what it hands over (sd_notify(3), sd_listen_fds(3)).

import Glibc
import OmlxGateway
import TestSupport
import Testing

@Suite struct ServiceSupervisorTests {
    /// A datagram socket at this address, as systemd has it.
    private func listener(_ address: String) throws -> Int32 {
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var target = sockaddr_un()
        target.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(address.utf8)
        if bytes[0] == UInt8(ascii: "@") { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &target.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(2 + bytes.count + (bytes[0] == 0 ? 0 : 1))
        let status = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
        }
        try #require(status == 0)
        return listener
    }

    private func received(_ listener: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = recv(listener, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }

    @Test("it is told by a datagram, at a path and at an abstract address")
    func told() throws {
        let folder = try ConfigurationFolder()
        for address in [folder.path + "/notify", "@omlx-test-\(getpid())"] {
            let listener = try listener(address)
            defer { close(listener) }
            let supervisor = ServiceSupervisor(environment: ["NOTIFY_SOCKET": address], process: getpid())
            #expect(supervisor.isThere && supervisor.interval == nil && supervisor.descriptors == [])
            supervisor.tell(.ready)
            #expect(received(listener) == "READY=1")
            supervisor.tell(.reloading)
            let reloading = received(listener).split(separator: "\n")
            #expect(reloading.first == "RELOADING=1" && reloading.last?.hasPrefix("MONOTONIC_USEC=") == true)
            supervisor.tell(.status("one\nREADY=1"))
            #expect(received(listener) == "STATUS=one READY=1")
            supervisor.tell(.stopping)
            #expect(received(listener) == "STOPPING=1")
        }
    }

    @Test("what is meant for another process, and what is no number, is passed over")
    func judged() {
        func read(_ environment: [String: String]) -> ServiceSupervisor {
            ServiceSupervisor(environment: environment, process: 7)
        }
        #expect(!read([:]).isThere && !read(["NOTIFY_SOCKET": "vsock:1:2"]).isThere)
        #expect(read(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"]).interval == .seconds(1))
        #expect(read(["WATCHDOG_USEC": "2000000"]).interval == .seconds(1))
        #expect(read(["WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"]).interval == nil)
        #expect(read(["WATCHDOG_USEC": "x"]).interval == nil)
        for variables in [
            ["LISTEN_PID": "8", "LISTEN_FDS": "2"], ["LISTEN_FDS": "2"], ["LISTEN_PID": "7", "LISTEN_FDS": "-1"],
            ["LISTEN_PID": "7", "LISTEN_FDS": "many"],
        ] { #expect(read(variables).descriptors == []) }
    }
}
