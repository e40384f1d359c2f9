// The authorizer's part in the connection: asked before every request, shown every answer.

import OmlxCryptography
import OmlxErrors
import OmlxHTTPClient
import OmlxJSON
import Synchronization
import Testing

@testable import OmlxMCPClient

/// Gives a token by generation; a 401 makes it go to the next one.
private final class TokenSource: RequestAuthorizer {
    private struct State {
        var generation = 1
        var asked: [String] = []
        var judged: [Int] = []
    }

    private let state = Mutex(State())
    private let judgement: @Sendable (HTTPResponseHead, Int) throws -> AuthorizationVerdict

    init(
        judgement: @escaping @Sendable (HTTPResponseHead, Int) throws -> AuthorizationVerdict = { head, _ in
            head.status == 401 ? .retry : .accept
        }
    ) {
        self.judgement = judgement
    }

    var asked: [String] { state.withLock { $0.asked } }
    var judged: [Int] { state.withLock { $0.judged } }

    func authorize(method: String, url: HTTPURL) async throws -> RequestAuthorization {
        state.withLock { state in
            state.asked.append("\(method) \(url.path)")
            let value = Secret("Bearer token-\(state.generation)")
            return RequestAuthorization(
                headers: [HTTPRequestHeader("Authorization", secret: value)], generation: state.generation)
        }
    }

    func judge(
        _ head: HTTPResponseHead, of authorization: RequestAuthorization, attempt: Int
    ) async throws -> AuthorizationVerdict {
        let verdict = try judgement(head, attempt)
        state.withLock { state in
            state.judged.append(head.status)
            if verdict == .retry, state.generation == authorization.generation { state.generation += 1 }
        }
        return verdict
    }
}

@Suite("Authorizer", .timeLimit(.minutes(5)))
struct AuthorizerTests {
    private let needed: @Sendable (HTTPResponseHead, Int) throws -> AuthorizationVerdict = { head, _ in
        if head.status == 401 {
            throw OmlxError(.oauthSignInNeeded, "sign-in needed", nextStep: Remedy(.signIn(.init(.named("x")))))
        }
        return .accept
    }

    @Test("C10.5: it is asked before every POST, GET and DELETE and shown every answer")
    func everyRequest() async throws {
        let gets = Recorder<Void>()
        let server = try ScriptedServer { request, answerer in
            answerOrdinarily(request, answerer, session: "abc")
            if request.call == "GET" { gets.record(()) }
        }
        defer { server.stop() }
        let source = TokenSource()
        let configured = [HTTPRequestHeader("authorization", "Basic configured")]
        let connection = connection(
            .streamableHTTP(try server.url(), headers: configured), authorizer: source, opensServerStream: true)
        _ = try await connection.connect()
        await gets.wait { !$0.isEmpty }
        _ = try await connection.listTools()
        await connection.close()
        #expect(source.asked.sorted() == ["DELETE /mcp", "GET /mcp", "POST /mcp", "POST /mcp", "POST /mcp"])
        #expect(source.judged.count == source.asked.count)
        #expect(server.requests.allSatisfy { $0.headers.values(of: "authorization") == ["Bearer token-1"] })
    }

    @Test("a retry sends the same request again with fresh headers")
    func retry() async throws {
        let server = try ScriptedServer { request, answerer in
            guard request.headers["authorization"] == "Bearer token-2" else { return answerer.answer(401) }
            answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let events = Recorder<ConnectionEvent>()
        let connection = connection(.streamableHTTP(try server.url()), authorizer: TokenSource(), events: events)
        _ = try await connection.connect()
        #expect(server.calls == ["initialize", "initialize", "notifications/initialized"])
        #expect(server.requests[0].body == server.requests[1].body)
        #expect(events.values.first == .reached(status: 401))
    }

    @Test("after three attempts the 401 is an error")
    func threeAttempts() async throws {
        let server = try ScriptedServer { $1.answer(401) }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), authorizer: TokenSource())
        let error = await failure { try await connection.connect() }
        #expect(error?.code == .oauthSignInNeeded)
        #expect(error?.httpStatus == 401)
        #expect(server.calls.count == 3)
    }

    @Test("an error of the authorizer ends the request as it is")
    func thrown() async throws {
        let server = try ScriptedServer { $1.answer(401) }
        defer { server.stop() }
        let connection = connection(
            .streamableHTTP(try server.url()), authorizer: TokenSource(judgement: needed), fallsBackToSSE: true)
        let error = await failure { try await connection.connect() }
        #expect(error?.nextStep == Remedy(.signIn(.init(.named("x")))))
        #expect(server.calls.count == 1)
    }

    @Test("after a failed attempt the connection can be tried again")
    func again() async throws {
        let isSignedIn = Mutex(false)
        let server = try ScriptedServer { request, answerer in
            guard isSignedIn.withLock({ $0 }) else { return answerer.answer(401) }
            answerOrdinarily(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.streamableHTTP(try server.url()), authorizer: TokenSource(judgement: needed))
        #expect(await failure { try await connection.connect() }?.code == .oauthSignInNeeded)
        isSignedIn.withLock { $0 = true }
        _ = try await connection.connect()
    }

    @Test("HTTP+SSE: a 401 on the GET goes through the authorizer")
    func streamGET() async throws {
        let script = SSEScript()
        let server = try ScriptedServer { request, answerer in
            guard request.headers["authorization"] == "Bearer token-2" else { return answerer.answer(401) }
            script.answer(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.sse(try server.url("/sse")), authorizer: TokenSource())
        _ = try await connection.connect()
        #expect(server.calls == ["GET", "GET", "initialize", "notifications/initialized"])
        await connection.close()
    }

    @Test("HTTP+SSE: a 401 on a POST is retried after a refresh while the stream stays open")
    func streamPOST() async throws {
        let script = SSEScript()
        let server = try ScriptedServer { request, answerer in
            if request.call == "tools/list", request.headers["authorization"] == "Bearer token-1" {
                return answerer.answer(401)
            }
            script.answer(request, answerer)
        }
        defer { server.stop() }
        let connection = connection(.sse(try server.url("/sse")), authorizer: TokenSource())
        _ = try await connection.connect()
        #expect(try await connection.listTools().count == 1)
        #expect(server.calls.filter { $0 == "GET" }.count == 1)
        #expect(server.calls.filter { $0 == "tools/list" }.count == 2)
        await connection.close()
    }
}
