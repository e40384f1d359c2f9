// How a provider words the token endpoint's answers.

import OmlxJSON

extension AuthorizationServer {
    /// An ordinary answer of the token endpoint as the provider words it.
    func worded(_ reply: Reply) -> Reply {
        guard case .message(let message) = reply, let body = try? JSON(parsing: message.body) else { return reply }
        let provider = stage.script.provider
        guard let code = body["error"]?.stringValue else {
            guard let member = provider.tokenMember else { return reply }
            return .json(message.status, .object(["ok": true, member: body]))
        }
        let sent = provider.errorCodes[code] ?? code
        let description = provider.errorDescription ?? body["error_description"]?.stringValue ?? ""
        let form = "error=\(FormFields.encode(sent))&error_description=\(FormFields.encode(description))"
        switch provider.errorFormat {
        case .json:
            var changed = message
            changed.body = (["error": JSON(sent), "error_description": JSON(description)] as JSON).serialized()
            return .message(changed)
        case .okFalse: return .json(200, ["ok": false, "error": JSON(sent)])
        case .form: return typed("application/x-www-form-urlencoded", message.status, form)
        case .plain: return typed("text/plain; charset=utf-8", message.status, form)
        case .nested:
            return .json(message.status, ["error": ["code": JSON(sent), "message": JSON(description)]])
        case .html: return typed("text/html; charset=utf-8", message.status, "<!doctype html><title>Error</title>")
        }
    }

    private func typed(_ type: String, _ status: Int, _ text: String) -> Reply {
        .message(Message(status: status, headers: [HeaderField("Content-Type", type)], body: Array(text.utf8)))
    }
}
