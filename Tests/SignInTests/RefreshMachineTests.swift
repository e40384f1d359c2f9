// The judgement of a refresh as sequences of answers (P2).

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

private enum Verdict: Equatable {
    case send(Double), granted, rejected(String), refused, unknown
}

private struct Run {
    var machine = RefreshMachine(server: "https://as.example")

    mutating func answer(
        _ status: Int, _ body: String, type: String = "application/json", _ headers: [(String, String)] = []
    ) -> Verdict {
        verdict(.success(reply(status, body, type: type, at: "https://as.example/token", headers: headers)))
    }

    mutating func fail(_ code: ErrorCode, sent: Bool, jitter: Double = 0.5) -> Verdict {
        verdict(.failure(failure(code, sent: sent)), jitter: jitter)
    }

    private mutating func verdict(_ result: Result<HTTPReply, HTTPFailure>, jitter: Double = 0.5) -> Verdict {
        switch machine.received(result, jitter: jitter) {
        case .send(let pause): .send(pause)
        case .granted: .granted
        case .rejected(let error, let reply):
            error.code == .oauthRefreshRejected ? .rejected(reply.error) : .unknown
        case .refused(let error): error.code == .oauthRefreshRefused ? .refused : .unknown
        case .unknown: .unknown
        }
    }
}

