// The tests' own manners: many of them wait for programs, in one process with the servers of others.

import Foundation
import Testing

@Suite struct ProbeProcessTests {
    @Test("tests that wait for programs leave the threads alone that all share", .timeLimit(.minutes(2)))
    func sharedThreads() async throws {
        let count = 2 * ProcessInfo.processInfo.activeProcessorCount + 2
        let (started, continuation) = AsyncStream<ProbeProcess>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    try await withTemporaryFolder { _ in
                        let program = try ProbeProcess(command: ["/bin/cat"])
                        continuation.yield(program)
                        #expect(program.readLine() == "go")
                        #expect(program.finish() == [])
                    }
                }
            }
            var waiting: [ProbeProcess] = []
            for await program in started {
                waiting.append(program)
                if waiting.count == count { break }
            }
            for program in waiting { program.write("go") }
            try await group.waitForAll()
        }
    }
}
