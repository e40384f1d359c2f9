// HTTP/2 against a server nobody here wrote.

import OmlxErrors
import Foundation
import TestSupport
import Testing

@testable import OmlxHTTPClient

@Suite(.timeLimit(.minutes(5))) struct HTTP2Tests {
    let client: HTTPClient
    let server: HTTP2Server
    var base: String { server.url }

    init() async throws {
        let fixture = try await onOwnThread { try TLSFixture() }
        client = HTTPClient(tls: TLSSettings(certificateAuthorities: fixture.file("ca.pem")))
        server = try await HTTP2Server.start(fixture)
        self.fixture = fixture
    }

    // Kept: its files are there as long as it is.
    private let fixture: TLSFixture

    @Test("Requests at once share one connection; the server says which protocol and port it saw")
    func multiplexed() async throws {
        let seen = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<50 { group.addTask { try await client.fetch(.get(base + "/who")).text } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(seen.count == 1, "\(seen)")
        #expect(seen.first?.hasPrefix("2 ") == true)
    }

    @Test("A body of 20 MB is held back by a slow reader, and other streams go on meanwhile")
    func flowControl() async throws {
        let response = try await client.send(.get(base + "/big"))
        #expect(try await client.fetch(.get(base + "/who")).head.status == 200)
        var count = 0
        while let chunk = try await response.body.next() {
            count += chunk.count
            if count % 7 == 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
        #expect(count == 20 << 20)
    }

    @Test("Dropping one stream leaves the others alone")
    func dropOne() async throws {
        async let kept = client.send(.get(base + "/big")).collect()
        for _ in 0..<10 { _ = try await client.send(.get(base + "/big")).body.next() }
        #expect(try await kept.count == 20 << 20)
    }

    @Test("Cancelled while waiting for the head: the others go on")
    func cancelOne() async throws {
        let hanging = Task { try await client.fetch(.get(base + "/hang")) }
        #expect(try await client.fetch(.get(base + "/who")).head.status == 200)
        hanging.cancel()
        await expectFailure(.transportCancelled) { _ = try await hanging.value }
        #expect(try await client.fetch(.get(base + "/who")).head.status == 200)
    }
}
