// Why an exchange gave no whole answer, and whether the request may have reached the server.

import OmlxErrors

/// An exchange without a whole answer.
package struct HTTPFailure: Error, Sendable, Hashable {
    /// Code and sentence.
    package var error: OmlxError
    /// Whether the request may have been received: false only when no connection stood.
    package var mayHaveBeenSent: Bool

    /// A failure.
    package init(_ error: OmlxError, mayHaveBeenSent: Bool = false) {
        self.error = error
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    init(_ code: ErrorCode, _ message: String, mayHaveBeenSent: Bool = false, nextStep: Remedy? = nil) {
        self.init(OmlxError(code, message, nextStep: nextStep), mayHaveBeenSent: mayHaveBeenSent)
    }
}

extension HTTPFailure: CustomStringConvertible {
    package var description: String { error.description }
}
