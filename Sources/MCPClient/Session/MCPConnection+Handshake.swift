// The handshake of a session: a revision is settled, and the server told so.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// How long a server that refuses `initialize` is asked what it speaks, in seconds.
    private static let probeLimit = 3.0
    /// How long one that has refused `initialize` may take to answer another offer, in seconds.
    private static let secondLimit = 10.0
    /// How long a server may take to accept that the session stands, in seconds.
    private var announcementLimit: Double { min(limits.request / 2, 5) }

    /// Settles a session on the transport there is (B1–B5).
    func initialize() async throws -> InitializeResult {
        var negotiation = InitializeNegotiation(client: client, older: transport?.olderRevision ?? .v2024_11_05)
        var action = negotiation.start()
        var limit = limits.request
        while true {
            switch action {
            case .send(let params):
                do {
                    let result = try await exchange("initialize", params, limit: limit, onProgress: nil).result
                    action = negotiation.received(result)
                } catch let error as JSONRPCError {
                    action = negotiation.refused(error)
                } catch let error as OmlxError where error.speaksOfRevision {
                    action = negotiation.refused(error)
                } catch {
                    try Task.checkCancellation()
                    // One that refused and then says nothing more has said why.
                    guard let refusal = negotiation.refusal else { throw error }
                    throw refusal
                }
                limit = min(limits.request / 2, Self.secondLimit)
                // What a refusal said of a session is not meant.
                if case .ready = action { break }
                transport?.forgetSession()
            case .discover(let params): action = try await discover(params, &negotiation)
            case .ready(let revision, let result):
                session.era = .initialize(revision)
                transport?.settled(on: revision)
                try await announce()
                return result
            case .fail(let error): throw error
            }
        }
    }

    /// Asks a server what it speaks. That it does not answer is no error of its own.
    private func discover(
        _ params: JSONObject, _ negotiation: inout InitializeNegotiation
    ) async throws -> InitializeNegotiation.Action {
        do {
            let limit = min(limits.request, Self.probeLimit)
            return negotiation.discovered(
                try await exchange(Era.probe, params, limit: limit, onProgress: nil).result)
        } catch let error as JSONRPCError {
            return negotiation.discoveryRefused(error)
        } catch {
            try Task.checkCancellation()
            return negotiation.discoveryRefused(nil)
        }
    }

    /// Tells the server that the session stands (B1). It has agreed already: that it refuses to hear so ends nothing.
    private func announce() async throws {
        let method = "notifications/initialized"
        do {
            guard try await !notify(method) else { return }
            let reason = "no answer within \(shownSeconds(announcementLimit))"
            observer(.notificationRefused(method: method, reason: reason))
        } catch let error as OmlxError where error.isRefusalOfNotification {
            observer(.notificationRefused(method: method, reason: error.message))
        } catch let error as JSONRPCError {
            observer(.notificationRefused(method: method, reason: error.failure(of: method).message))
        } catch is SessionLost {
            observer(.notificationRefused(method: method, reason: "the server answered it with 404"))
        }
    }

    /// - Returns: Whether the server took it in time.
    private func notify(_ method: String) async throws -> Bool {
        guard let transport else { throw OmlxError.cancelled(method) }
        let message = OutgoingMessage(.notification, label: method, .notification(method))
        do {
            try await withDeadline(announcementLimit) { try await transport.send(message) }
            return true
        } catch is DeadlinePassed {
            return false
        }
    }
}

extension OmlxError {
    /// An HTTP refusal that is not about the sign-in.
    fileprivate var isRefusalOfNotification: Bool {
        guard let httpStatus, httpStatus >= 400 else { return false }
        return code.errorClass == .transport || code.errorClass == .protocol
    }

    /// A refusal in words of the server's own that are about the protocol's revision.
    fileprivate var speaksOfRevision: Bool {
        guard code == .transportBadStatus || code == .transportServerError, let words = serverWords?.lowercased() else {
            return false
        }
        return words.contains("protocol version") || words.contains("protocolversion")
            || words.contains("protocol-version")
    }
}
