// The least a program does that only wants a header: without a sign-in it is told what to do.
import FoundationEssentials
import HTTPClient
import OmlxSignIn
import OwnStore

let home = CommandLine.arguments[1]
let client = HTTPClient()
let signIn = try ServerSignIn(
    "https://mcp.example.com/mcp", ServerSignIn.Options(environment: [:], homeDirectory: home))
do {
    _ = try await signIn.authorization()
} catch {
    print("\(error)")
}

// And with a store of the program's own.
let store = OwnStore()
_ = try await store.save(
    Credential(
        key: CredentialKey(serverURL: "https://mcp.example.com/mcp"), client: .init(id: "consumer"),
        grant: .init(
            issuer: "https://as.example.com", tokenEndpoint: "https://as.example.com/token", obtainedAt: Date()),
        tokens: .init(access: Secret("kept"))), expecting: .absent)
var own = ServerSignIn.Options(environment: [:], homeDirectory: home)
own.store = store
let kept = try await ServerSignIn("https://mcp.example.com/mcp", own).authorization()
print("own store: \(kept.exposedHeader ?? "")")
