// Keeps secrets out of what is shown: one redactor for each server knows all that were sent to it or came from it.

import OmlxErrors
import Synchronization

/// The secrets of one server, and texts without them.
///
/// A secret is found as it is, escaped as JSON, percent-encoded or in markup, in each of these within each other, and in
/// base64 at any alignment. A look takes time in proportion to the text, whatever the secrets are.
package final class Redactor: Sendable {
    /// What stands in a secret's place.
    package static let mark = "<redacted>"
    /// Longer texts are cut before they are looked through, in bytes.
    package static let textLimit = 64 << 10

    /// What a secret is, which decides how short it may be and whether a part of it is hidden.
    package enum Kind: Sendable, Hashable {
        /// A header's or one of OAuth: hidden however short, but for one or two characters, which could be any text's.
        case credential
        /// A value of the configuration: shorter ones are likelier to be words than secrets.
        case setting
        /// A short secret with what stands beside it: hidden as a whole only.
        case phrase

        var shortest: Int { self == .setting ? 8 : 3 }
    }

    /// Of secrets that come and go, as tokens do, so many of the latest are known.
    private static let passingLimit = 256

    fileprivate struct Known {
        var secret: Secret
        var kind: Kind
        /// Differs from process to process.
        var hash: Int

        init(_ secret: Secret, as kind: Kind) {
            self.secret = secret
            self.kind = kind
            hash = secret.withUnsafeBytes { bytes in
                var hasher = Hasher()
                hasher.combine(bytes: bytes)
                return hasher.finalize()
            }
        }
    }

    fileprivate struct State {
        var lasting: [Known] = []
        var passing: [Known] = []
        var hashes: [Int: [Secret]] = [:]
        var index: PatternIndex?
        var credentialIndex: PatternIndex?
    }

    private let state = Mutex(State())

    /// A redactor that knows no secret yet.
    package init() {}

    // MARK: learning

    /// Remembers a secret.
    /// - Parameter isPassing: Whether others will take its place: only some of the latest of these are remembered.
    package func learn(_ secret: Secret?, as kind: Kind = .credential, isPassing: Bool = false) {
        guard let secret else { return }
        for piece in Self.pieces(of: secret) where piece.count >= kind.shortest {
            state.withLock { $0.add(Known(piece, as: kind), isPassing: isPassing) }
        }
    }

    /// Remembers a secret that is a text.
    package func learn(_ text: String, as kind: Kind = .credential, isPassing: Bool = false) {
        learn(Secret(text), as: kind, isPassing: isPassing)
    }

    /// The secret without space around it, and the lines of one that has several: texts are often shown line by line.
    private static func pieces(of secret: Secret) -> [Secret] {
        secret.withBytes { bytes in
            let isSpace: (UInt8) -> Bool = { $0 <= 0x20 }
            guard let first = bytes.firstIndex(where: { !isSpace($0) }),
                let last = bytes.lastIndex(where: { !isSpace($0) })
            else { return [] }
            let trimmed = bytes[first...last]
            var pieces = [
                Secret(copying: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[first...last]))
            ]
            let lines = trimmed.split { $0 == 0x0A || $0 == 0x0D }
            for line in lines where lines.count > 1 && line.count >= 8 && !line.starts(with: "-----".utf8) {
                var copy = Array(line)
                pieces.append(Secret(wiping: &copy))
            }
            return pieces
        }
    }

    // MARK: hiding

    /// The text without any of the secrets, cut to a length in bytes beforehand. What the cut leaves of a secret is hidden
    /// too, as is the beginning of one before an ellipsis.
    package func hide(_ text: String, limit: Int = textLimit) -> String {
        guard let index = index(), !text.isEmpty else { return text.cut(to: limit) }
        // A secret that begins within the limit is seen whole.
        let reach = limit.addingReportingOverflow(6 * index.longest)
        let isCut = !reach.overflow && text.utf8.count > reach.partialValue
        let bytes = Array(isCut ? text.beginning(of: reach.partialValue).utf8 : text[...].utf8)
        let stretches = Self.stretches(in: bytes, index, isCut: isCut)
        guard !stretches.isEmpty else { return text.cut(to: limit) }
        var output: [UInt8] = []
        var place = 0
        for stretch in stretches {
            output += bytes[place..<stretch.lowerBound]
            output += Self.mark.utf8
            place = stretch.upperBound
        }
        output += bytes[place...]
        let hidden = String(decoding: output, as: UTF8.self)
        return isCut && output.count <= limit ? hidden + "…" : hidden.cut(to: limit)
    }

    /// The same error with none of the secrets in its texts.
    package func hide(_ error: OmlxError) -> OmlxError {
        guard index() != nil else { return error }
        var copy = error
        copy.message = hide(error.message)
        copy.nextStep = error.nextStep.map { $0.mapText { hide($0) } }
        copy.serverWords = error.serverWords.map { hide($0) }
        if let reply = error.reply {
            copy.reply?.message = hide(reply.message)
            // What is hidden in it may be no JSON any more.
            copy.reply?.data = reply.data.flatMap { occurs(in: Array($0.utf8)) ? nil : $0 }
        }
        copy.compared = error.compared.map { $0.mapText { hide($0) } }
        return copy
    }

    /// Whether one of the secrets stands in the bytes.
    /// - Parameter kind: Only secrets of this kind count; all when `nil`.
    package func occurs(in bytes: @autoclosure () -> [UInt8], only kind: Kind? = nil) -> Bool {
        guard let index = index(kind) else { return false }
        return !Self.stretches(in: bytes(), index, isCut: false).isEmpty
    }

    private func index(_ kind: Kind? = nil) -> PatternIndex? {
        state.withLock { state in
            if state.lasting.isEmpty, state.passing.isEmpty { return nil }
            let isKept = kind == nil || kind == .credential
            if isKept, let index = kind == nil ? state.index : state.credentialIndex { return index }
            let known = (state.lasting + state.passing).filter { kind == nil || $0.kind == kind }
            let index = PatternIndex(known.flatMap { $0.secret.patterns(as: $0.kind) })
            if kind == nil { state.index = index } else if isKept { state.credentialIndex = index }
            return index
        }
    }

    // MARK: looking

    /// How many kinds of escapes within each other are seen through.
    private static let depth = 2

    private static func stretches(in bytes: [UInt8], _ index: PatternIndex, isCut: Bool) -> [Range<Int>] {
        guard !index.isEmpty else { return [] }
        var all: [Range<Int>] = []
        var texts = [DecodedText(bytes)]
        for level in 0...depth {
            for text in texts {
                let cuts = ellipses(in: text.bytes) + (isCut ? [text.bytes.count] : [])
                text.bytes.withUnsafeBufferPointer { buffer in
                    let found = index.stretches(in: buffer, cuts: cuts)
                    for stretch in found {
                        // An escape that is cut at the end belongs to the secret before it.
                        let isLast = isCut && stretch.upperBound == buffer.count
                        let origin = text.origin(of: stretch)
                        all.append(isLast ? origin.lowerBound..<bytes.count : origin)
                    }
                }
            }
            guard level < depth else { break }
            texts = texts.flatMap { text in
                TextEncoding.allCases.compactMap { text.decoding($0, dropsEnd: isCut) }
            }
        }
        return all.isEmpty ? [] : merged(all, marks(in: bytes))
    }

    /// The offsets of the marks of a cut text: `…` and `...`.
    private static func ellipses(in bytes: [UInt8]) -> [Int] {
        guard bytes.count >= 3 else { return [] }
        var offsets: [Int] = []
        for offset in 0..<bytes.count - 2 {
            switch bytes[offset] {
            case 0xE2: if bytes[offset + 1] == 0x80, bytes[offset + 2] == 0xA6 { offsets.append(offset) }
            case UInt8(ascii: "."):
                if bytes[offset + 1] == bytes[offset], bytes[offset + 2] == bytes[offset] { offsets.append(offset) }
            default: break
            }
        }
        return offsets
    }

    /// Where the mark stands already: it stays as it is, whatever the secrets are.
    private static func marks(in bytes: [UInt8]) -> [Range<Int>] {
        let mark = Array(mark.utf8)
        var marks: [Range<Int>] = []
        var offset = 0
        while let start = bytes[offset...].firstIndex(of: mark[0]) {
            if bytes[start...].starts(with: mark) {
                marks.append(start..<start + mark.count)
                offset = start + mark.count
            } else {
                offset = start + 1
            }
        }
        return marks
    }

    /// The stretches in their order, each once. One that lies in a mark is none; one that overlaps a mark takes it up.
    private static func merged(_ stretches: [Range<Int>], _ marks: [Range<Int>]) -> [Range<Int>] {
        let all = (stretches.map { ($0, false) } + marks.map { ($0, true) }).sorted {
            ($0.0.lowerBound, -$0.0.upperBound) < ($1.0.lowerBound, -$1.0.upperBound)
        }
        var merged: [(range: Range<Int>, isMark: Bool)] = []
        for (range, isMark) in all {
            guard let last = merged.last, last.range.upperBound > range.lowerBound else {
                merged.append((range, isMark))
                continue
            }
            if last.isMark, range.upperBound <= last.range.upperBound { continue }
            let union = last.range.lowerBound..<max(last.range.upperBound, range.upperBound)
            merged[merged.count - 1] = (union, last.isMark && isMark)
        }
        return merged.filter { !$0.isMark }.map(\.range)
    }
}

