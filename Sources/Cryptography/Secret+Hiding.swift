// Servers repeat in their error texts what they were sent; what is shown of those texts holds no secret.

import ErrorCatalogue

extension OmlxError {
    /// The same error, with none of these secrets in its texts.
    public func hiding(_ secrets: [Secret?]) -> OmlxError {
        let secrets = secrets.compactMap { $0 }
        var copy = self
        copy.message = secrets.hidden(in: message)
        copy.nextStep = nextStep.map { secrets.hidden(in: $0) }
        copy.compared = compared.map { Comparison($0.label, secrets.hidden(in: $0.value)) }
        return copy
    }
}

extension [Secret] {
    /// So many first bytes of a secret are hidden too: a long text is cut off somewhere.
    private static var shortestPart: Int { 12 }
    /// Shorter secrets are likelier to be words of the text.
    private static var shortestSecret: Int { 6 }

    /// The text without any of the secrets.
    public func hidden(in text: String) -> String {
        var bytes = Array<UInt8>(text.utf8)
        var isChanged = false
        for secret in self where secret.count >= Self.shortestSecret {
            secret.withBytes { isChanged = Self.hide($0, in: &bytes) || isChanged }
        }
        return isChanged ? String(decoding: bytes, as: UTF8.self) : text
    }

    private static func hide(_ secret: UnsafeBufferPointer<UInt8>, in bytes: inout [UInt8]) -> Bool {
        let needed = Swift.min(secret.count, shortestPart)
        var output: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let count = zip(bytes[index...], secret).prefix { $0 == $1 }.count
            if count >= needed {
                output += "<redacted>".utf8
                index += count
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        guard output.count != bytes.count || output != bytes else { return false }
        bytes = output
        return true
    }
}
