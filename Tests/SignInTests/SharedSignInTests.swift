// One sign-in for all who wait: who joins, who takes the next, and what cancelling one means for the others.

import OmlxCredentials
import OmlxDemoServer
import OmlxErrors
import FoundationEssentials
import OmlxHTTPClient
import OmlxOAuth
import Synchronization
import Testing

@testable import OmlxSignIn

/// A sign-in that ends when the test says so.
private final class Gate: Sendable {
    private let began = AsyncStream.makeStream(of: Void.self)
    private let release = AsyncStream.makeStream(of: Void.self)
    private let runs = Mutex(0)

    var count: Int { runs.withLock { $0 } }

    func work(_ value: Int) async throws -> Int {
        runs.withLock { $0 += 1 }
        began.continuation.yield()
        for await _ in release.stream { return value }
        throw CancellationError()
    }

    func hasBegun() async { for await _ in began.stream { return } }
    func open() { release.continuation.yield() }
}

@Suite("One sign-in for all who wait", .timeLimit(.minutes(3)))
struct SharedSignInTests {
    /// Waits until a sign-in has so many who wait for it.
    private func settled(_ shared: SharedSignIn<Int>, _ count: Int) async {
        while await shared.waiting != count { await Task.yield() }
    }

    @Test("five who want the same get one sign-in, and so does one whose request was refused before it ended")
    func joined() async throws {
        let (shared, gate) = (SharedSignIn<Int>(), Gate())
        let mark = await shared.ended
        let tasks = (0..<5).map { number in
            Task { try await shared.join(wanting: nil, since: mark) { try await gate.work(number) } }
        }
        await gate.hasBegun()
        await settled(shared, 5)
        gate.open()
        var values: Set<Int> = []
        for task in tasks { values.insert(try await task.value) }
        #expect(values.count == 1 && gate.count == 1)
        _ = try await shared.join(wanting: nil, since: mark) { try await gate.work(9) }
        #expect(gate.count == 1, "it ended after the request began")
        let later = await shared.ended
        gate.open()
        #expect(try await shared.join(wanting: nil, since: later) { try await gate.work(9) } == 9)
        #expect(gate.count == 2)
    }

    @Test("a failure is everybody's; the next request asks anew")
    func failed() async throws {
        let shared = SharedSignIn<Int>()
        let denied = OmlxError(.oauthAccessDenied, "no")
        let mark = await shared.ended
        for _ in 0..<2 {
            let error = await omlxError {
                _ = try await shared.join(wanting: nil, since: mark) { throw denied }
            }
            #expect(error?.code == .oauthAccessDenied)
        }
        #expect(await shared.ended == 1)
        #expect(try await shared.join(wanting: nil, since: 1) { 7 } == 7)
    }

    @Test("scopes that the one under way does not ask for are the next one; those it asks for are not")
    func scopes() async throws {
        let (shared, gate) = (SharedSignIn<Int>(), Gate())
        let first = Task { try await shared.join(wanting: ["a", "b"], since: 0) { try await gate.work(1) } }
        await gate.hasBegun()
        let same = Task { try await shared.join(wanting: ["b"], since: 0) { try await gate.work(2) } }
        let other = Task { try await shared.join(wanting: ["c"], since: 0) { try await gate.work(3) } }
        await settled(shared, 2)
        gate.open()
        #expect(try await first.value == 1)
        #expect(try await same.value == 1)
        await gate.hasBegun()
        gate.open()
        #expect(try await other.value == 3)
        #expect(gate.count == 2)
    }