extension Redactor.State {
    fileprivate mutating func add(_ known: Redactor.Known, isPassing: Bool) {
        guard hashes[known.hash]?.contains(known.secret) != true else { return }
        hashes[known.hash, default: []].append(known.secret)
        (index, credentialIndex) = (nil, nil)
        guard isPassing else { return lasting.append(known) }
        passing.append(known)
        guard passing.count > Redactor.passingLimit else { return }
        let oldest = passing.removeFirst()
        hashes[oldest.hash]?.removeAll { $0 == oldest.secret }
    }
}

extension Secret {
    /// The shortest base64 text that can only be this secret's.
    private static var shortestBase64: Int { 8 }
    /// So many first bytes of a long secret are hidden too; of a value of the configuration, which may begin as other texts do,
    /// half of it, or at most so many.
    private static var shortestPart: Int { 12 }
    private static var longestPart: Int { 32 }

    /// The texts that give the secret away.
    fileprivate func patterns(as kind: Redactor.Kind) -> [PatternIndex.Pattern] {
        withBytes { bytes in
            let isURL = bytes.count < 4096 && bytes.contains(UInt8(ascii: ":")) && Self.isURL(bytes)
            let part =
                switch kind {
                case .credential: min(bytes.count, Self.shortestPart)
                case .phrase: bytes.count
                case .setting: isURL ? bytes.count : min(max(Self.shortestPart, bytes.count / 2), Self.longestPart)
                }
            var patterns = [PatternIndex.Pattern(bytes: Array(bytes), shortestPart: part)]
            for offset in 0..<3 {
                let padded = [UInt8](repeating: 0, count: offset) + bytes
                // Digits that neighbours have a share in are not the secret's own.
                let own = (offset * 8 + 5) / 6..<(padded.count * 8) / 6
                guard own.count >= Self.shortestBase64 else { continue }
                let digits = Array(Array(Base64.encode(padded).utf8)[own])
                let shortest = isURL || kind == .phrase ? own.count : Self.shortestPart
                patterns.append(PatternIndex.Pattern(bytes: digits, shortestPart: shortest))
                let safe: [UInt8] = digits.map {
                    $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? UInt8(ascii: "_") : $0
                }
                if safe != digits { patterns.append(PatternIndex.Pattern(bytes: safe, shortestPart: shortest)) }
            }
            return patterns
        }
    }

    /// Whether the text begins as addresses do.
    private static func isURL(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        let scheme = bytes.prefix { $0 != UInt8(ascii: ":") }
        return bytes.dropFirst(scheme.count).starts(with: "://".utf8)
    }
}

extension String {
    /// The text when it is no longer than so many bytes, else its beginning and an ellipsis.
    fileprivate func cut(to limit: Int) -> String {
        utf8.count <= limit ? self : String(beginning(of: limit)) + "…"
    }

    /// At most so many first bytes of the text, whole characters only.
    fileprivate func beginning(of limit: Int) -> Substring {
        var end = utf8.index(startIndex, offsetBy: limit, limitedBy: endIndex) ?? endIndex
        while end > startIndex, end < endIndex, Unicode.UTF8.isContinuation(utf8[end]) { end = utf8.index(before: end) }
        return self[..<end]
    }
}
