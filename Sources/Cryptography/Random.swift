// Random bytes from the kernel.

import OmlxErrors
import Glibc

/// The kernel's random number generator, the only one used: nonces, keys, salts, code verifiers, `state`.
package enum Random {
    /// `count` random bytes.
    /// - Throws: `STORE_CRYPTOGRAPHY` when the kernel gives none.
    package static func bytes(_ count: Int) throws(OmlxError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max(count, 0))
        let filled = bytes.withUnsafeMutableBytes { fill($0) }
        guard filled else { throw failure }
        return bytes
    }

    /// A secret of `count` random bytes.
    /// - Throws: `STORE_CRYPTOGRAPHY` when the kernel gives none.
    package static func secret(_ count: Int) throws(OmlxError) -> Secret {
        try Secret(count: count) { (buffer) throws(OmlxError) in
            guard fill(buffer) else { throw failure }
        }
    }

    private static var failure: OmlxError {
        OmlxError(.storeCryptography, "the kernel gave no random bytes (\(String(cString: strerror(errno))))")
    }

    /// getentropy(3), which is getrandom(2), gives at most 256 bytes a call.
    private static func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var rest = buffer[...]
        while !rest.isEmpty {
            let part = UnsafeMutableRawBufferPointer(rebasing: rest.prefix(256))
            guard let start = part.baseAddress, getentropy(start, part.count) == 0 else { return false }
            rest = rest.dropFirst(part.count)
        }
        return true
    }
}
