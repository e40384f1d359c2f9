// Sends a request of its own to a server that wants a sign-in: the least a program does that only wants the header.
//
//   AuthorizationHeader URL            needs a sign-in made before, such as by `omlx mcp login --url URL`
//   AuthorizationHeader --sign-in URL  may open a browser
import Foundation
import FoundationNetworking
import OmlxSignIn

/// Shows the person the address, and takes no pasted answer.
struct Terminal: SignInInterface {
    func show(_ prompt: SignInPrompt) async { print("Sign in at \(prompt.url)") }
    func notice(_ text: String) async { print(text) }
    func lines() -> AsyncStream<String> { AsyncStream { $0.finish() } }
}

/// Asks the server for anything at all with a header; its status and challenges.
func ask(_ server: String, _ header: ServerSignIn.Authorization) async throws -> (status: Int, challenges: [String]) {
    guard let url = URL(string: server) else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = "POST"
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.setValue("application/json, text/event-stream", forHTTPHeaderField: "Accept")
    request.setValue(header.exposedHeader, forHTTPHeaderField: "Authorization")
    request.httpBody = Data(
        #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"example","version":"1"}}}"#
            .utf8)
    let (_, response) = try await URLSession.shared.data(for: request)
    let answer = response as? HTTPURLResponse
    let challenge = answer?.value(forHTTPHeaderField: "WWW-Authenticate")
    return (answer?.statusCode ?? 0, challenge.map { [$0] } ?? [])
}

var arguments = Array(CommandLine.arguments.dropFirst())
let maySignIn = arguments.first == "--sign-in"
if maySignIn { arguments.removeFirst() }
guard let server = arguments.first else {
    print("usage: AuthorizationHeader [--sign-in] URL")
    exit(2)
}

let environment = ProcessInfo.processInfo.environment
var options = ServerSignIn.Options(environment: environment, homeDirectory: environment["HOME"] ?? NSHomeDirectory())
options.command = "AuthorizationHeader"
let interaction: ServerSignIn.Interaction =
    maySignIn ? .allowed(Terminal(), browser: BrowserOpener(environment: environment)) : .never

do {
    let signIn = try ServerSignIn(server, options)
    var header = try await signIn.authorization(interaction)
    var answer = try await ask(server, header)
    // A server may end a token before its time: once more with the next one.
    if let newer = try await signIn.authorization(
        after: header, status: answer.status, challenges: answer.challenges, interaction)
    {
        header = newer
        answer = try await ask(server, header)
    }
    print("\(server) answered \(answer.status)")
    await signIn.finish()
    exit(answer.status == 200 ? 0 : 1)
} catch {
    print("\(error)")
    exit(4)
}
