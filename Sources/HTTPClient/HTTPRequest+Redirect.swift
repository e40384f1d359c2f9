// Which redirect is followed where. Credentials never leave the origin they were meant for.

import OmlxErrors

extension HTTPRequest {
    /// The most redirects followed for one request.
    static let redirectLimit = 3

    /// The request to send after a 3xx answer, or `nil` when the answer has no `Location` and stands as it is.
    /// - Throws: `HTTPFailure` naming the target when it must not be followed.
    func redirected(by head: HTTPResponseHead, hop: Int) throws(HTTPFailure) -> HTTPRequest? {
        guard redirects != .returned, let location = head.headers["location"] else { return nil }
        let shown = OmlxError.shown(location, limit: 200)
        let target: HTTPURL
        do {
            target = try url.resolving(location)
        } catch {
            throw HTTPFailure(
                .transportRedirectRefused,
                "\(url.origin) redirects to an address that cannot be used (\(error.reason)): \(shown)",
                mayHaveBeenSent: true)
        }
        let isSameOrigin = target.origin == url.origin
        switch redirects {
        case .never, .returned:
            throw refused(head, target, isSameOrigin ? .transportRedirectRefused : .transportRedirectOrigin)
        case .sameOrigin:
            guard isSameOrigin else { throw refused(head, target, .transportRedirectOrigin) }
            let keepsMethod = head.status == 307 || head.status == 308
            guard keepsMethod || method == "GET" else { throw refused(head, target, .transportRedirectRefused) }
        case .judged:
            guard method == "GET", target.isSecure || target.isLoopback, !target.meansThisMachine || url.isLoopback
            else {
                throw refused(head, target, .transportRedirectRefused)
            }
        }
        guard hop < Self.redirectLimit else {
            throw HTTPFailure(
                .transportRedirectLimit,
                "\(url.origin) redirects more than \(Self.redirectLimit) times, last to \(shown)",
                mayHaveBeenSent: true)
        }
        var next = self
        next.url = target
        if !isSameOrigin { next.headers.removeAll(where: \.isCredential) }
        return next
    }

    private func refused(_ head: HTTPResponseHead, _ target: HTTPURL, _ code: ErrorCode) -> HTTPFailure {
        let place = code == .transportRedirectOrigin ? "another origin, \(target.origin)" : target.withoutQuery
        let error = OmlxError(
            code, "\(url.withoutQuery) answered \(head.status) and redirects to \(place), which is not followed",
            compared: [.init("requested", url.withoutQuery), .init("redirected to", target.withoutQuery)],
            httpStatus: head.status,
            nextStep: "if \(target.origin) is where the server lives now, put that URL into mcp.json")
        return HTTPFailure(error, mayHaveBeenSent: true)
    }
}

extension HTTPRequestHeader {
    /// Whether the header may carry what only the origin it was written for should see.
    fileprivate var isCredential: Bool {
        if case .secret = value { return true }
        return ["authorization", "cookie", "proxy-authorization"].contains(name.lowercased())
    }
}

extension HTTPURL {
    /// The URL without query and fragment, for messages: a query may hold secrets.
    public var withoutQuery: String {
        guard let mark = text.firstIndex(where: { $0 == "?" || $0 == "#" }) else { return text }
        return String(text[..<mark])
    }
}
