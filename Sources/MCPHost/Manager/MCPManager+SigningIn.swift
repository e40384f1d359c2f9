// Using tools with a person at hand who may sign in when that is needed.

import Credentials
import ErrorCatalogue
import JSON
import MCPClient
import SignIn

/// A person who may be asked to sign in.
public struct SignInOffer: Sendable {
    /// The person.
    public var interface: any SignInInterface
    /// Opens addresses for them; `nil` opens nothing.
    public var browser: (any BrowserOpening)?
    /// How they sign in.
    public var flow: SignInFlow

    /// An offer.
    public init(interface: any SignInInterface, browser: (any BrowserOpening)?, flow: SignInFlow = .browser) {
        self.interface = interface
        self.browser = browser
        self.flow = flow
    }
}

extension MCPManager {
    /// Starts a server, signing in when that is what it wants.
    /// - Throws: `OmlxError`: what the sign-in throws. Whatever else keeps the server away is in `problem(of:)`.
    public func start(_ name: String, signingIn offer: SignInOffer) async throws {
        await start([name])
        guard let problem = await problem(of: name), problem.isMendedBySigningIn else { return }
        var options = LoginOptions(isForced: true)
        options.flow = offer.flow
        let report = try await login(name, options, interface: offer.interface, browser: offer.browser)
        if let reason = report.passedOver { await offer.interface.notice(reason.downgrade) }
    }

    /// Calls a tool as `call(_:arguments:timeout:onProgress:)` does, with a person at hand: a sign-in that is missing
    /// is made, once; scopes that are missing are signed in for, three times at most (C11.6, pain 15).
    /// - Throws: `OmlxError`: what the call and the sign-in throw; `OAUTH_STEP_UP_FAILED`.
    public func call(
        _ name: String, arguments: JSONObject, timeout: Double? = nil, signingIn offer: SignInOffer,
        onProgress: (@Sendable (Progress) -> Void)? = nil
    ) async throws -> ToolResult {
        let server = try await server(ofTool: name)
        var stepUp = StepUp(serverName: server)
        var hasSignedIn = false
        while true {
            do {
                return try await call(name, arguments: arguments, timeout: timeout, onProgress: onProgress)
            } catch let error as OmlxError where error.isMendedBySigningIn {
                var options = LoginOptions(isForced: true)
                options.flow = offer.flow
                if error.code == .oauthInsufficientScope {
                    options.scopes = try await self.server(named: server).scopes(for: error, &stepUp)
                } else if hasSignedIn {
                    throw error
                }
                hasSignedIn = true
                let report = try await login(server, options, interface: offer.interface, browser: offer.browser)
                if let reason = report.passedOver { await offer.interface.notice(reason.downgrade) }
            }
        }
    }
}

extension OmlxError {
    /// Whether a person who signs in mends it.
    var isMendedBySigningIn: Bool {
        switch code {
        case .oauthSignInNeeded, .oauthRefreshRejected, .oauthRefreshRefused, .oauthRefreshImpossible,
            .oauthTokenRefused, .oauthInsufficientScope:
            true
        default: false
        }
    }
}
