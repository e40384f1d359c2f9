// The challenge and the address of the answer that refused a request, as an error carries them.

import OmlxErrors
import OmlxHTTPClient
import OmlxOAuth

extension OmlxError.Refusal {
    /// What the head of an answer says.
    package init(_ head: HTTPResponseHead) {
        self.init(challenges: head.headers.values(of: "www-authenticate"))
        if case .address(let address)? = head.peer { peer = address }
        isProxied = head.peer == .proxy
    }

    /// The challenge for a bearer token (RFC 6750 §3).
    package var challenge: BearerChallenge {
        BearerChallenge(challenges: AuthenticationChallenge.parse(challenges))
    }

    /// Who answered, where that is known.
    package var answerer: HTTPPeer? { peer.map { .address($0) } ?? (isProxied ? .proxy : nil) }
}
