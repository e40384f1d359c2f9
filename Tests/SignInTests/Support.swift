// What the tests share: a clock, a person, a browser, replies made by hand, and the search for secrets in texts.

import OmlxCredentials
import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc
import OmlxHTTPClient
import OmlxJSON
import OmlxOAuth
import Synchronization
import Testing

@testable import OmlxSignIn

/// A clock that is moved by hand.
final class TestClock: Sendable {
    private let offset = Mutex(0.0)

    var now: Date { Date().addingTimeInterval(offset.withLock { $0 }) }

    func advance(_ seconds: Double) { offset.withLock { $0 += seconds } }
}

/// Every text somebody could read, and the random octets secrets were made of.
final class Transcript: Sendable {
    private let lines = Mutex<[String]>([])
    private let octets = Mutex<[[UInt8]]>([])

    var texts: [String] { lines.withLock { $0 } }

    func note(_ text: String) { lines.withLock { $0.append(text) } }

    func note(_ error: OmlxError) {
        note(error.description)
        note(error.message)
        note(error.nextStep?.plainText ?? "")
        note("\(error)")
        note(String(reflecting: error))
    }

    func random(_ count: Int) throws -> [UInt8] {
        let bytes = try Random.bytes(count)
        octets.withLock { $0.append(bytes) }
        return bytes
    }

    /// The code verifiers made so far: those of 32 octets.
    var verifiers: [String] { octets.withLock { $0 }.filter { $0.count == 32 }.map { Base64URL.encode($0) } }

    func expectNoSecret(_ sourceLocation: SourceLocation = #_sourceLocation) {
        let marks = ["demo-at-", "demo-rt-", "demo-code-", "demo-dc-", "demo-cs-"] + verifiers
        for text in texts {
            for mark in marks {
                #expect(!text.contains(mark), "a secret is shown: \(text)", sourceLocation: sourceLocation)
            }
        }
    }
}

/// A folder that is gone after the closure.
func withTemporaryFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/omlx-signin-XXXXXX".utf8CString)
    let path = template.withUnsafeMutableBufferPointer { buffer in
        buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let folder = try #require(path)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try await body(folder)
}

/// The person in front of a sign-in, who writes down everything shown.
final class Person: SignInInterface {
    let transcript: Transcript
    private let prompts = Mutex<[SignInPrompt]>([])
    private let heardEnds = Mutex<[String]>([])
    private let typed: AsyncStream<String>
    private let typing: AsyncStream<String>.Continuation
    private let onPrompt: (@Sendable (SignInPrompt) async -> Void)?
    private let onNotice: (@Sendable (String) -> Void)?

    init(
        _ transcript: Transcript, onPrompt: (@Sendable (SignInPrompt) async -> Void)? = nil,
        onNotice: (@Sendable (String) -> Void)? = nil
    ) {
        self.transcript = transcript
        self.onPrompt = onPrompt
        self.onNotice = onNotice
        (typed, typing) = AsyncStream.makeStream()
    }

    var prompt: SignInPrompt? { prompts.withLock { $0.last } }
    /// How the sign-ins ended, in a word each.
    var ends: [String] { heardEnds.withLock { $0 } }

    func ended(_ end: SignInEnd) async {
        let word =
            switch end {
            case .signedIn: "signed in"
            case .failed(let error): error.code.text
            case .cancelled: "cancelled"
            }
        heardEnds.withLock { $0.append(word) }
    }

    func type(_ line: String) { typing.yield(line) }

    func show(_ prompt: SignInPrompt) async {
        prompts.withLock { $0.append(prompt) }
        transcript.note(prompt.url)
        await onPrompt?(prompt)
    }

    func notice(_ text: String) async {
        transcript.note(text)
        onNotice?(text)
    }

    func lines() -> AsyncStream<String> { typed }
}

/// A browser whose person approves: it follows redirects to their end.
final class TestBrowser: BrowserOpening {
    private let http = HTTPClient()
    private let visits = Mutex<[Task<HTTPReply?, Never>]>([])
    private let opened = Mutex<[String]>([])
    private let onEnd: (@Sendable (HTTPReply) -> Void)?

    init(onEnd: (@Sendable (HTTPReply) -> Void)? = nil) { self.onEnd = onEnd }

    /// What the last page was, once it is there.
    var page: HTTPReply? { get async { await visits.withLock { $0.last }?.value } }
    /// The addresses opened.
    var addresses: [String] { opened.withLock { $0 } }

    func open(_ url: String) async -> Bool {
        opened.withLock { $0.append(url) }
        guard let url = try? HTTPURL(url) else { return false }
        let request = HTTPRequest("GET", url, headers: [.init("Accept", "text/html")], redirects: .judged)
        // It goes on to its end, as a browser does whatever becomes of the sign-in.
        let visit = Task { [http, onEnd] in
            let reply = try? await http.fetch(request)
            if let reply { onEnd?(reply) }
            return reply
        }
        visits.withLock { $0.append(visit) }
        return await visit.value != nil
    }
}

// MARK: replies made by hand

func url(_ text: String) -> HTTPURL {
    do { return try HTTPURL(text) } catch { preconditionFailure("a test's URL is wrong: \(text)") }
}

func reply(
    _ status: Int, _ body: String = "", type: String = "application/json",
    at place: String = "https://mcp.example.com/",
    headers: [(String, String)] = []
) -> HTTPReply {
    let head = HTTPResponseHead(
        status: status, headers: HTTPHeaders([("Content-Type", type)] + headers), url: url(place))
    return HTTPReply(head: head, body: Array(body.utf8))
}

func reply(_ status: Int, _ body: JSON, at place: String = "https://mcp.example.com/") -> HTTPReply {
    reply(status, body.text(), at: place)
}

func failure(_ code: ErrorCode, sent: Bool = false) -> HTTPFailure {
    HTTPFailure(OmlxError(code, "it failed"), mayHaveBeenSent: sent)
}

func text(_ secret: Secret?) -> String? {
    secret.map { $0.withBytes { String(decoding: $0, as: UTF8.self) } }
}

/// The form in a request's body, by name.
func form(_ request: HTTPRequest) -> [String: String] {
    guard case .secret(let body) = request.body, let body = text(body) else { return [:] }
    return Dictionary(FormEncoding.decode(body).map { ($0.name, $0.value) }) { first, _ in first }
}

/// The error a closure throws.
func omlxError(
    _ sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> OmlxError? {
    do {
        try await body()
        Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch let error as OmlxError {
        return error
    } catch {
        Issue.record("another error was thrown: \(error)", sourceLocation: sourceLocation)
    }
    return nil
}

// MARK: files

func writeScript(_ text: String, at path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
    #expect(chmod(path, 0o700) == 0)
}

func readText(_ path: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
}

func chmodPrivate(_ path: String) -> Bool { chmod(path, 0o600) == 0 }

/// The files of a folder by name.
func folderContents(_ folder: String, prefix: String) throws -> [String: [UInt8]] {
    var contents: [String: [UInt8]] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasPrefix(prefix) {
        if let data = try? Data(contentsOf: URL(filePath: folder + "/" + name)) { contents[name] = Array(data) }
    }
    return contents
}
