// Changes of single resources, of which a server tells those who want to hear of them.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// Asks to be told of changes of a resource (`resourceUpdated`), as long as the connection stands.
    /// - Throws: `OmlxError`, `CancellationError`.
    package func subscribe(to uri: String) async throws {
        let turn = try await subscribing.enter()
        defer { turn.giveBack() }
        guard !subscribed.contains(uri) else { return }
        switch life.session?.era {
        case .modern: try await hear(subscribed.union([uri]))
        default: _ = try await request("resources/subscribe", params: ["uri": .string(uri)])
        }
        subscribed.insert(uri)
    }

    /// Asks to be told no more.
    /// - Throws: `OmlxError`, `CancellationError`; nothing is told then either.
    package func unsubscribe(from uri: String) async throws {
        let turn = try await subscribing.enter()
        defer { turn.giveBack() }
        guard subscribed.remove(uri) != nil else { return }
        switch life.session?.era {
        case .modern: try await hear(subscribed)
        default: _ = try await request("resources/unsubscribe", params: ["uri": .string(uri)])
        }
    }

    /// A new session knows of no earlier wishes; that of the modern era has none.
    func resubscribe(_ link: Link) {
        guard case .initialize? = life.session?.era, !subscribed.isEmpty else { return }
        let id = sendings.nextID()
        sendings.add(id, Task { [weak self] in await self?.subscribeAgain(link, id) })
    }

    private func subscribeAgain(_ link: Link, _ id: Int) async {
        defer { sendings.remove(id) }
        for uri in subscribed.sorted() {
            guard case .on = life.going(link.id), !Task.isCancelled else { return }
            _ = try? await request("resources/subscribe", params: ["uri": .string(uri)])
            // It may have changed between the sessions.
            observer(.resourceUpdated(uri: uri))
        }
    }

    // MARK: the modern era

    /// Hears of these resources on a stream of their own; the one that told of others is given up once it stands, so that nothing
    /// is missed between the two (MCP 2026-07-28, subscriptions).
    private func hear(_ uris: Set<String>) async throws {
        let former = hearing
        guard !uris.isEmpty else {
            hearing = nil
            if let former { sendings.cancel(former) }
            return
        }
        guard case .send(let link) = life.admit() else {
            throw OmlxError(.transportNotConnected, "the server is not connected")
        }
        let accepted = FirstResult<JSON, OmlxError>()
        let id = sendings.nextID()
        sendings.add(id, Task { [weak self] in await self?.hearUpdates(of: uris.sorted(), link, id, accepted) })
        let overdue = OmlxError(
            .transportTimeout, "the server did not accept a subscription within \(shownSeconds(limits.request))")
        do {
            let answer = try await withDeadline(limits.request, overdue: overdue) { try await accepted.result.get() }
            let taken = Set(answer["resourceSubscriptions"]?.stringArrayValue ?? [])
            let refused = uris.subtracting(taken).subtracting(subscribed)
            if let first = refused.first {
                throw OmlxError(
                    .protocolErrorResponse,
                    "the server does not tell of changes of \(OmlxError.shown(redactor.hide(first), limit: 200))")
            }
        } catch {
            sendings.cancel(id)
            throw error
        }
        hearing = id
        if let former { sendings.cancel(former) }
    }

    private func hearUpdates(
        of uris: [String], _ link: Link, _ id: Int, _ accepted: FirstResult<JSON, OmlxError>
    ) async {
        defer { sendings.remove(id) }
        let call = Call(
            method: ModernEra.listening, params: ["notifications": ["resourceSubscriptions": JSON(uris)]])
        var backoff = Backoff()
        while !Task.isCancelled, case .on = life.going(link.id) {
            let begin = ContinuousClock.now
            do {
                _ = try await exchange(call, on: link, limit: .infinity, onProgress: nil) {
                    accepted.give(.success($0))
                }
            } catch {
                // One that does not offer it says so.
                let isFirst = accepted.give(.failure(hidden(error, during: call.method)))
                if isFirst || error is JSONRPCError || error is SessionLost || error is CancellationError { return }
            }
            if ContinuousClock.now - begin > .seconds(Backoff.longest) { backoff.succeeded() }
            try? await Task.sleep(for: .seconds(backoff.failed(jitter: .random(in: 0...1))))
            guard case .on = life.going(link.id), !Task.isCancelled else { return }
            // They may have changed between two streams.
            for uri in uris { observer(.resourceUpdated(uri: uri)) }
        }
    }
}