    @Test("cancelling one ends his waiting alone, at once; cancelling the last ends the sign-in")
    func cancelled() async throws {
        let (shared, gate) = (SharedSignIn<Int>(), Gate())
        let tasks = (0..<3).map { _ in
            Task { try await shared.join(wanting: nil, since: 0) { try await gate.work(1) } }
        }
        let watcher = Task { try await shared.join(wanting: ["x"], since: 0) { try await gate.work(2) } }
        await gate.hasBegun()
        await settled(shared, 3)
        watcher.cancel()
        await #expect(throws: CancellationError.self) { try await watcher.value }
        tasks[0].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[0].value }
        gate.open()
        #expect(try await tasks[1].value == 1)
        #expect(try await tasks[2].value == 1)
        // Its cancellation ends the gate as well.
        let other = Gate()
        let alone = Task { try await shared.join(wanting: nil, since: 1) { try await other.work(4) } }
        await other.hasBegun()
        alone.cancel()
        await #expect(throws: CancellationError.self) { try await alone.value }
        #expect(try await shared.join(wanting: nil, since: 1) { 5 } == 5, "nobody inherits its end")
    }

    @Test("one's own sign-in waits for the one under way, and may be joined")
    func own() async throws {
        let (shared, gate) = (SharedSignIn<Int>(), Gate())
        let first = Task { try await shared.make(asking: nil) { try await gate.work(1) } }
        await gate.hasBegun()
        let second = Task { try await shared.make(asking: nil) { try await gate.work(2) } }
        let joined = Task { try await shared.join(wanting: nil, since: 0) { try await gate.work(3) } }
        await settled(shared, 2)
        gate.open()
        #expect(try await first.value == 1)
        #expect(try await joined.value == 1)
        await gate.hasBegun()
        gate.open()
        #expect(try await second.value == 2)
    }

    // MARK: programs

    private func serverSignIn(_ scene: Scene, _ store: (any CredentialStore)? = nil) throws -> ServerSignIn {
        ServerSignIn(
            try HTTPURL(scene.server.url), account: nil, configuration: .init(),
            context: scene.context(store ?? scene.store), reference: nil, observer: { _ in })
    }

    @Test("five tasks of a program that need a sign-in ask the person once")
    func tasks() async throws {
        try await withScene { scene async throws in
            let browser = TestBrowser()
            let signIn = try serverSignIn(scene)
            let allowed = ServerSignIn.Interaction.allowed(Person(scene.transcript), browser: browser)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 { group.addTask { try await signIn.authorization(allowed).header != nil } }
                for try await isThere in group { #expect(isThere) }
            }
            #expect(browser.addresses.count == 1)
            #expect(scene.server.state.tokenGrants["authorization_code"] == 1)
        }
    }

    @Test("five programs that need a sign-in at the same time ask the person once; the others are told and wait")
    func programs() async throws {
        try await withScene(inFile: true) { scene async throws in
            let waiting = Mutex(0)
            let person = Person(
                scene.transcript,
                onNotice: { text in
                    if text.contains("asks for this sign-in already") { waiting.withLock { $0 += 1 } }
                })
            let browser = PatientBrowser { while waiting.withLock({ $0 }) < 4 { await Task.yield() } }
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<5 {
                    let signIn = try serverSignIn(
                        scene, EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile))
                    group.addTask {
                        try await signIn.authorization(.allowed(person, browser: browser)).header != nil
                    }
                }
                for try await isThere in group { #expect(isThere) }
            }
            #expect(browser.count == 1)
            #expect(scene.server.state.tokenGrants["authorization_code"] == 1)
        }
    }

    @Test("two programs, of which the first gives up: the second asks")
    func firstGivesUp() async throws {
        try await withScene(inFile: true) { scene async throws in
            let told = AsyncStream.makeStream(of: Void.self)
            let person = Person(
                scene.transcript,
                onNotice: { text in
                    if text.contains("asks for this sign-in already") { told.continuation.yield() }
                })
            let shown = AsyncStream.makeStream(of: Void.self)
            let idle = Person(scene.transcript) { _ in shown.continuation.yield() }
            let one = try serverSignIn(
                scene, EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile))
            let two = try serverSignIn(
                scene, EncryptedFileStore(folder: scene.folder + "/store", keySource: .keyFile))
            let first = Task { try await one.authorization(.allowed(idle)) }
            for await _ in shown.stream { break }
            let browser = TestBrowser()
            let second = Task { try await two.authorization(.allowed(person, browser: browser)) }
            for await _ in told.stream { break }
            first.cancel()
            await #expect(throws: (any Error).self) { _ = try await first.value }
            #expect(try await second.value.header != nil)
            #expect(browser.addresses.count == 1)
        }
    }
}

/// A browser whose person waits for something before approving.
private final class PatientBrowser: BrowserOpening {
    private let browser = TestBrowser()
    private let patience: @Sendable () async -> Void

    init(_ patience: @escaping @Sendable () async -> Void) { self.patience = patience }

    var count: Int { browser.addresses.count }

    func open(_ url: String) async -> Bool {
        await patience()
        return await browser.open(url)
    }
}
