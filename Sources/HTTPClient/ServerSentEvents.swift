// Server-sent events (WHATWG HTML §9.2) from bytes in any cut, within limits.

import OmlxErrors

/// One event of a stream.
package struct ServerSentEvent: Sendable, Hashable {
    /// The event's type, `message` when none was given.
    package var type: String
    /// The data lines, joined by line feeds.
    package var data: [UInt8]
    /// The last event id seen so far in the stream, if any.
    package var id: String?
}

/// Reads a stream of events piece by piece. A value: bytes go in, events come out.
package struct ServerSentEventParser: Sendable {
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var type = ""
    private var sawCarriageReturn = false
    private var isAtStart = true
    private let limit: Int

    /// The last event id, to resume with (`Last-Event-ID`).
    package private(set) var lastEventID: String?
    /// The pause before reconnecting the server asked for, in milliseconds.
    package private(set) var retryMilliseconds: Int?

    /// A parser for one stream.
    /// - Parameter limit: the most bytes one line or one event's data may have.
    package init(limit: Int = 64 << 20) { self.limit = limit }

    /// Takes the next bytes and returns the events they complete.
    /// - Throws: `OmlxError` with `PROTOCOL_LINE_TOO_LONG`.
    package mutating func receive(_ bytes: [UInt8]) throws(OmlxError) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var start = 0
        for index in bytes.indices {
            let byte = bytes[index]
            if sawCarriageReturn, byte == 0x0A {
                sawCarriageReturn = false
                start = index + 1
                continue
            }
            sawCarriageReturn = false
            guard byte == 0x0A || byte == 0x0D else { continue }
            try append(bytes[start..<index])
            start = index + 1
            sawCarriageReturn = byte == 0x0D
            if let event = try endLine() { events.append(event) }
        }
        if start < bytes.count { try append(bytes[start...]) }
        return events
    }

    /// The event the stream is in the middle of, were it ended here. WHATWG HTML §9.2.6 drops it at the end of a stream; a
    /// server that forgot the blank line after its last event has said all the same what it had to.
    package var unfinished: ServerSentEvent? {
        var copy = self
        do throws(OmlxError) { if !copy.line.isEmpty { _ = try copy.endLine() } } catch { return nil }
        return copy.dispatch()
    }

    /// How many bytes of an event that has not ended are kept.
    package var unfinishedByteCount: Int { data.count + line.count }

    /// The last byte of an event that has not ended.
    package var lastUnfinishedByte: UInt8? { line.last ?? data.last }

    private mutating func append(_ bytes: ArraySlice<UInt8>) throws(OmlxError) {
        guard line.count + bytes.count <= limit else { throw tooLong }
        line.append(contentsOf: bytes)
    }

    private var tooLong: OmlxError {
        OmlxError(.protocolLineTooLong, "an event of the stream is longer than \(limit) bytes")
    }

    private mutating func endLine() throws(OmlxError) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isAtStart {
            isAtStart = false
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return dispatch() }
        guard line[0] != UInt8(ascii: ":") else { return nil }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            guard data.count + value.count <= limit else { throw tooLong }
            if hasData { data.append(0x0A) }
            data.append(contentsOf: value)
            hasData = true
        case "event": type = String(decoding: value, as: UTF8.self)
        case "id":
            if !value.contains(0) { lastEventID = String(decoding: value, as: UTF8.self) }
        case "retry":
            let isNumber = !value.isEmpty && value.allSatisfy { (0x30...0x39).contains($0) }
            if isNumber { retryMilliseconds = Int(String(decoding: value, as: UTF8.self)) }
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            data = []
            hasData = false
            type = ""
        }
        guard hasData else { return nil }
        return ServerSentEvent(type: type.isEmpty ? "message" : type, data: data, id: lastEventID)
    }
}
