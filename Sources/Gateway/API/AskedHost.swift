// Which host a request asks, and within which time: what stands in its query.

import HTTPTypes
import Hummingbird
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// The host of a request.
struct AskedHost: Sendable {
    /// Whether events are wanted in place of the answer alone.
    let wantsStream: Bool
    private let host: any Host
    private let seconds: Double?

    /// - Throws: `HTTPError` 422 for what cannot be an account or a limit; 403 for an account that a key names.
    init(_ host: any Host, _ request: Request, _ caller: Caller) async throws {
        wantsStream = request.headers[.accept]?.contains("text/event-stream") == true
        let query = request.uri.queryParameters
        seconds = try query[HostAPI.timeout[...]].map { text in
            guard let seconds = Double(text), seconds > 0, seconds <= 86_400 else {
                throw HTTPError(
                    .unprocessableContent, message: "timeout takes a number of seconds above 0, at most 86400")
            }
            return seconds
        }
        let account = query[HostAPI.account[...]].map { String($0) }
        if account != nil, !caller.isOwner {
            throw HTTPError(.forbidden, message: "an account is the owner's to name")
        }
        if let account, !AskedManner.isAccount(account) {
            throw HTTPError(.unprocessableContent, message: "no account can have this name")
        }
        guard let account else {
            self.host = host
            return
        }
        // Only a host that has the servers itself has them for each account.
        guard let serving = host as? any ServingHost else { throw HTTPError(.notImplemented) }
        self.host = try await serving.host(account: account)
    }

    func ask<Answer: Sendable>(_ work: (any Host) async throws -> Answer) async throws -> Answer {
        try await AskedLimit.$seconds.withValue(seconds) { try await work(host) }
    }
}
