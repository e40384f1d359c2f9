// RFC 9110 §8.4: in which codings a body comes, as its answer says and as its first bytes show.

import OmlxCCoding

/// A content coding, by the name an answer gives it.
struct ContentCoding: Sendable, Hashable {
    /// The name in lower case, such as `gzip`.
    var name: String

    /// The most codings one body is decoded from.
    static let limit = 5

    /// The codings of an answer in the order they were applied, those that change nothing left out.
    static func named(by headers: HTTPHeaders) -> [ContentCoding] {
        headers.values(of: "content-encoding").flatMap { $0.split(separator: ",") }
            .map { $0.trimmedSpace.lowercased() }
            .filter { !["", "identity", "none", "binary"].contains($0) }
            .map { ContentCoding(name: $0.hasPrefix("x-") ? String($0.dropFirst(2)) : $0) }
    }

    /// The codings a request can ask for: those whose libraries came along with libcurl. Loads nothing; to be asked once
    /// libcurl is loaded.
    static let asked: String = {
        var names: [String] = []
        if ccoding_is_loaded(ccoding_gzip) { names += ["gzip", "deflate"] }
        if ccoding_is_loaded(ccoding_brotli) { names.append("br") }
        if ccoding_is_loaded(ccoding_zstd) { names.append("zstd") }
        return names.joined(separator: ", ")
    }()
}

/// What the first bytes of a body are.
enum CodingVerdict: Hashable {
    /// A stream for this decoder.
    case encoded(ccoding_kind)
    /// Text, whatever the header says: it is handed on as it is.
    case plain
    /// Too few bytes to tell.
    case undecided
    /// Neither.
    case foreign
}

extension ContentCoding {
    /// So many bytes of text are text and no chance. A coding without a mark of its own is told by that alone.
    private static let textLength = 32

    /// Judges how a body begins. Servers name a coding and send none, or name what is none, such as `UTF-8`; that
    /// decides nothing, so text is read as text.
    func verdict(on start: ArraySlice<UInt8>, isWhole: Bool) -> CodingVerdict {
        func begins(with mark: [UInt8]) -> Bool { start.starts(with: mark) }
        // No gzip or zstd stream begins so, and hardly any other stream goes on so.
        if Self.isText(start) { return isWhole || start.count >= Self.textLength ? .plain : .undecided }
        switch name {
        case "gzip" where begins(with: [0x1F, 0x8B]), "deflate" where begins(with: [0x1F, 0x8B]):
            return .encoded(ccoding_gzip)
        case "gzip" where isZlibHeader(start), "deflate" where isZlibHeader(start): return .encoded(ccoding_zlib)
        case "zstd" where begins(with: [0x28, 0xB5, 0x2F, 0xFD]) || isSkippedFrame(start): return .encoded(ccoding_zstd)
        case "br": return .encoded(ccoding_brotli)
        default: break
        }
        if !isWhole, start.count < 4 { return .undecided }
        return name == "deflate" ? .encoded(ccoding_raw_deflate) : .foreign
    }

    /// RFC 8878 §3.1.2.
    private func isSkippedFrame(_ start: ArraySlice<UInt8>) -> Bool {
        start.first.map { $0 & 0xF0 == 0x50 } == true && start.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }

    /// RFC 1950 §2.2: method 8, a window of at most 32 KiB, and the check of both bytes.
    private func isZlibHeader(_ start: ArraySlice<UInt8>) -> Bool {
        guard start.count >= 2 else { return false }
        let (method, flags) = (Int(start[start.startIndex]), Int(start[start.startIndex + 1]))
        return method & 0x0F == 8 && method >> 4 <= 7 && (method * 256 + flags) % 31 == 0
    }

    /// Whether bytes are UTF-8 without control characters, the last character perhaps cut.
    static func isText(_ bytes: ArraySlice<UInt8>) -> Bool {
        var following = 0
        for byte in bytes {
            if following > 0 {
                guard byte & 0xC0 == 0x80 else { return false }
                following -= 1
                continue
            }
            switch byte {
            case 0x09, 0x0A, 0x0D, 0x20..<0x7F: continue
            case 0xC2..<0xE0: following = 1
            case 0xE0..<0xF0: following = 2
            case 0xF0..<0xF5: following = 3
            default: return false
            }
        }
        return true
    }
}
