// Where the bus is, and GIO's functions as they are declared.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import OmlxDesktop

@Suite(.timeLimit(.minutes(5))) struct SessionBusTests {
    @Test("the bus is where the environment says, or in the runtime folder; none is started")
    func address() throws {
        let folder = try ConfigurationFolder()
        #expect(BusAddress.session(["DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"]) == "unix:path=/x")
        #expect(BusAddress.session(["DBUS_SESSION_BUS_ADDRESS": "autolaunch:"]) == nil)
        #expect(
            BusAddress.session(["DBUS_SESSION_BUS_ADDRESS": "unixexec:path=/bin/sh;unix:path=/x"]) == "unix:path=/x")
        #expect(BusAddress.session(["XDG_RUNTIME_DIR": folder.path]) == nil)
        folder.write("bus", "")
        #expect(BusAddress.session(["XDG_RUNTIME_DIR": folder.path]) == nil)
        #expect(BusAddress.session(["XDG_RUNTIME_DIR": "run", "DISPLAY": ":0"]) == nil)
    }

    @Test("calls are answered, refused or end with the bus")
    func calls() async throws {
        try await withDesktop { desktop, _ in
            let bus = try #require(await SessionBus.connect(desktop.environment))
            #expect(await bus.own("dev.omlx.Test"))
            #expect(try await bus.call(.ofBus("NameHasOwner"), [.text("dev.omlx.Test")]) == [.boolean(true)])
            let refused = await #expect(throws: BusError.self) { try await bus.call(.ofBus("NoSuchMethod")) }
            #expect(refused?.name == "org.freedesktop.DBus.Error.UnknownMethod")
            let owners = await bus.owners(of: "org.kde.StatusNotifierWatcher")
            var seen = owners.makeAsyncIterator()
            #expect(await seen.next() == .some(nil))
            try await desktop.have("watcher on")
            #expect(await seen.next()??.hasPrefix(":") == true)
            desktop.endSession()
            while await seen.next() != nil {}
            let gone = await #expect(throws: BusError.self) { try await bus.call(.ofBus("GetId")) }
            #expect(gone == .gone)
            #expect(await SessionBus.connect(desktop.environment) == nil)
        }
    }

    @Test("the functions declared are those of the real headers")
    func declarations() async throws {
        let folder = try ConfigurationFolder()
        let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = folder.write(
            "check.c",
            "#include <gio/gio.h>\n#define CGIO_REAL_HEADERS\n#include \"\(root)/Sources/CGIO/Declarations.h\"\n")
        let folders = "-I/usr/include/glib-2.0 $(echo -I /usr/lib/*/glib-2.0/include)"
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let command = "PATH='\(path)'; exec 2>&1; exec clang -fsyntax-only -Wall -Werror \(folders) '\(file)'"
        let (status, output) = try await onOwnThread { try ChildCommand.run("/bin/sh", ["-c", command]) }
        #expect(status == 0, "\(String(decoding: output, as: UTF8.self))")
    }
}
