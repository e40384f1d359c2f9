// What a sign-in says it decided, step by step: the doctor and the person hear of nothing else.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth
import Testing

@testable import OmlxSignIn

extension SignInDecision {
    /// The decision in a few words.
    fileprivate var word: String {
        switch self {
        case .judged(let judgement):
            switch judgement.verdict {
            case .found: "found \(judgement.kind)"
            case .passedOver: "passed over \(judgement.kind)"
            case .ended(let error): "ended \(error.code.text)"
            }
        case .discovered(_, let usesDevice, _): usesDevice ? "discovered, by device" : "discovered"
        case .clientDocument: "client document"
        case .chose(let client): "chose \(client.origin.rawValue)"
        case .registers: "registers"
        case .looked(let finding):
            switch finding.verdict {
            case .fine: "looked, fine"
            case .told: "looked, told"
            case .unknownClient: "looked, unknown"
            case .failed: "looked, failed"
            }
        case .notice: "notice"
        }
    }
}

@Suite("The trace of a sign-in")
struct SignInTraceTests {
    private func words(_ course: Course) -> [String] { course.machine.trace.map(\.word) }

    @Test("A first sign-in: two documents, a registration, the client, the look")
    func first() throws {
        var course = Course()
        course.send(.client(nil))
        try course.listen(looks: false)
        course.register()
        course.send(.kept)
        #expect(course.asked != nil)
        #expect(
            words(course) == [
                "found resource", "found server", "discovered", "registers", "chose registered_now", "looked, fine",
            ])
        #expect(course.machine.trace.documents.map(\.kind) == [.resource, .server])
    }

    @Test("A client that is not known any more: it was chosen, looked with, and another is registered")
    func forgotten() throws {
        var course = Course()
        course.send(.client(courseRecord()))
        try course.listen(looks: false)
        course.look(reply(400, ["error": "invalid_client"]))
        #expect(
            words(course).dropFirst(3) == [
                "chose registered_before", "looked, unknown", "notice", "registers",
            ])
    }

    @Test("Each place is judged once, also the one that ends discovery")
    func places() {
        func course(_ answers: [Result<HTTPReply, HTTPFailure>]) -> SignInMachine {
            var machine = SignInMachine(Course().machine.input) { Course.moment }
            _ = machine.handle(.start)
            for answer in answers { _ = machine.handle(.fetched(answer)) }
            return machine
        }
        let resource = reply(
            200, ["resource": "https://mcp.example.com/mcp", "authorization_servers": ["https://as.example"]])
        let passing = course([.success(reply(404)), .success(resource), .success(reply(500, ""))])
        #expect(passing.trace.map(\.word) == ["passed over resource", "found resource", "passed over server"])
        let refused = course([.success(resource), .failure(failure(.transportAddressRefused))])
        #expect(refused.trace.map(\.word) == ["found resource", "ended TRANSPORT_ADDRESS_REFUSED"])
        let other = reply(
            200, ["resource": "https://other.example.com/", "authorization_servers": ["https://as.example"]])
        #expect(course([.success(other)]).trace.map(\.word) == ["ended OAUTH_RESOURCE_MISMATCH"])
    }

    @Test("An answer that nothing asked for ends a sign-in at every stage, and a finished one says so too")
    func outOfTurn() throws {
        var stages: [Course] = [Course()]
        var course = Course()
        course.send(.client(nil))
        stages.append(course)
        try course.listen(looks: false)
        stages.append(course)
        course.register()
        stages.append(course)
        course.send(.kept, looks: false)
        stages.append(course)
        course.look()
        stages.append(course)
        course.answer()
        stages.append(course)
        for var stage in stages {
            stage.send(.renewed(state: "s", pkce: try PKCE(octets: Array(repeating: 7, count: 32))))
            #expect(stage.error?.code == .oauthSignInCancelled)
            stage.send(.start)
            #expect(stage.error?.code == .oauthSignInCancelled)
        }
    }
}
