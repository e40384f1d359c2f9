// Decodes a body piece by piece: no piece grows beyond its bound, however much a few bytes decode to.

import OmlxCCoding
import OmlxErrors
import Synchronization

/// The codings of one body as its reader sees them: bytes in, decoded pieces out, limits held against what is decoded.
final class BodyDecoding: Sendable {
    private struct State {
        var decoder: ContentDecoder
        var count = 0
    }

    private let state: Mutex<State>
    private let limits: HTTPLimits
    private let origin: String

    init(_ codings: [ContentCoding], limits: HTTPLimits, url: HTTPURL) {
        self.limits = limits
        origin = url.origin
        state = Mutex(State(decoder: ContentDecoder(codings, origin: url.origin)))
    }

    /// Takes bytes as they came; `nil` is their end.
    func receive(_ bytes: [UInt8]?) {
        state.withLock { state in
            if let bytes { state.decoder.receive(bytes) } else { state.decoder.finish() }
        }
    }

    /// The next decoded piece; `nil` when more bytes are wanted, or at the end.
    /// - Throws: `HTTPFailure` with `TRANSPORT_ENCODING`, `TRANSPORT_TOO_LARGE`, or `TRANSPORT_CLOSED` when the encoded
    ///   stream ends before its end.
    func next() throws(HTTPFailure) -> [UInt8]? {
        let result = state.withLock { state -> Result<[UInt8]?, HTTPFailure> in
            do throws(HTTPFailure) {
                guard let piece = try state.decoder.next() else { return .success(nil) }
                state.count += piece.count
                guard state.count <= limits.bodyBytes else {
                    throw HTTPFailure(
                        .transportTooLarge, "\(origin) answered with more than \(limits.bodyBytes) bytes, decoded",
                        mayHaveBeenSent: true)
                }
                return .success(piece)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// The codings of one body, the last one applied taken off first.
struct ContentDecoder {
    /// The most bytes of one piece.
    static let pieceLimit = 64 << 10

    private var layers: [DecodingLayer]
    private let refusal: HTTPFailure?

    init(_ codings: [ContentCoding], origin: String) {
        refusal =
            codings.count <= ContentCoding.limit
            ? nil
            : HTTPFailure(
                .transportEncoding, "\(origin) answered in \(codings.count) content encodings, one in the other",
                mayHaveBeenSent: true)
        layers = codings.reversed().prefix(ContentCoding.limit).map { DecodingLayer($0, origin: origin) }
    }

    /// Takes bytes as they came.
    mutating func receive(_ bytes: [UInt8]) { layers[0].receive(bytes) }

    /// No more bytes will come.
    mutating func finish() { layers[0].endInput() }

    /// The next decoded piece; `nil` when more bytes are wanted, or at the end.
    mutating func next() throws(HTTPFailure) -> [UInt8]? {
        if let refusal { throw refusal }
        return try pull(layers.count - 1)
    }

    /// A piece of one layer's output, which is the next layer's input.
    private mutating func pull(_ index: Int) throws(HTTPFailure) -> [UInt8]? {
        while true {
            if let piece = try layers[index].run() { return piece }
            guard index > 0, !layers[index].hasInputEnded else { return nil }
            if let piece = try pull(index - 1) {
                layers[index].receive(piece)
            } else if layers[index - 1].hasInputEnded {
                layers[index].endInput()
            } else {
                return nil
            }
        }
    }
}

/// One coding being taken off.
private struct DecodingLayer {
    private enum State {
        case undecided
        case plain
        case decoding(DecoderHandle)
        /// The stream is over; what follows is another of its kind, or of no account.
        case over
    }

    private let coding: ContentCoding
    private let origin: String
    private var state = State.undecided
    private var input: [UInt8] = []
    private var offset = 0
    /// Whether the decoder may have more without more input.
    private var isFull = false
    /// Whether no more input will come.
    private(set) var hasInputEnded = false

    init(_ coding: ContentCoding, origin: String) {
        self.coding = coding
        self.origin = origin
    }

    mutating func receive(_ bytes: [UInt8]) {
        if offset == input.count { input = bytes } else { input = Array(input[offset...]) + bytes }
        offset = 0
    }

    mutating func endInput() { hasInputEnded = true }

    /// The next piece; `nil` when there is nothing to be had from the input so far.
    mutating func run() throws(HTTPFailure) -> [UInt8]? {
        while true {
            switch state {
            case .undecided:
                guard offset < input.count else { return nil }
                switch coding.verdict(on: input[offset...], isWhole: hasInputEnded) {
                case .undecided: return nil
                case .plain: state = .plain
                case .foreign: throw unreadable
                case .encoded(let kind):
                    guard let handle = DecoderHandle(kind) else { throw unreadable }
                    state = .decoding(handle)
                }
            case .plain:
                guard offset < input.count else { return nil }
                let end = min(input.count, offset + ContentDecoder.pieceLimit)
                defer { offset = end }
                return Array(input[offset..<end])
            case .decoding(let handle):
                guard offset < input.count || isFull else {
                    if hasInputEnded { throw cutOff }
                    return nil
                }
                let piece = try step(handle)
                if !piece.isEmpty { return piece }
            case .over:
                guard offset < input.count else { return nil }
                if case .encoded(let kind) = coding.verdict(on: input[offset...], isWhole: true),
                    kind == ccoding_gzip || kind == ccoding_zstd, let handle = DecoderHandle(kind)
                {
                    state = .decoding(handle)
                } else {
                    offset = input.count
                }
            }
        }
    }

    private mutating func step(_ handle: DecoderHandle) throws(HTTPFailure) -> [UInt8] {
        let result = handle.run(input[offset...])
        offset += result.taken
        isFull = result.state == ccoding_full
        switch result.state {
        case ccoding_failed: throw garbled
        case ccoding_over: state = .over
        // A decoder that takes nothing, makes nothing and wants more would be asked for ever.
        case ccoding_hungry where result.taken == 0 && result.piece.isEmpty && offset < input.count: throw garbled
        default: break
        }
        return result.piece
    }

    // MARK: failures

    private var shownName: String { OmlxError.shown(coding.name, limit: 40) }

    private var unreadable: HTTPFailure {
        let isKnown = ["gzip", "deflate", "br", "zstd"].contains(coding.name)
        return HTTPFailure(
            .transportEncoding,
            isKnown
                ? "\(origin) says that its answer is encoded with \(shownName), but it is not, or the library for that is missing"
                : "\(origin) answered in the content encoding \(shownName), which omlx cannot decode",
            mayHaveBeenSent: true, nextStep: Self.advice)
    }

    private var garbled: HTTPFailure {
        HTTPFailure(
            .transportEncoding, "the answer of \(origin) is encoded with \(shownName) and cannot be decoded",
            mayHaveBeenSent: true, nextStep: Self.advice)
    }

    private var cutOff: HTTPFailure {
        HTTPFailure(
            .transportClosed, "\(origin) ended its answer in the middle of its encoding, \(shownName)",
            mayHaveBeenSent: true)
    }

    private static let advice: Remedy = "let the server, or the proxy in front of it, answer without compression"
}

/// A decoder of the C library, freed with its last reference.
private final class DecoderHandle {
    private let pointer: OpaquePointer

    init?(_ kind: ccoding_kind) {
        guard let pointer = ccoding_create(kind) else { return nil }
        self.pointer = pointer
    }

    deinit { ccoding_free(pointer) }

    func run(_ input: ArraySlice<UInt8>) -> (state: ccoding_state, taken: Int, piece: [UInt8]) {
        var taken = 0
        var state = ccoding_failed
        let piece = [UInt8](unsafeUninitializedCapacity: ContentDecoder.pieceLimit) { output, made in
            input.withUnsafeBufferPointer { bytes in
                // A pointer that is not null, also to no bytes at all.
                var nothing: UInt8 = 0
                withUnsafePointer(to: &nothing) { empty in
                    state = ccoding_run(
                        pointer, bytes.baseAddress ?? empty, bytes.count, &taken, output.baseAddress, output.count,
                        &made)
                }
            }
        }
        return (state, taken, piece)
    }
}
