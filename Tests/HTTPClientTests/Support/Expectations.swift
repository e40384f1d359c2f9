// What the tests of the HTTP client say over and over.

import OmlxErrors
import Testing

@testable import OmlxHTTPClient

/// Runs the body, which must fail with this code; returns the failure.
@discardableResult
func expectFailure(
    _ code: ErrorCode, sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> Void
) async -> HTTPFailure? {
    do {
        try await body()
        Issue.record("nothing was thrown, expected \(code)", sourceLocation: sourceLocation)
    } catch let failure as HTTPFailure {
        #expect(failure.error.code == code, "\(failure)", sourceLocation: sourceLocation)
        return failure
    } catch {
        Issue.record("threw \(error), expected \(code)", sourceLocation: sourceLocation)
    }
    return nil
}

extension HTTPRequest {
    static func get(_ url: String, limits: HTTPLimits = .init(), redirects: RedirectPolicy = .never) throws
        -> HTTPRequest
    {
        HTTPRequest("GET", try HTTPURL(url), limits: limits, redirects: redirects)
    }
}

extension HTTPReply {
    var text: String { String(decoding: body, as: UTF8.self) }
}
