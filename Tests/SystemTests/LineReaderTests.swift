// One reader of a stream: what is typed goes to who asks then, and to nobody who has stopped asking.

import Glibc
import Testing

@testable import OmlxSystem

@Suite(.timeLimit(.minutes(10))) struct LineReaderTests {
    /// The ends of a pipe, or of a terminal, whose writing end is the person's keyboard.
    private final class Ends {
        let reading: Int32
        /// -1 once it is closed: closing a number twice would close what another test has opened meanwhile.
        private(set) var writing: Int32

        init(reading: Int32, writing: Int32) { (self.reading, self.writing) = (reading, writing) }

        deinit {
            Glibc.close(reading)
            endWriting()
        }

        static func pipe() throws -> Ends {
            var ends: [Int32] = [-1, -1]
            try #require(Glibc.pipe(&ends) == 0)
            return Ends(reading: ends[0], writing: ends[1])
        }

        static func terminal() throws -> Ends {
            let writing = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
            try #require(writing >= 0)
            // TIOCSPTLCK and TIOCGPTN (ioctl_tty(2)), macros that Swift does not import.
            var (isLocked, number): (Int32, Int32) = (0, 0)
            try #require(ioctl(writing, 0x4004_5431, &isLocked) == 0 && ioctl(writing, 0x8004_5430, &number) == 0)
            let reading = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
            try #require(reading >= 0 && isatty(reading) == 1)
            return Ends(reading: reading, writing: writing)
        }

        func type(_ text: String) { _ = write(writing, text, text.utf8.count) }

        /// How many bytes wait to be read.
        var unread: Int {
            var count: Int32 = 0
            _ = ioctl(reading, UInt(FIONREAD), &count)
            return Int(count)
        }

        func endWriting() {
            if writing >= 0 { close(writing) }
            writing = -1
        }
    }

    enum Kind: CaseIterable { case pipe, terminal }

    private func with(_ kind: Kind, _ body: (Ends, LineReader) async throws -> Void) async throws {
        let ends = try kind == .pipe ? Ends.pipe() : .terminal()
        try await body(ends, LineReader(ends.reading))
        withExtendedLifetime(ends) {}
    }

    /// One that asks, as a sign-in does, until it is called off.
    private func asking(_ reader: LineReader) async -> Task<[String], Never> {
        let before = reader.waitingCount
        let task = Task {
            var heard: [String] = []
            for await line in reader.lines() { heard.append(line) }
            return heard
        }
        while reader.waitingCount == before { await Task.yield() }
        return task
    }

    @Test(
        "two sign-ins one after the other: what is pasted for the second goes to the second", arguments: Kind.allCases)
    func oneAfterTheOther(_ kind: Kind) async throws {
        try await with(kind) { ends, reader in
            // The first is answered by the browser: its question is called off while it waits for a line.
            let first = await asking(reader)
            first.cancel()
            #expect(await first.value == [])
            ends.type("http://127.0.0.1/?code=2\n")
            #expect(await reader.line() == "http://127.0.0.1/?code=2")
        }
    }

    @Test("nothing is read while nothing is asked", arguments: Kind.allCases)
    func leftAlone(_ kind: Kind) async throws {
        try await with(kind) { ends, reader in
            let first = await asking(reader)
            first.cancel()
            _ = await first.value
            ends.type("for a program that runs later\n")
            while ends.unread == 0 { await Task.yield() }
            #expect(reader.waitingCount == 0 && ends.unread == 30)
            #expect(await reader.line() == "for a program that runs later")
        }
    }

    @Test("lines of one paste that were not asked for are there for the next one")
    func unasked() async throws {
        try await with(.pipe) { ends, reader in
            ends.type("one\r\ntwo\nthree")
            #expect(await reader.line() == "one")
            let asked = await reader.line()
            #expect(asked == "two")
            ends.endWriting()
            #expect(await reader.line() == "three")
            #expect(await reader.line() == nil)
            #expect(await reader.line() == nil)
        }
    }

    @Test("the end of input is heard by all who ask")
    func end() async throws {
        let ends = try Ends.pipe()
        let reader = LineReader(ends.reading)
        let (one, two) = (await asking(reader), await asking(reader))
        ends.endWriting()
        #expect(await one.value == [])
        #expect(await two.value == [])
        withExtendedLifetime(ends) {}
    }

    @Test("a reader that heard the end writes into no file that was opened since")
    func lateWake() async throws {
        for _ in 0..<100 {
            let ends = try Ends.pipe()
            var reader: LineReader? = LineReader(ends.reading)
            ends.endWriting()
            #expect(await reader?.line() == nil)
            // They get the lowest free numbers.
            let later = try (0..<4).map { _ in try Ends.pipe() }
            reader = nil
            #expect(later.map(\.unread) == [0, 0, 0, 0])
            withExtendedLifetime(ends) {}
        }
    }

    @Test("what was typed before a question is forgotten where it is no answer to it")
    func forgotten() async throws {
        try await with(.terminal) { ends, reader in
            ends.type("y\n")
            while ends.unread == 0 { await Task.yield() }
            reader.forgetEarlier()
            let answer = Task { await reader.line() }
            while reader.waitingCount == 0 { await Task.yield() }
            ends.type("n\n")
            #expect(await answer.value == "n")
        }
    }

    @Test("who was cancelled before he asked gets nothing, and takes nothing")
    func cancelledBefore() async throws {
        try await with(.pipe) { ends, reader in
            ends.type("one\n")
            let late = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return await reader.line()
            }
            #expect(await late.value == nil)
            #expect(await reader.line() == "one")
        }
    }
}