@Suite("Judging a refresh")
struct RefreshMachineTests {
    @Test(
        "Granted, rejected, refused, unknown",
        arguments: [
            (200, #"{"access_token":"a","token_type":"Bearer"}"#, Verdict.granted),
            (200, #"{"access_token":"a","refresh_token":"r","expires_in":"60"}"#, .granted),
            (400, #"{"error":"invalid_grant"}"#, .rejected("invalid_grant")),
            (200, #"{"error":"invalid_grant"}"#, .rejected("invalid_grant")),
            (401, #"{"error":"invalid_client"}"#, .rejected("invalid_client")),
            (400, #"{"error":"invalid_request","error_description":"invalid_grant"}"#, .refused),
            (400, #"{"error":"invalid_scope"}"#, .refused), (400, #"{"error":"unauthorized_client"}"#, .refused),
            (400, #"{"code":400,"error_code":"refresh_token_not_found","msg":"gone"}"#, .refused),
            (401, #"{"detail":"Token has been revoked"}"#, .refused), (400, "", .refused),
            (422, #"{"detail":[{"msg":"bad"}]}"#, .refused), (400, "<html>", .unknown),
            (429, #"{"error":"slow_down"}"#, .unknown), (500, #"{"error":"invalid_grant"}"#, .unknown),
            (503, "", .unknown), (502, "<html>bad gateway</html>", .unknown), (404, "", .unknown), (403, "", .unknown),
            (200, "", .unknown), (200, "<html>", .unknown), (200, "{}", .unknown), (200, "null", .unknown),
            (200, #"{"access_token":5}"#, .unknown), (200, #"{"access_token":"a","token_type":"mac"}"#, .unknown),
            (200, #"{"access_token":"a","expires_in":"soon"}"#, .granted),
            (200, #"{"access_token":"","expires_in":3600}"#, .unknown), (204, "", .unknown),
        ])
    private func table(status: Int, body: String, verdict: Verdict) {
        var run = Run()
        #expect(run.answer(status, body) == verdict)
    }

    @Test("A refusal in other words is told with them, and the next step is to sign in")
    func otherWords() {
        var machine = RefreshMachine(server: "https://as.example")
        let answer = reply(400, ["error_code": "refresh_token_not_found", "msg": "Not Found"])
        guard case .refused(let error) = machine.received(.success(answer), jitter: 0) else {
            return #expect(Bool(false))
        }
        #expect(error.code == .oauthRefreshRefused && error.httpStatus == 400)
        #expect(error.message.contains("HTTP 400, refresh_token_not_found: Not Found"))
        #expect(error.nextStep == Remedy(.signIn()))
    }

    @Test("unauthorized_client is told as a grant that is not allowed; invalid_scope with what was asked for")
    func namedRefusals() {
        var machine = RefreshMachine(server: "https://as.example", scopes: ["a", "b"])
        guard
            case .refused(let grant) = machine.received(
                .success(reply(400, ["error": "unauthorized_client"])), jitter: 0),
            case .refused(let scope) = machine.received(.success(reply(400, ["error": "invalid_scope"])), jitter: 0)
        else { return #expect(Bool(false)) }
        #expect(grant.message.contains("does not allow the client this grant, refresh_token"))
        #expect(scope.compared == [.init("asked for", "a b")])
    }

    @Test("Without time for another try there is none: the whole refresh has one limit")
    func outOfTime() {
        var lost = RefreshMachine(server: "https://as.example")
        guard case .unknown = lost.received(.failure(failure(.transportTimeout, sent: true)), jitter: 0, left: 0.5)
        else { return #expect(Bool(false)) }
        #expect(lost.mayHaveLostTokens, "the answer may have been on its way")
        var unsent = RefreshMachine(server: "https://as.example")
        guard case .unknown = unsent.received(.failure(failure(.transportNetwork)), jitter: 0, left: 0.5) else {
            return #expect(Bool(false))
        }
        var busy = RefreshMachine(server: "https://as.example")
        let answer = reply(503, "", at: "https://as.example/token", headers: [("Retry-After", "3")])
        guard case .unknown = busy.received(.success(answer), jitter: 0, left: 2) else { return #expect(Bool(false)) }
    }

    @Test(
        "An error in a form or a plain text counts as one in JSON",
        arguments: ["application/x-www-form-urlencoded", "text/plain"])
    func errorForms(type: String) {
        var run = Run()
        #expect(run.answer(400, "error=invalid_grant&error_description=gone", type: type) == .rejected("invalid_grant"))
    }

    @Test(
        "Not sent: three more tries after 1, 2 and 4 seconds, then unknown",
        arguments: [
            ErrorCode.transportConnectionRefused, .transportDNS, .transportConnectTimeout, .transportNetwork,
        ])
    func notSent(code: ErrorCode) {
        var run = Run()
        let pauses = (0..<3).map { _ in run.fail(code, sent: false) }
        #expect(pauses == [.send(1), .send(2), .send(4)])
        #expect(run.fail(code, sent: false) == .unknown)
    }

    @Test("The pauses have jitter of a quarter")
    func jitter() {
        var low = Run()
        var high = Run()
        #expect(low.fail(.transportNetwork, sent: false, jitter: 0) == .send(0.75))
        #expect(high.fail(.transportNetwork, sent: false, jitter: 1) == .send(1.25))
    }

    @Test(
        "Sent and the answer lost: repeated once, at once",
        arguments: [
            ErrorCode.transportClosed, .transportFirstByteTimeout, .transportIdleTimeout, .transportNetwork,
        ])
    func lost(code: ErrorCode) {
        var run = Run()
        #expect(run.fail(code, sent: true) == .send(0))
        #expect(run.fail(code, sent: true) == .unknown)
    }

    @Test("A lost answer and unreachable servers together end too")
    func mixed() {
        var run = Run()
        var sends = 0
        while sends < 10, case .send = run.fail(.transportNetwork, sent: sends == 2) { sends += 1 }
        #expect(sends == 4)
    }

    @Test(
        "What cannot change by trying again is not tried again",
        arguments: [
            ErrorCode.transportRedirectRefused, .transportRedirectOrigin, .configTLSInvalid,
        ])
    func final(code: ErrorCode) {
        var run = Run()
        #expect(run.fail(code, sent: false) == .unknown)
        var sent = Run()
        #expect(sent.fail(code, sent: true) == .unknown)
    }

    @Test("A certificate that is not trusted is unknown at once: nothing was sent")
    func untrusted() {
        var run = Run()
        #expect(run.fail(.transportTLS, sent: false) == .unknown)
    }

    @Test("Retry-After is waited for once when short, and kept for later when long")
    func retryAfter() {
        var short = Run()
        #expect(short.answer(503, "", [("Retry-After", "3")]) == .send(3))
        #expect(short.answer(503, "", [("Retry-After", "3")]) == .unknown)
        var long = RefreshMachine(server: "https://as.example")
        let answer = reply(429, "", at: "https://as.example/token", headers: [("Retry-After", "120")])
        guard case .unknown(let error) = long.received(.success(answer), jitter: 0) else { return #expect(Bool(false)) }
        #expect(error.code == .oauthRefreshUnavailable)
        #expect(error.retryAfter == 120)
        #expect(error.isRetryable)
    }

    @Test("Bad Retry-After is no reason to wait", arguments: ["-1", "soon", "", "99999999999999999999"])
    func badRetryAfter(value: String) {
        var run = Run()
        #expect(run.answer(503, "", [("Retry-After", value)]) == .unknown)
    }
}
