// The ends of a server's connections, and of the server.

import OmlxConcurrency
import OmlxErrors
import OmlxMCPClient

extension ManagedServer {
    /// Ends the connection; the credential stays.
    /// - Parameter link: only this one.
    func disconnect(_ link: Link? = nil) async {
        guard let link = life.leave(link) else { return }
        await left(link)
    }

    /// Before anything is waited for, it is said that the server is not connected: a connection made meanwhile has its own say.
    func left(_ link: Link) async {
        show()
        await close(link)
    }

    /// Closes what has ended already; the end of the server waits for it.
    func closeSoon(_ link: Link) {
        tasks.start { [weak self] in await self?.close(link) }
    }

    func close(_ link: Link) async {
        link.notes.finish()
        let overdue = OmlxError(.transportTimeout, "\(name) did not close")
        // A cancelled caller leaves no process behind, and nothing a server does holds up the end for long.
        let seconds = min(6, options.timeout ?? 6)
        await uncancelled {
            try? await withDeadline(seconds, overdue: overdue) { await link.connection.close() }
        }
    }

    /// Ends what is being started, then the connection.
    func shutDown() async {
        life.halt()
        defer { life.resume() }
        comeback?.cancel()
        watch?.cancel()
        rest?.cancel()
        attempt?.cancel()
        await attempt?.value
        await disconnect()
    }

    /// Ends everything for good.
    func stop(because error: OmlxError) async {
        life.halt()
        await sharing.cancel()
        await shutDown()
        life.stop(error)
        listed = []
        tasks.cancel()
        await tasks.finish()
    }

    // MARK: what others do

    /// The sign-in is gone, by another's hand: disconnects, and says so until there is another.
    func end(because error: OmlxError) async {
        await shutDown()
        board.noteUsed(nil)
        dropTools()
        life.end(error)
    }

    private func dropTools() {
        guard !listed.isEmpty else { return }
        listed = []
        board.tell(.toolsChanged(server: name, tools: []))
    }

    /// Waits for an attempt to connect under way.
    func settled() async { await attempt?.value }

    /// Forgets why the server was not ready, as after a sign-in, and the tools, as after a sign-out.
    func forget(tools: Bool = false) {
        life.forget()
        board.noteUsed(nil)
        if tools { dropTools() }
    }
}
