// Turns what the C door answers into errors of the catalogue.

import OmlxCOpenSSL
import OmlxErrors

/// OpenSSL's libcrypto, which the first operation loads.
package enum Libcrypto {
    /// Whether an operation has loaded the library already.
    package static var isLoaded: Bool { copenssl_is_loaded() != 0 }

    /// Throws for every outcome but success.
    static func check(_ outcome: Int32, _ operation: String) throws(OmlxError) {
        switch Int(outcome) {
        case COPENSSL_OK: return
        case COPENSSL_UNAVAILABLE:
            throw OmlxError(
                .storeCryptography, "libcrypto.so.3 (OpenSSL 3) could not be loaded",
                nextStep: "apt-get install libssl3")
        default: throw OmlxError(.storeCryptography, "OpenSSL refused the operation \(operation)")
        }
    }
}
