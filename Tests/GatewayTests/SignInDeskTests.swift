// Sign-ins of persons at the page, in terminals and at programs, all on one desk, with a real host and provider.

import Foundation
import Logging
import OmlxDemoServer
import OmlxErrors
import OmlxHTTPClient
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost
import OmlxSignIn
import Synchronization
import TestSupport
import Testing

@testable import OmlxGateway

/// A person in a terminal: hears, and pastes nothing.
private final class TerminalOfTest: LoginPerson {
    private let heard = Mutex<[String]>([])
    private let addresses: AsyncStream<String>
    private let address: AsyncStream<String>.Continuation

    init() { (addresses, address) = AsyncStream.makeStream(of: String.self) }

    var words: [String] { heard.withLock { $0 } }

    /// The address that is to be opened.
    func shown() async -> String? {
        for await address in addresses { return address }
        return nil
    }

    func hear(_ event: LoginEvent, of server: String) async {
        let word =
            switch event {
            case .address(let prompt):
                prompt.url
            case .signedIn: "signed in"
            case .failed: "failed"
            case .cancelled: "cancelled"
            case .notice, .hint: "said"
            }
        heard.withLock { $0.append(word) }
        if case .address = event { address.yield(word) }
    }

    func answer(_ question: LoginQuestion, of server: String) async -> LoginAnswer { .opened(false) }
    func pasted() -> AsyncStream<String> { AsyncStream { _ in } }
}

