// One host of a user: the lock, and the files of its sockets.

import Glibc
import OmlxErrors
import OmlxGateway
import TestSupport
import Testing

@Suite struct DaemonLockTests {
    @Test("a second one learns which process has the lock, and where it serves; with its holder the lock goes")
    func second() throws {
        let folder = try ConfigurationFolder()
        var lock: DaemonLock? = try DaemonLock.take(in: folder.path + "/run")
        lock?.note(["http://127.0.0.1:1", "/run/host.sock"])
        let refused = #expect(throws: OmlxError.self) { _ = try DaemonLock.take(in: folder.path + "/run") }
        #expect(refused?.code == .serveAlreadyRunning)
        #expect(refused?.message.contains("process \(getpid()), at http://127.0.0.1:1 and /run/host.sock") == true)
        lock = nil
        _ = try DaemonLock.take(in: folder.path + "/run")
    }

    @Test("a folder that others may write to holds no lock (flock(2) on a file that they could replace)")
    func foreignFolder() throws {
        let folder = try ConfigurationFolder()
        mkdir(folder.path + "/run", 0o777)
        chmod(folder.path + "/run", 0o777)
        #expect { _ = try DaemonLock.take(in: folder.path + "/run") } throws: {
            ($0 as? OmlxError)?.code == .storePermissions
        }
    }

    @Test(
        "a socket is its owner's alone; one that is left over is replaced, one that is answered and what is none is not"
    )
    func files() throws {
        let folder = try ConfigurationFolder()
        let path = folder.path + "/host.sock"
        let first = try BoundSocket.unix(path)
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & 0o7777 == 0o600)
        #expect { _ = try BoundSocket.unix(path) } throws: { ($0 as? OmlxError)?.code == .serveAddressInUse }
        close(first.descriptor)
        let second = try BoundSocket.unix(path)
        // The first one's file is not there any more, but another's.
        first.remove()
        #expect(access(path, F_OK) == 0)
        close(second.descriptor)
        second.remove()
        #expect(access(path, F_OK) != 0)
        folder.write("host.sock", "a text")
        #expect { _ = try BoundSocket.unix(path) } throws: { ($0 as? OmlxError)?.code == .serveAddressUnusable }
        #expect(access(path, F_OK) == 0)
    }

    @Test("sockets that were handed over are told apart by their family, and what is none is passed over")
    func inherited() throws {
        let folder = try ConfigurationFolder()
        let unix = try BoundSocket.unix(folder.path + "/host.sock")
        let tcp = try BoundSocket.tcp("127.0.0.1", port: 0)
        defer { for socket in [unix, tcp] { close(socket.descriptor) } }
        let (again, port) = (BoundSocket(inherited: unix.descriptor), BoundSocket(inherited: tcp.descriptor))
        #expect(again?.isUnix == true && again?.address == unix.address)
        #expect(port?.isUnix == false && port?.address == tcp.address && port?.port == tcp.port)
        #expect(BoundSocket(inherited: STDIN_FILENO) == nil)
    }
}
