// Using tools with a person at hand who may sign in when that is needed.

import OmlxCredentials
import OmlxErrors
import OmlxJSON
import OmlxMCPClient
import OmlxSignIn

extension MCPManager {
    /// Starts a server, signing in when that is what it wants.
    /// - Throws: `OmlxError`: what the sign-in throws. Whatever else keeps the server away is in `problem(of:)`.
    public func start(_ name: String, signingIn offer: SignInOffer) async throws {
        try await whileRunning {
            let mark = await managed(name)?.signInMark()
            await start([name])
            guard let mark, let problem = await problem(of: name), problem.isMendedBySigningIn else { return }
            try await recorder.flushing {
                try await server(named: name).signIn(wanting: nil, since: mark, offer)
            }
        }
    }

    /// Calls a tool as `call(_:arguments:timeout:onProgress:)` does, with a person at hand: a sign-in that is missing
    /// is made, once; scopes that are missing are signed in for, three times at most (C11.6). Calls that need the
    /// same sign-in at the same time wait for one.
    /// - Throws: `OmlxError`: what the call and the sign-in throw; `OAUTH_STEP_UP_FAILED`. `CancellationError`.
    public func call(
        _ name: String, arguments: JSONObject, timeout: Double? = nil, signingIn offer: SignInOffer,
        onProgress: (@Sendable (Progress) -> Void)? = nil, eliciting handler: ElicitationHandler? = nil
    ) async throws -> ToolResult {
        try await call(
            name, arguments: arguments, timeout: timeout, offering: { _ in offer }, onProgress: onProgress,
            eliciting: handler)
    }

    /// - Parameter offering: makes the offer for the server the tool turns out to be of.
    package func call(
        _ name: String, arguments: JSONObject, timeout: Double?, offering: @escaping OfferingSignIn,
        onProgress: (@Sendable (Progress) -> Void)?, eliciting handler: ElicitationHandler? = nil
    ) async throws -> ToolResult {
        follow()
        return try await whileRunning {
            try await callSigningIn(name, arguments, timeout, offering, handler, onProgress)
        }
    }

    private func callSigningIn(
        _ name: String, _ arguments: JSONObject, _ timeout: Double?, _ offering: @escaping OfferingSignIn,
        _ handler: ElicitationHandler?, _ onProgress: (@Sendable (Progress) -> Void)?
    ) async throws -> ToolResult {
        let found = try await resolve(name, offering)
        let server = found.server
        return try await signing(in: server, offering(server.name)) {
            try await CallReport.of(found.tool, of: server.name, arguments, to: options.hearsCalls) {
                try await server.call(
                    found.tool, arguments: arguments, timeout: timeout, through: gate, eliciting: handler,
                    onProgress: onProgress)
            }
        }
    }

    /// Does what may need a sign-in at a server, and makes it where it is missing.
    func signing<Value: Sendable>(
        in server: ManagedServer, _ offer: SignInOffer, _ work: () async throws -> Value
    ) async throws -> Value {
        var stepUp = StepUp(serverName: server.name)
        var hasSignedIn = false
        while true {
            let mark = await server.signInMark()
            do {
                return try await work()
            } catch let error as OmlxError where error.isMendedBySigningIn {
                var scopes: [String]?
                if error.code == .oauthInsufficientScope {
                    scopes = try await server.scopes(for: error, &stepUp)
                } else if hasSignedIn {
                    throw error
                }
                hasSignedIn = true
                let wanted = scopes
                try await recorder.flushing { try await server.signIn(wanting: wanted, since: mark, offer) }
            }
        }
    }
}

extension OmlxError {
    /// Whether a person who signs in mends it.
    var isMendedBySigningIn: Bool { code.wantsSignIn || code == .oauthInsufficientScope }
}
