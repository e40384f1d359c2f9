// Remedies as commands and options: what a person is to type.

import OmlxErrors
import Testing

@testable import omlx

@Suite("remedies at a terminal")
struct RemedyWordsTests {
    @Test(
        "each action is the command or option that does it",
        arguments: [
            (.retry, "try again"), (.signIn(), "sign in again"),
            (.signIn(.init(resetsClient: true)), "sign in again with --reset-client"),
            (.signIn(.init(.named("a b"))), "omlx mcp login 'a b'"),
            (.signIn(.init(.named("demo"), account: "home")), "omlx mcp login demo --account home"),
            (.signIn(.init(.named("demo"), scopes: ["a", "b"])), "omlx mcp login demo --scope 'a b'"),
            (.signIn(.init(.named("demo"), resetsClient: true)), "omlx mcp login demo --reset-client"),
            (
                .signIn(.init(.url("https://x.example/mcp"), isForced: true)),
                "omlx mcp login --url https://x.example/mcp --force"
            ),
            (.listTools(.words("-- node …")), "omlx mcp tools -- node …"),
            (.listTools(.words("-- node …"), schemas: true), "omlx mcp tools --schema -- node …"),
            (
                .listTools(.words("--url URL --transport sse"), schemas: true),
                "omlx mcp tools --url URL --transport sse --schema"
            ),
            (.listAllTools, "omlx mcp tools"), (.examine(.named("x")), "omlx mcp doctor x"),
            (.listServers, "omlx mcp list"), (.showStatus(asking: true), "omlx mcp status --check"),
            (.showStatus(), "omlx mcp status"), (.validate, "omlx mcp validate"), (.trust(), "omlx mcp trust"),
            (.trust(path: "/a b"), "omlx mcp trust '/a b'"), (.showStores, "omlx mcp store"),
            (.checkStores(.init(accepts: true, store: "vault")), "omlx mcp store check --accept --store vault"),
            (.checkStores(.init(repairs: true)), "omlx mcp store check --fix"),
            (.migrateStores(from: "file", to: "vault"), "omlx mcp store migrate --from file --to vault"),
            (.clientMetadata(), "omlx mcp client-metadata"),
            (.clientMetadata(url: "https://h/x?y"), "omlx mcp client-metadata --client-metadata-url 'https://h/x?y'"),
            (.useStore("file"), "OMLX_STORE=file"), (.setting(.timeout), "--timeout"),
            (.setting(.arguments, "{\"a\": 1}"), "--args '{\"a\": 1}'"),
            (.setting(.account, "o'x"), #"--account 'o'\''x'"#),
        ] as [(RemedyAction, String)])
    func actions(action: RemedyAction, words: String) { #expect(action.typed == words) }

    @Test("scopes that would act in a shell stay one quoted word")
    func hostileScopes() {
        let remedy = Remedy(.signIn(.init(.named("demo"), scopes: ["a'$(id)';", "`id`"])))
        #expect(remedy.typed == #"omlx mcp login demo --scope 'a'\''$(id)'\''; `id`'"#)
    }

    @Test("words and actions are read in their order, the actions as data")
    func order() {
        let inner: Remedy = "give it up: \(.checkStores(.init(accepts: true)))"
        let remedy: Remedy = "export VAULT_ADDR, or \(inner); then \(.retry)"
        #expect(remedy.typed == "export VAULT_ADDR, or give it up: omlx mcp store check --accept; then try again")
        #expect(remedy.actions == [.checkStores(.init(accepts: true)), .retry])
        #expect(remedy.replacing(.retry, with: .signIn())?.typed.hasSuffix("; then sign in again") == true)
        #expect(remedy.replacing(.validate, with: .signIn()) == nil)
    }

    @Test("a server is named once; an action that names another keeps it")
    func about() {
        let remedy: Remedy = "\(.signIn()), or \(.signIn(.init(.named("other"))))"
        #expect(
            remedy.about(.named("demo"), account: "me").typed
                == "omlx mcp login demo --account me, or omlx mcp login other")
    }

    @Test("what is changed in words is changed in what an action has from a server too, as a secret that is hidden")
    func changedWords() {
        let remedy: Remedy = "x: \(.signIn(.init(.named("x"), scopes: ["x", "y"])))"
        #expect(remedy.mapText { $0.replacing("x", with: "z") }.typed == "z: omlx mcp login x --scope 'z y'")
        let compared = OmlxError.Comparison("x", "x", remedy: remedy).mapText { $0.replacing("x", with: "z") }
        #expect(compared.typed == "z — z: omlx mcp login x --scope 'z y'")
    }
}
