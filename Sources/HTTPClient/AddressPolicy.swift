// Which addresses a request may be sent to (C13.4, H3), judged on the connection it would be written to.

import OmlxErrors

/// Which addresses a request may be sent to.
package enum AddressPolicy: Sendable, Hashable {
    /// Any.
    case any
    /// Addresses of the public internet, and these origins wherever they are: what a server on the public internet
    /// names must not lead into the client's own network.
    case publicOnly(except: Set<String>)

    /// Whether a URL's address is judged.
    package func judges(_ url: HTTPURL) -> Bool {
        switch self {
        case .any: false
        case .publicOnly(let origins): !origins.contains(url.origin)
        }
    }
}

/// Who answered.
package enum HTTPPeer: Sendable, Hashable {
    /// The server at this address.
    case address(String)
    /// A proxy: the server's own address is not known here.
    case proxy
}

/// The judgement of one exchange's addresses.
struct AddressGate: Sendable {
    let url: HTTPURL
    let classifier: AddressClassifier

    /// The refusal by the URL's spelling, before anything is looked up or connected.
    /// - Parameter isProxied: whether a proxy looks the name up: a name of the own network is refused then too.
    func refusalBySpelling(isProxied: Bool) -> HTTPFailure? {
        if let address = url.hostAddress { return refusal(of: address) }
        guard isProxied ? url.isLocalName : url.meansThisMachine else { return nil }
        return HTTPFailure(
            OmlxError(
                .transportAddressRefused,
                "\(url.origin) is a name of the machine or network one is in, where nothing on the public internet may lead",
                compared: [.init("host", url.host)], nextStep: Self.nextStep))
    }

    /// The refusal of the address a connection leads to.
    func refusal(of address: String) -> HTTPFailure? {
        let kind = classifier.kind(of: address)
        guard kind != .public else { return nil }
        return HTTPFailure(
            OmlxError(
                .transportAddressRefused,
                "\(url.origin) is at the \(kind.rawValue) address \(address), where nothing on the public internet may lead",
                compared: [.init("address", address)], nextStep: Self.nextStep))
    }

    private static let nextStep: Remedy =
        "if it belongs there, name it yourself in the server's auth block: \"issuer\", or the URL in question"
}

extension HTTPClient {
    /// Why a URL's spelling alone keeps a request from it; `nil` when it does not. For addresses that a browser opens.
    package func refusal(of url: HTTPURL, by policy: AddressPolicy) -> OmlxError? {
        guard policy.judges(url) else { return nil }
        return AddressGate(url: url, classifier: classifier)
            .refusalBySpelling(isProxied: environment.proxy(for: url) != nil)?.error
    }

    /// Whether a URL is asked through a proxy.
    package func usesProxy(for url: HTTPURL) -> Bool { environment.proxy(for: url) != nil }

    /// Whether a server is on the public internet: by the address that answered, else by the URL's spelling.
    package func isPublic(_ url: HTTPURL, peer: HTTPPeer?) -> Bool {
        if case .address(let address)? = peer { return classifier.kind(of: address) == .public }
        if let address = url.hostAddress { return classifier.kind(of: address) == .public }
        return !url.isLocalName
    }
}
