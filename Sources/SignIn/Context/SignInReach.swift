// Which addresses a sign-in may lead to: none of the own network when the server is on the public internet (C13.4).

import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient

extension SignInConfiguration {
    /// The origins of the URLs the user wrote down himself: they may be anywhere.
    var ownOrigins: Set<String> {
        let issuer = issuer.flatMap { try? HTTPURL($0) }
        let urls = [
            issuer, authorizationEndpoint, tokenEndpoint, registrationEndpoint, revocationEndpoint, discoveryBase,
            deviceAuthorizationEndpoint, clientMetadataURL.flatMap { try? HTTPURL($0) },
        ]
        return Set(urls.compactMap { $0?.origin })
    }

    /// Which addresses metadata of this server may lead to.
    /// - Parameter peer: who answered the server's requests; without one the URL's spelling counts.
    func addresses(for server: HTTPURL, peer: HTTPPeer?, http: HTTPClient) -> AddressPolicy {
        http.isPublic(server, peer: peer) ? .publicOnly(except: ownOrigins) : .any
    }
}

extension Credential {
    /// Which addresses the endpoints stored with the tokens may be at: as judged when they were found.
    var addresses: AddressPolicy { grant.unjudgedOrigins.map { .publicOnly(except: Set($0)) } ?? .any }

    /// Remembers under which policy the endpoints were found.
    mutating func remember(_ addresses: AddressPolicy) {
        switch addresses {
        case .any: grant.unjudgedOrigins = nil
        case .publicOnly(let origins): grant.unjudgedOrigins = origins.sorted()
        }
    }
}

extension SignInContext {
    /// The same with this policy for every request.
    func judging(_ addresses: AddressPolicy) -> SignInContext {
        var copy = self
        copy.addresses = addresses
        return copy
    }
}