@Suite(.timeLimit(.minutes(5))) struct SignInDeskTests {
    private func scene(
        _ entry: JSONObject = [:], script: DemoScript = DemoScript(), heard: Int? = nil,
        _ body: @Sendable (SignInDesk, LocalHost) async throws -> Void
    ) async throws {
        let demo = try await DemoServer.start(script: script)
        let folder = try ConfigurationFolder()
        var server = entry
        server["url"] = .string(demo.url)
        let file = folder.write("mcp.json", JSON.object(["servers": ["notes": .object(server)]]).text())
        let configuration = try HostConfiguration.load(
            explicitPath: file, environment: [:], workingDirectory: folder.path, homeDirectory: folder.path)
        var options = HostOptions(
            environment: [:], homeDirectory: folder.path,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        options.paths = HostPaths(
            credentials: folder.path + "/credentials", database: folder.path + "/state/status.sqlite",
            locks: folder.path + "/locks")
        options.storeName = "memory"
        let host = LocalHost(configuration, options: options)
        if let heard { await host.hears(callbacksAt: [heard], path: AdminPart.callback) }
        do { try await body(SignInDesk(host), host) } catch {
            await host.finish()
            await demo.stop()
            throw error
        }
        await host.finish()
        await demo.stop()
    }

    /// A browser whose person consents: follows redirects to where it would end.
    /// - Parameter stop: an address that is not asked for.
    private func visit(_ address: String, until stop: String = "nowhere") async throws -> String {
        let http = HTTPClient()
        var next = address
        while !next.contains(stop) {
            let request = HTTPRequest("GET", try HTTPURL(next), redirects: .returned)
            let reply = try await http.fetch(request)
            guard (300..<400).contains(reply.head.status), let place = reply.head.headers["location"] else { break }
            next = place
        }
        return next
    }

    @Test("a sign-in of a terminal is seen while it is under way, and can be ended from the page")
    func ended() async throws {
        try await scene { desk, _ in
            let person = TerminalOfTest()
            let login = Task { try await desk.login("notes", LoginOptions(), LoginOffer(person, opensBrowser: false)) }
            _ = await person.shown()
            let course = try #require(desk.course(under: "notes"))
            guard course.isElsewhere, case .waiting(let prompt, _) = course.stage else {
                Issue.record("\(course)")
                return
            }
            #expect(person.words == [prompt.url])
            desk.send(.cancel, to: course.id)
            let error = await #expect(throws: OmlxError.self) { try await login.value }
            #expect(error?.code == .oauthSignInCancelled && desk.underWay.isEmpty)
            guard case .ended(.cancelled)? = desk.course(course.id)?.stage else {
                Issue.record("it is not ended")
                return
            }
        }
    }

    @Test("a terminal joins the sign-in of the page; both end well, with one question to the provider")
    func joined() async throws {
        try await scene { desk, _ in
            let id = try desk.begin("notes")
            guard case .address(let prompt) = await desk.beginning(of: id) else {
                Issue.record("there was no address")
                return
            }
            #expect(try desk.begin("notes") == id)
            let person = TerminalOfTest()
            let login = Task { try await desk.login("notes", LoginOptions(), LoginOffer(person, opensBrowser: false)) }
            #expect(await person.shown() == prompt.url)
            _ = try await visit(prompt.url)
            let report = try await login.value
            #expect(report.status.signIn.state == .signedIn && person.words == [prompt.url, "signed in"])
            guard case .ended(.signedIn(_?))? = desk.course(id)?.stage else {
                Issue.record("it is not ended")
                return
            }
        }
    }

    @Test("one who joined and leaves ends nothing; one who asks for something else is asked by themselves")
    func leaves() async throws {
        try await scene { desk, _ in
            let id = try desk.begin("notes")
            _ = await desk.beginning(of: id)
            let person = TerminalOfTest()
            let login = Task { try await desk.login("notes", LoginOptions(), LoginOffer(person, opensBrowser: false)) }
            _ = await person.shown()
            login.cancel()
            await #expect(throws: CancellationError.self) { try await login.value }
            #expect(desk.course(id)?.isOver == false)
            // By a code, in its place.
            var wish = SignInWish()
            wish.flow = .device
            let other = try desk.begin("notes", wish)
            #expect(other != id && desk.course(id)?.isOver == true)
            guard case .failed(let error) = await desk.beginning(of: other) else {
                Issue.record("this provider has no codes")
                return
            }
            #expect(error.code != .oauthSignInCancelled)
        }
    }

    @Test("work that leads to a sign-in is seen from the moment on in which it does")
    func work() async throws {
        try await scene { desk, host in
            let person = TerminalOfTest()
            let offer = LoginOffer(person, opensBrowser: false)
            let work = Task {
                try await desk.carry(offer) { try await host.call(ToolCall("notes__echo"), signingIn: $0) { _ in } }
            }
            let address = try #require(await person.shown())
            let id = try #require(desk.course(under: "notes")?.id)
            _ = try await visit(address)
            _ = try await work.value
            guard case .ended(.signedIn(nil))? = desk.course(id)?.stage else {
                Issue.record("it is not ended")
                return
            }
            #expect(desk.underWay.isEmpty && person.words.last == "signed in")
        }
    }

    @Test(
        "where the redirect URI is the program's own address, nothing else listens, and what comes there is handed in")
    func cameBack() async throws {
        // No port is opened, so it may be any.
        let address = "http://127.0.0.1:9\(AdminPart.callback)"
        var script = DemoScript()
        script.registration.enabled = false
        script.clients = [.init(id: "here", redirectURIs: [address])]
        let auth: JSON = ["type": "oauth2", "client_id": "here", "redirect_uri": .string(address)]
        try await scene(["auth": auth], script: script, heard: 9) { desk, _ in
            let id = try desk.begin("notes")
            guard case .address(let prompt) = await desk.beginning(of: id) else {
                Issue.record("there was no address")
                return
            }
            #expect(prompt.isListening && prompt.redirectURI == address)
            let back = try await visit(prompt.url, until: AdminPart.callback)
            let state = try #require(URLComponents(string: back)?.queryItems?.first { $0.name == "state" }?.value)
            #expect(!desk.cameBack(back, state: "another") && !desk.cameBack(back, state: ""))
            #expect(desk.cameBack(back, state: state))
            var look = desk.changes.stream().makeAsyncIterator()
            while desk.course(id)?.isOver == false { _ = await look.next() }
            guard case .ended(.signedIn(_?))? = desk.course(id)?.stage else {
                Issue.record("\(String(describing: desk.course(id)))")
                return
            }
        }
    }
}
