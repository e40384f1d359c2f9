// The handshake of a session: a revision is settled, and the server told so.

import OmlxConcurrency
import OmlxErrors
import OmlxJSON

extension MCPConnection {
    /// How long a server that refuses `initialize` is asked what it speaks, in seconds.
    private static let probeLimit = 3.0
    /// How long a child process is asked what it speaks, of which nothing is known, in seconds: what says nothing to such a question
    /// is one of the handshake, or starting.
    private static let firstLimit = 2.0
    /// How long one that has refused `initialize` may take to answer another offer, in seconds, and one that is known to say what
    /// it speaks to do so.
    private static let secondLimit = 10.0
    /// How long a server may take to accept that the session stands, in seconds.
    private var announcementLimit: Double { min(limits.request / 2, 5) }

    /// Settles a session on a link (MCP 2025-11-25, lifecycle).
    func initialize(_ link: Link) async throws -> InitializeResult {
        let known = link.transport.hasModernEra ? era : .initialize
        var negotiation = try session(on: link).era.opening(
            client, older: link.transport.olderRevision, known: known, elicits: elicits)
        var action = negotiation.start()
        var limit = limits.request
        while true {
            switch action {
            case .send(let params):
                do {
                    action = negotiation.received(try await ask("initialize", params, limit, link))
                } catch let error as JSONRPCError {
                    action = negotiation.refused(error)
                } catch let error as OmlxError where error.speaksOfRevision {
                    action = negotiation.refused(error)
                } catch let error as OmlxError
                    where negotiation.wasProbed && negotiation.refusal == nil && mayHaveEnded(link, by: error)
                {
                    // For the question before, read late: another process gets the handshake alone.
                    era = .initialize
                    throw EndedByProbe(failure: error)
                } catch {
                    try Task.checkCancellation()
                    // One that refused and then says nothing more has said why.
                    guard let refusal = negotiation.refusal else { throw error }
                    throw refusal
                }
                limit = min(limits.request / 2, Self.secondLimit)
                // What a refusal said of a session is not meant.
                if case .ready = action { break }
                life.reopen(link.id)
                link.transport.stopListening()
            case .discover:
                action = try await discover(&negotiation, link)
                if case .modern = action { break }
                life.reopen(link.id)
            case .ready(let revision, let result):
                era = .initialize
                life.change(link.id) { $0.settle(revision) }
                try await announce(link)
                return result
            case .modern(let result):
                era = .modern
                life.change(link.id) { $0 = .modern(ModernEra(client: client, link, isSettled: true)) }
                return result
            case .fail(let error): throw error
            }
        }
    }

    private func ask(_ method: String, _ params: JSONObject?, _ limit: Double, _ link: Link) async throws -> JSON {
        try await exchange(Call(method: method, params: params), on: link, limit: limit, onProgress: nil).result
    }

    /// Asks a server what it speaks. That one which has refused the handshake does not answer is no error of its own.
    private func discover(
        _ negotiation: inout OpeningNegotiation, _ link: Link
    ) async throws -> OpeningNegotiation.Action {
        life.change(link.id) { $0 = .modern(ModernEra(client: client, link, isSettled: false)) }
        let isFirst = negotiation.refusal == nil
        do {
            return negotiation.discovered(try await ask(ModernEra.discovery, nil, probeLimit(link, isFirst), link))
        } catch let error as JSONRPCError {
            return negotiation.discoveryRefused(error)
        } catch let error as OmlxError where isFirst && mayHaveEnded(link, by: error) {
            // Asked once is enough: another process gets the handshake.
            era = .initialize
            throw EndedByProbe(failure: error)
        } catch let error as OmlxError where isFirst ? !error.speaksOfEra : error.isOfSignIn {
            throw error
        } catch let error as SpeaksSSE {
            throw error
        } catch {
            try Task.checkCancellation()
            let isSilence = (error as? OmlxError)?.code == .transportTimeout
            return isSilence ? negotiation.discoverySilent() : negotiation.discoveryRefused(nil)
        }
    }

    /// Whether a child process may have ended for the question what it speaks: one that has read nothing had another reason.
    private func mayHaveEnded(_ link: Link, by error: OmlxError) -> Bool {
        error.code == .transportProcessExited && !link.isFallback && !link.transport.hasReadNothing
    }

    /// How long the server may take to say what it speaks, in seconds.
    private func probeLimit(_ link: Link, _ isFirst: Bool) -> Double {
        guard isFirst else { return min(limits.request, Self.probeLimit) }
        return min(limits.request / 2, link.transport.isHTTP || era == .modern ? Self.secondLimit : Self.firstLimit)
    }

    /// Tells the server that the session stands. It has agreed already: that it refuses to hear so ends nothing.
    private func announce(_ link: Link) async throws {
        let method = "notifications/initialized"
        do {
            guard try await !notify(method, link) else { return }
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
    private func notify(_ method: String, _ link: Link) async throws -> Bool {
        let session = try session(on: link)
        let message = session.era.notification(method)
        if link.transport.post(message) { return true }
        do {
            try await withDeadline(announcementLimit) { try await link.send(message, in: session) }
            return true
        } catch is DeadlinePassed {
            return false
        }
    }
}

extension ModernEra {
    fileprivate init(client: ClientInfo, _ link: MCPConnection.Link, isSettled: Bool) {
        self.init(client: client, isOverHTTP: link.transport.isHTTP)
        self.isSettled = isSettled
    }
}

extension OmlxError {
    /// Whether the handshake is offered after it: a refusal of the question itself, an answer that is none, silence. A sign-in that
    /// is needed, a server that is down and a network that does not carry say nothing of the era (MCP 2026-07-28, versioning).
    fileprivate var speaksOfEra: Bool {
        if let httpStatus {
            switch httpStatus {
            case 401, 403, 408, 429: return false
            case 400..<500, 200..<300, 500, 501: return true
            default: return false
            }
        }
        let isNoAnswer: Set<ErrorCode> = [
            .transportTimeout, .transportClosed, .transportTooLarge, .protocolNotJSON, .protocolInvalidMessage,
            .protocolContentType, .protocolStreamBroken,
        ]
        return isNoAnswer.contains(code)
    }

    /// Whether a sign-in stands between omlx and the answer.
    fileprivate var isOfSignIn: Bool { httpStatus == 401 || httpStatus == 403 }

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
