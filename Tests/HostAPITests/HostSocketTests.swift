// Questions over a host's socket, where the host is one that misbehaves.

import Glibc
import OmlxErrors
import OmlxGateway
import OmlxSystem
import TestSupport
import Testing

@testable import OmlxHostAPI

/// A host that says what it is told to: for each connection the answers to its questions, one after the other; then it ends it.
private final class ToldHost: Sendable {
    let path: String
    private let listener: Int32

    init(_ folder: ConfigurationFolder, _ connections: [[String?]]) throws {
        let socket = try BoundSocket.unix(folder.path + "/run/told.sock")
        (path, listener) = (socket.address, socket.descriptor)
        listen(listener, 8)
        let listener = listener
        _ = OwnThread.start("told-host") {
            for answers in connections {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                for answer in answers { Self.answer(answer, on: connection) }
                close(connection)
            }
        }
    }

    /// Reads a question without a body, and answers; without an answer it waits for the other side's end.
    private static func answer(_ answer: String?, on connection: Int32) {
        var (byte, last) = (UInt8(0), [UInt8]())
        while answer == nil || !last.elementsEqual("\r\n\r\n".utf8) {
            guard read(connection, &byte, 1) == 1 else { return }
            last = last.suffix(3) + [byte]
        }
        if let answer { _ = send(connection, answer, answer.utf8.count, Int32(MSG_NOSIGNAL)) }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        unlink(path)
    }
}

@Suite struct HostSocketTests {
    private let folder: ConfigurationFolder
    private let question = HostQuestion(method: "GET", target: "/x")

    init() throws { folder = try ConfigurationFolder() }

    private static func answer(_ text: String) -> String {
        "HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)"
    }

    /// What a question fails with.
    private func failure(_ socket: HostSocket, _ question: HostQuestion) async -> OmlxError? {
        do {
            _ = try await socket.fetch(question)
            return nil
        } catch { return error as? OmlxError }
    }

    private func fetch(_ socket: HostSocket, _ question: HostQuestion) async throws -> String {
        String(decoding: try await socket.fetch(question).body, as: UTF8.self)
    }

    @Test("a connection is used again, and a new one made where the host ended it", .timeLimit(.minutes(5)))
    func reuse() async throws {
        let ending = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nc"
        let host = try ToldHost(folder, [[Self.answer("a"), Self.answer("b"), ending], [Self.answer("d")]])
        let socket = try #require(HostSocket.at(host.path, freshness: 86_400))
        for expected in ["a", "b", "c", "d"] { #expect(try await fetch(socket, question) == expected) }
    }

    @Test("a host that ends before or in the middle of an answer is lost", .timeLimit(.minutes(5)))
    func lost() async throws {
        let host = try ToldHost(folder, [[""], [String(Self.answer("abc").dropLast())], []])
        let socket = try #require(HostSocket.at(host.path, freshness: 86_400))
        for _ in 0..<3 {
            #expect(await failure(socket, question)?.code == .serveLost)
        }
    }

    @Test(
        "a host that is silent is said to have stopped, one that says too much is not heard out",
        .timeLimit(.minutes(5)))
    func limits() async throws {
        let host = try ToldHost(folder, [[nil], [Self.answer("abcd")]])
        let socket = try #require(HostSocket.at(host.path, freshness: 86_400))
        var question = question
        question.firstByte = 0.1
        #expect(await failure(socket, question)?.message == "the omlx serve that runs has stopped answering")
        (question.firstByte, question.limit) = (60, 3)
        #expect(await failure(socket, question)?.code == .serveAnswer)
    }

    @Test("a task that is cancelled ends its connection, and with that the wait", .timeLimit(.minutes(5)))
    func cancelled() async throws {
        let host = try ToldHost(folder, [[nil], ["HTTP/1.1 200 OK\r\n\r\nhalf", nil]])
        let socket = try #require(HostSocket.at(host.path, freshness: 86_400))
        let waiting = Task { [question] in _ = try await socket.fetch(question) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        let reading = Task { [question] in
            var (answer, _) = try await socket.open(question)
            let half = try await answer.next()
            #expect(half == Array("half".utf8))
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await answer.next()
        }
        await #expect(throws: CancellationError.self) { try await reading.value }
    }
}
