// What a server says unasked, and how it is asked to.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// What the server says unasked is heard as long as the session stands.
    func listen(_ link: Link) {
        switch life.session?.era {
        case .initialize(let era): link.transport.listen(era.headers, StreamResumption())
        case .modern: subscribe(link)
        case nil: break
        }
    }

    /// What is asked for on a stream of changes (MCP 2026-07-28, subscriptions).
    private static let wishes: [(list: ServerList, name: String)] = [
        (.tools, "toolsListChanged"), (.prompts, "promptsListChanged"), (.resources, "resourcesListChanged"),
    ]

    /// Asks to be told of other tools, prompts and resources, again when the answer ends.
    private func subscribe(_ link: Link) {
        guard factory.opensServerStream, let description = life.description else { return }
        let wishes = Self.wishes.filter { description.tellsChanges(of: $0.list) }
        guard !wishes.isEmpty else { return }
        let notifications = JSONObject(wishes.map { ($0.name, JSON.bool(true)) })
        let call = Call(method: ModernEra.listening, params: ["notifications": .object(notifications)])
        let id = sendings.nextID()
        sendings.add(id, Task { [weak self] in await self?.hearChanges(call, of: wishes.map(\.list), link, id) })
    }

    private func hearChanges(_ call: Call, of lists: [ServerList], _ link: Link, _ id: Int) async {
        defer { sendings.remove(id) }
        var backoff = Backoff()
        while !Task.isCancelled, case .on = life.going(link.id) {
            let begin = ContinuousClock.now
            do { _ = try await exchange(call, on: link, limit: .infinity, onProgress: nil) } catch {
                // One that does not offer it says so.
                if error is JSONRPCError || error is SessionLost || error is CancellationError { return }
                if let status = (error as? OmlxError)?.httpStatus, [400, 404, 405, 501].contains(status) { return }
            }
            // They may have changed between two streams.
            if ContinuousClock.now - begin > .seconds(Backoff.longest) { backoff.succeeded() }
            try? await Task.sleep(for: .seconds(backoff.failed(jitter: .random(in: 0...1))))
            guard case .on = life.going(link.id), !Task.isCancelled else { return }
            for list in lists { observer(.listChanged(list)) }
        }
    }
}
