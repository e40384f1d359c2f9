// A secret: bytes of its own that cannot be printed and are wiped when they go.

import Glibc

/// A token, client secret, password or key. Its bytes never stand in a `String`, never print, and are wiped when the
/// last reference goes. Deliberately neither `Encodable` nor `Hashable`, and without a way back to a `String`.
public final class Secret: Sendable {
    // Written only while an initializer fills it, read only afterwards, freed in `deinit`: so it may be shared.
    private nonisolated(unsafe) let storage: UnsafeMutableRawBufferPointer

    /// A secret of `count` bytes that `fill` writes; they are zero before.
    /// - Parameters:
    ///   - count: The number of bytes.
    ///   - fill: Writes the bytes. The buffer is valid only during the call.
    /// - Throws: What `fill` throws; the bytes are wiped then.
    public init<Failure: Error>(
        count: Int, filledBy fill: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let size = max(count, 0)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(size, 1), alignment: 16)
        _ = buffer.initializeMemory(as: UInt8.self, repeating: 0)
        storage = UnsafeMutableRawBufferPointer(rebasing: buffer[..<size])
        try fill(storage)
    }

    /// A copy of these bytes. The caller's bytes stay as they are: see `init(wiping:)`.
    public convenience init(_ bytes: [UInt8]) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// A copy of these bytes, which are valid only during the call.
    public convenience init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Takes these bytes: they are wiped and the array is empty afterwards.
    public convenience init(wiping bytes: inout [UInt8]) {
        self.init(bytes)
        Secret.wipe(&bytes)
    }

    /// The UTF-8 bytes of a text, such as a client secret from the configuration. The text itself cannot be wiped.
    public convenience init(_ text: borrowing String) {
        self.init(count: text.utf8.count) { $0.copyBytes(from: text.utf8) }
    }

    deinit {
        Secret.erase(storage)
        storage.deallocate()
    }

    /// The number of bytes.
    public var count: Int { storage.count }

    /// Whether there is no byte.
    public var isEmpty: Bool { storage.isEmpty }

    /// Shows the bytes to `body`, raw. The buffer must not be kept.
    /// - Throws: What `body` throws.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(storage))
    }

    /// Shows the bytes to `body` as a collection, for the header writer, the form writer and the stores. The buffer
    /// must not be kept, and no `String` made of it.
    /// - Throws: What `body` throws.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // The memory was bound to UInt8 when it was filled with zeros.
        try body(UnsafeRawBufferPointer(storage).assumingMemoryBound(to: UInt8.self))
    }

    /// A new secret: `prefix`, these bytes, `suffix`; such as the value `Bearer …` of an `Authorization` header.
    public func concatenating(prefix: String = "", suffix: String = "") -> Secret {
        Secret(count: prefix.utf8.count + count + suffix.utf8.count) { buffer in
            let start = prefix.utf8.count
            buffer.copyBytes(from: prefix.utf8)
            UnsafeMutableRawBufferPointer(rebasing: buffer[start...]).copyMemory(from: UnsafeRawBufferPointer(storage))
            UnsafeMutableRawBufferPointer(rebasing: buffer[(start + count)...]).copyBytes(from: suffix.utf8)
        }
    }
}

extension Secret {
    /// Overwrites the bytes with zeros, in a way the compiler keeps, and empties the array. Other copies of the array
    /// keep theirs.
    public static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { erase($0) }
        bytes = []
    }

    /// Overwrites the bytes with zeros, in a way the compiler keeps.
    public static func erase(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        explicit_bzero(start, bytes.count)
    }
}

extension Secret: Equatable {
    /// Compares in a time that depends on the lengths alone.
    public static func == (lhs: Secret, rhs: Secret) -> Bool {
        lhs.withUnsafeBytes { left in rhs.withUnsafeBytes { right in constantTimeEquals(left, right) } }
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// A mirror that shows nothing.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Whether two byte sequences are the same, in a time that depends on their lengths alone.
package func constantTimeEquals(_ lhs: some Collection<UInt8>, _ rhs: some Collection<UInt8>) -> Bool {
    guard lhs.count == rhs.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(lhs, rhs) { difference |= left ^ right }
    return difference == 0
}
