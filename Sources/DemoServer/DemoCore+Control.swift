// Control over HTTP, below /demo/: the script, the requests received, the state, and events to happen now.

import OmlxJSON

extension DemoCore {
    /// Control requests are not recorded. A request of a foreign web page is refused.
    func control(_ request: RecordedRequest) -> Reply {
        if let origin = request.header("origin"), origin != stage.origin {
            return .status(403, text: "foreign origin\n")
        }
        switch (request.method, request.path) {
        case ("GET", "/demo/requests"): return .json(200, .array(journal.requests.map(\.asJSON)))
        case ("DELETE", "/demo/requests"): return done { journal.clear() }
        case ("GET", "/demo/state"): return .json(200, state.json)
        case ("GET", "/demo/script"): return .json(200, stage.script.json)
        case ("PATCH", "/demo/script"):
            return changeScript(request) { body in try stage.update { try $0.merge(body) } }
        case ("PUT", "/demo/script"):
            return changeScript(request) { body in
                let script = try DemoScript(json: body)
                stage.update { $0 = script }
            }
        case ("POST", _): return happen(request)
        default: return .notFound
        }
    }

    private func happen(_ request: RecordedRequest) -> Reply {
        switch request.path {
        case "/demo/expire-tokens": return done { authorizationServer.expireAccessTokens() }
        case "/demo/revoke-all": return done { authorizationServer.revokeAllTokens() }
        case "/demo/forget-clients": return done { authorizationServer.forgetClients() }
        case "/demo/forget-sessions": return done { mcp.forgetSessions() }
        case "/demo/advance-clock":
            guard let seconds = request.json?["seconds"]?.doubleValue else {
                return .status(400, text: "expected {\"seconds\": number}\n")
            }
            return done { stage.advanceClock(seconds: seconds) }
        case "/demo/push":
            guard let message = request.json else { return .status(400, text: "expected a JSON-RPC message\n") }
            return done { push(message) }
        default: return .notFound
        }
    }

    private func done(_ action: () -> Void) -> Reply {
        action()
        return .status(204)
    }

    private func changeScript(_ request: RecordedRequest, _ change: (JSON) throws -> Void) -> Reply {
        do {
            try change(JSON(parsing: request.body, options: .configuration))
            return .json(200, stage.script.json)
        } catch {
            return .status(400, text: "\(error)\n")
        }
    }
}
