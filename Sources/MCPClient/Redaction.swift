// Keeps secrets that went to a server out of the texts that come back from it.

import Cryptography
import HTTPClient
import Synchronization

/// The secrets a connection has sent: header values and declared variables. A server's error text that repeats one is
/// shown without it.
final class Redaction: Sendable {
    /// Shorter values are likelier to be words than secrets.
    private static let shortest = 8
    private static let mark = Array("<redacted>".utf8)

    private struct State {
        var fixed: [Secret] = []
        var latest: [Secret] = []
    }

    private let state: Mutex<State>

    init(headers: [HTTPRequestHeader] = [], variables: [String: String] = [:]) {
        var fixed = headers.flatMap { Self.secrets(in: $0) }
        for value in variables.values where value.utf8.count >= Self.shortest && !value.hasPrefix("/") {
            fixed.append(Secret(value))
        }
        state = Mutex(State(fixed: fixed))
    }

    /// Remembers what the latest request was signed with, and the one before it.
    func note(_ headers: [HTTPRequestHeader]) {
        let fresh = headers.flatMap { Self.secrets(in: $0) }
        state.withLock { state in
            if fresh != state.latest { state.latest = Array((fresh + state.latest).prefix(8)) }
        }
    }

    /// A header's value, and what follows its scheme.
    private static func secrets(in header: HTTPRequestHeader) -> [Secret] {
        let whole: Secret
        switch header.value {
        case .plain(let text): whole = Secret(text)
        case .secret(let secret): whole = secret
        }
        let afterScheme = whole.withBytes { bytes -> Secret? in
            guard let space = bytes.firstIndex(of: 0x20) else { return nil }
            return Secret(Array(bytes[(space + 1)...]))
        }
        return [whole, afterScheme].compactMap { $0 }.filter { $0.count >= shortest }
    }

    /// Whether one of the secrets stands in the bytes.
    func occurs(in text: @autoclosure () -> [UInt8]) -> Bool {
        let secrets = state.withLock { $0.fixed + $0.latest }
        guard !secrets.isEmpty else { return false }
        let bytes = text()
        return secrets.contains { secret in secret.withBytes { Self.find($0, in: bytes) } != nil }
    }

    /// The text without any of the secrets.
    func apply(_ text: String) -> String {
        let secrets = state.withLock { $0.fixed + $0.latest }
        guard !secrets.isEmpty, !text.isEmpty else { return text }
        var bytes = Array(text.utf8)
        var changed = false
        for secret in secrets {
            while let range = secret.withBytes({ Self.find($0, in: bytes) }) {
                bytes.replaceSubrange(range, with: Self.mark)
                changed = true
            }
        }
        return changed ? String(decoding: bytes, as: UTF8.self) : text
    }

    private static func find(_ needle: UnsafeBufferPointer<UInt8>, in bytes: [UInt8]) -> Range<Int>? {
        guard let first = needle.first, bytes.count >= needle.count else { return nil }
        for start in 0...(bytes.count - needle.count) where bytes[start] == first {
            if bytes[start..<(start + needle.count)].elementsEqual(needle) { return start..<(start + needle.count) }
        }
        return nil
    }
}
