// A person of `Host` as a sign-in in this process knows one.

import OmlxSignIn

/// Hands on what a sign-in says and asks.
struct OfferedPerson: SignInInterface, BrowserOpening {
    let server: String
    let person: any LoginPerson

    func show(_ prompt: SignInPrompt) async { await person.hear(.address(prompt), of: server) }
    func notice(_ text: String) async { await person.hear(.notice(text), of: server) }
    func hint(_ hint: SignInHint) async { await person.hear(.hint(hint), of: server) }

    func lines() -> AsyncStream<String> { person.pasted() }

    func ended(_ end: SignInEnd) async {
        switch end {
        case .signedIn: await person.hear(.signedIn, of: server)
        case .failed(let error): await person.hear(.failed(error), of: server)
        case .cancelled: await person.hear(.cancelled, of: server)
        }
    }

    func open(_ url: String) async -> Bool {
        await person.answer(.open(url: url), of: server) == .opened(true)
    }
}

extension LoginOffer {
    /// The same offer for one server.
    func offer(_ server: String) -> SignInOffer {
        let person = OfferedPerson(server: server, person: person)
        var offer = SignInOffer(interface: person, browser: opensBrowser ? person : nil, flow: flow)
        offer.seconds = seconds
        return offer
    }
}
