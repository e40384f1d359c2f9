// The device authorization grant (RFC 8628): codes, the verification page, and the token for a code that was allowed.

import OmlxJSON

extension AuthorizationServer {
    static let deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

    func authorizeDevice(_ request: RecordedRequest) -> Reply {
        guard let fields = form(of: request), fields.repeatedName == nil else {
            return .oauthError("invalid_request", "the body is not a form, or repeats a parameter")
        }
        let client: Client
        switch authenticate(request, fields: fields) {
        case .client(let known): client = known
        case .refused(let reply): return reply
        }
        let script = stage.script
        if script.authorization.requiresResource {
            guard let resource = fields["resource"], resources.contains(resource) else {
                return .oauthError("invalid_target", "resource is missing or unknown")
            }
        }
        let scope = fields["scope"] ?? script.protection.scope ?? ""
        guard scopes.isSuperset(of: scope.split(separator: " ").map(String.init)) else {
            return .oauthError("invalid_scope", "scope is not supported")
        }
        let deviceCode = Identifier.deviceCode.random()
        let userCode = Self.newUserCode()
        let device = Device(
            client: client, userCode: userCode, resource: fields["resource"], scope: scope,
            expiresAt: stage.now + Double(script.device.lifetime), slowDownsLeft: script.device.slowDowns,
            interval: Double(script.device.interval))
        state.withLock { $0.devices[deviceCode] = device }
        var reply: JSON = [
            "device_code": JSON(deviceCode), "user_code": JSON(userCode),
            "verification_uri": JSON(stage.issuer + "/device"), "expires_in": JSON(script.device.lifetime),
        ]
        if script.device.interval > 0 { reply["interval"] = JSON(script.device.interval) }
        if script.device.sendsCompleteURI {
            reply["verification_uri_complete"] = JSON(stage.issuer + "/device?user_code=" + userCode)
        }
        return .json(
            200, reply.merging(optionalPatch: stage.filled(script.device.patch)),
            headers: [HeaderField("Cache-Control", "no-store")])
    }

    /// Eight letters that are hard to mistake (RFC 8628 §6.1).
    private static func newUserCode() -> String {
        let letters = Array("BCDFGHJKLMNPQRSTVWXZ")
        let code = (0..<8).map { _ in letters[Int.random(in: 0..<letters.count)] }
        return String(code[..<4]) + "-" + String(code[4...])
    }

    /// The page where the code is entered; with the code in the address the script's person acts at once.
    func verifyDevice(_ request: RecordedRequest) -> Reply {
        guard let code = FormFields(request.query)?["user_code"] else { return devicePage("") }
        switch stage.script.device.consent {
        case .page: return devicePage(code)
        case .auto: return decide(code, isAllowed: true)
        case .deny: return decide(code, isAllowed: false)
        }
    }

    func decideDevice(_ request: RecordedRequest) -> Reply {
        guard request.header("origin").map({ $0 == stage.origin || $0 == "null" }) ?? true,
            let fields = FormFields(request.bodyText), fields.repeatedName == nil, let code = fields["user_code"]
        else { return .oauthError("invalid_request", "not the form of the device page") }
        return decide(code, isAllowed: fields["decision"] != "deny")
    }

    private func decide(_ userCode: String, isAllowed: Bool) -> Reply {
        let now = stage.now
        let wanted = userCode.uppercased().filter(\.isLetter)
        let isKnown = state.withLock { state in
            guard
                let (code, device) = state.devices.first(where: {
                    $0.value.userCode.filter(\.isLetter) == wanted && $0.value.expiresAt > now
                }), device.isAllowed == nil
            else { return false }
            state.devices[code]?.isAllowed = isAllowed
            if isAllowed { state.counts.consents += 1 }
            return true
        }
        guard isKnown else { return .status(404, text: "unknown, used or expired code\n") }
        return .status(200, text: isAllowed ? "The device is signed in.\n" : "The device was refused.\n")
    }

    private func devicePage(_ code: String) -> Reply {
        let page = """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Connect a device – demo sign-in</title></head><body>
            <h1>Connect a device</h1>
            <form method="post" action="\(Self.escape(stage.issuer + "/device"))">
            <label>Code <input name="user_code" value="\(Self.escape(code))"></label>
            <button name="decision" value="allow">Allow</button>
            <button name="decision" value="deny">Deny</button>
            </form></body></html>

            """
        let headers = [
            HeaderField("Content-Type", "text/html; charset=utf-8"), HeaderField("Cache-Control", "no-store"),
            HeaderField("X-Frame-Options", "DENY"),
        ]
        return .message(Message(status: 200, headers: headers, body: Array(page.utf8)))
    }

    func exchangeDeviceCode(_ fields: FormFields, client: Client) -> Reply {
        guard let code = fields["device_code"] else { return .oauthError("invalid_request", "device_code is missing") }
        let script = stage.script
        let now = stage.now
        return state.withLock { state in
            guard var device = state.devices[code], device.client.id == client.id else {
                return .oauthError("invalid_grant", "unknown device code")
            }
            guard device.expiresAt > now else { return .oauthError("expired_token", "the device code has expired") }
            guard !script.authorization.requiresResource || fields["resource"] == device.resource else {
                return .oauthError("invalid_target", "resource is not that of the device authorization")
            }
            // A tenth is let pass for a clock read a little late.
            let isHasty =
                script.device.interval > 0
                && (device.lastAsked.map { now - $0 < device.interval * 0.9 } ?? false)
            device.lastAsked = now
            if isHasty || device.slowDownsLeft > 0 {
                device.slowDownsLeft = max(0, device.slowDownsLeft - 1)
                device.interval += 5
                state.devices[code] = device
                return .oauthError("slow_down", "ask less often")
            }
            state.devices[code] = device
            guard let isAllowed = device.isAllowed else {
                return .oauthError("authorization_pending", "nobody has entered the code yet")
            }
            state.devices[code] = nil
            guard isAllowed else { return .oauthError("access_denied", "the person refused") }
            let id = Identifier.tokenFamily.random()
            state.families[id] = Family(
                clientID: client.id, resource: device.resource, scope: device.scope, startedAt: now)
            state.counts.tokenGrants[Self.deviceGrantType, default: 0] += 1
            return issue(id, scope: device.scope, withRefreshToken: true, in: &state, now: now)
        }
    }
}
