// One question to a host over its socket, and the answer as it comes.

import OmlxCryptography
import OmlxErrors
import OmlxSystem

/// What is sent.
struct HostQuestion: Sendable {
    enum Body: Sendable {
        case none
        case bytes([UInt8])
        /// Bytes that are wiped after sending.
        case secret(Secret)
    }

    let method: String
    /// The path from the root, and the query.
    let target: String
    var body = Body.none
    /// Whether the answer is a stream of events.
    var isTold = false
    /// How long the host may take to accept a connection, in seconds.
    var connect = 10.0
    /// How long the head of the answer may take, in seconds.
    var firstByte = 60.0
    /// How long the host may be silent in the middle of the answer, in seconds.
    var idle = 60.0
    /// The most bytes the answer may have.
    var limit = 1 << 30

    /// What is written before the body (RFC 9112 §3).
    fileprivate var head: String {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: omlx\r\n"
        if isTold { head += "Accept: text/event-stream\r\n" }
        switch body {
        case .none: break
        case .bytes(let bytes): head += Self.fields(ofBody: bytes.count)
        case .secret(let secret): head += Self.fields(ofBody: secret.withBytes(\.count))
        }
        return head + "\r\n"
    }

    private static func fields(ofBody count: Int) -> String {
        "Content-Type: application/json\r\nContent-Length: \(count)\r\n"
    }
}

/// An answer whose head is there.
struct HostAnswer: Sendable {
    let status: Int
    fileprivate let question: HostQuestion
    fileprivate let socket: HostSocket
    fileprivate let connection: HostConnection
    fileprivate var parser: AnswerParser
    fileprivate var count = 0

    /// The next bytes of the body; `nil` at its end.
    /// - Throws: `SERVE_LOST`, `SERVE_ANSWER`; `CancellationError`, with which the connection ends.
    mutating func next() async throws -> [UInt8]? {
        let former = self
        let (piece, answer) = try await connection.blocking { () throws(OmlxError) in
            var answer = former
            return (try answer.nextPiece(), answer)
        }
        self = answer
        if piece == nil { giveBack() }
        return piece
    }

    fileprivate mutating func nextPiece() throws(OmlxError) -> [UInt8]? {
        while true {
            if let piece = try parser.piece() {
                count += piece.count
                guard count <= question.limit else { throw .hostAnswer("more than \(question.limit) bytes") }
                return piece
            }
            guard !parser.isWhole else { return nil }
            let bytes = try connection.receive(seconds: question.idle)
            if bytes.isEmpty { try parser.end() } else { parser.receive(bytes) }
        }
    }

    /// Only where no cancellation can end it any more: another question may have it at once.
    fileprivate func giveBack() {
        if parser.isWhole, parser.isReusable { socket.keep(connection) }
    }

    fileprivate mutating func rest() throws(OmlxError) -> [UInt8] {
        var all: [UInt8] = []
        while let piece = try nextPiece() { if all.isEmpty { all = piece } else { all += piece } }
        return all
    }
}

extension HostSocket {
    /// Asks, and reads the whole answer.
    /// - Throws: `SERVE_LOST`, `SERVE_ANSWER`; `CancellationError`, with which the connection ends.
    func fetch(_ question: HostQuestion) async throws -> (status: Int, body: [UInt8]) {
        let connection = try await connection(question)
        let (answer, body) = try await connection.blocking { () throws(OmlxError) in
            var answer = try self.begin(question, on: connection)
            let body = try answer.rest()
            return (answer, body)
        }
        answer.giveBack()
        return (answer.status, body)
    }

    /// Asks, and reads the head of the answer; an answer that is an error is read whole.
    /// - Throws: `SERVE_LOST`, `SERVE_ANSWER`; `CancellationError`, with which the connection ends.
    func open(_ question: HostQuestion) async throws -> (answer: HostAnswer, problem: [UInt8]?) {
        let connection = try await connection(question)
        let (answer, problem) = try await connection.blocking { () throws(OmlxError) in
            var answer = try self.begin(question, on: connection)
            let problem = answer.status >= 400 ? try answer.rest() : nil
            return (answer, problem)
        }
        if problem != nil { answer.giveBack() }
        return (answer, problem)
    }

    private func connection(_ question: HostQuestion) async throws -> HostConnection {
        if let kept = connectionAtOnce() { return kept }
        let connection = try await OwnThread.run("omlx-host") { () throws(OmlxError) in
            try self.connection(patience: question.connect)
        }
        try Task.checkCancellation()
        return connection
    }

    private func begin(_ question: HostQuestion, on connection: HostConnection) throws(OmlxError) -> HostAnswer {
        var bytes = Array(question.head.utf8)
        if case .bytes(let body) = question.body { bytes += body }
        try connection.send(bytes, seconds: question.idle)
        if case .secret(let secret) = question.body {
            var bytes = secret.withBytes { Array($0) }
            defer { Secret.wipe(&bytes) }
            try connection.send(bytes, seconds: question.idle)
        }
        var parser = AnswerParser()
        while true {
            let bytes = try connection.receive(seconds: question.firstByte)
            guard !bytes.isEmpty else { throw .hostLost }
            parser.receive(bytes)
            try parser.readHead()
            guard let status = parser.status else { continue }
            return HostAnswer(
                status: status, question: question, socket: self, connection: connection, parser: parser)
        }
    }
}

extension HostConnection {
    /// Runs what blocks on this connection beside the pool; it ends with the task.
    fileprivate func blocking<Value: Sendable>(
        _ work: @escaping @Sendable () throws(OmlxError) -> Value
    ) async throws -> Value {
        do {
            return try await withTaskCancellationHandler {
                try await OwnThread.run("omlx-host", work)
            } onCancel: {
                end()
            }
        } catch {
            try Task.checkCancellation()
            throw error
        }
    }
}
