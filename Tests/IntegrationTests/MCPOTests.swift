// `omlx mcpo` beside mcpo itself: the same requests, in front of the same servers.

import Foundation
import Testing
import TestSupport

@Suite(.timeLimit(.minutes(10))) struct MCPOTests {
    @Test("mcpo 0.0.20 and omlx mcpo answer the same, but for the differences that docs/mcpo.md names")
    func beside() async throws {
        let python = try Repository.python("mcpo")
        let script = Repository.root + "/Tests/MCPO/compare.py"
        let words = [
            "-B", script, try Repository.omlx(), (python as NSString).deletingLastPathComponent + "/mcpo",
            Repository.root + "/docs/mcpo.md",
        ]
        let (status, output) = try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(with: Result { try ChildCommand.run(python, words) })
            }
        }
        #expect(status == 0, "\(String(decoding: output, as: UTF8.self))")
    }
}
