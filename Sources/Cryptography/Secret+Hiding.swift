// Servers repeat in their error texts what they were sent; what is shown of those texts holds no secret.

import OmlxErrors

extension OmlxError {
    /// The same error, with none of these secrets in its texts.
    package func hiding(_ secrets: [Secret?]) -> OmlxError {
        let redactor = Redactor()
        for secret in secrets { redactor.learn(secret) }
        return redactor.hide(self)
    }
}

extension [Secret] {
    /// The text without any of the secrets.
    package func hidden(in text: String) -> String {
        let redactor = Redactor()
        for secret in self { redactor.learn(secret) }
        return redactor.hide(text)
    }
}
