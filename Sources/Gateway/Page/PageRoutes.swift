// How pages and forms are asked for and answered.

import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore
import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// A request for a page, or the form that was sent.
struct PageVisit: Sendable {
    let parameters: Parameters
    let query: FormFields
    var form = FormFields([])
    let scene: PageScene
}

extension FormFields {
    /// Where to look after the form: a page of ours, and no other.
    var returning: String {
        guard let address = self["return"], address == "/" || address.hasPrefix("/ui/"), !address.contains("?") else {
            return "/"
        }
        return address
    }
}

/// Adds pages and forms to a router.
struct PageRoutes {
    let part: PagePart
    let router: Router<GatewayContext>
    /// A form has names and short texts; an entry of the configuration is the longest.
    private static let formLimit = 1 << 20

    func page(_ path: String, _ make: @escaping @Sendable (PageVisit) async throws -> PageFrame) {
        router.get(RouterPath(path)) { [part] request, context in
            try await Self.answering(part, request, context) { visit in
                .page(try await make(visit), visit.scene)
            }
        }
    }

    /// - Parameter act: does what the form asks for.
    func form(_ path: String, _ act: @escaping @Sendable (PageVisit) async throws -> String) {
        router.post(RouterPath(path)) { [part] request, context in
            let body = try await request.body.collect(upTo: Self.formLimit)
            let form = FormFields(body.readableBytesView)
            return try await Self.answering(part, request, context, form) { visit in
                return .seeOther(try await act(visit))
            }
        }
    }

    /// A form with a secret in it, which is no text.
    func form(
        _ path: String, secret name: String, _ act: @escaping @Sendable (PageVisit, Secret) async throws -> String
    ) {
        router.post(RouterPath(path)) { [part] request, context in
            var bytes = Array(try await request.body.collect(upTo: Self.formLimit).readableBytesView)
            let secret = FormFields.take(name, from: &bytes)
            let form = FormFields(bytes)
            return try await Self.answering(part, request, context, form) { visit in
                return .seeOther(try await act(visit, secret))
            }
        }
    }

    private static func answering(
        _ part: PagePart, _ request: Request, _ context: GatewayContext, _ form: FormFields = FormFields([]),
        _ answer: @Sendable (PageVisit) async throws -> Response
    ) async throws -> Response {
        try context.requireOwner()
        let now = part.desk.now()
        let query = request.queryFields
        let scene = PageScene(
            csrf: context.csrf, now: now, notice: part.desk.notice(query["notice"]),
            up: now.timeIntervalSince(part.desk.began), command: part.desk.command)
        let visit = PageVisit(parameters: context.parameters, query: query, form: form, scene: scene)
        do {
            return try await answer(visit)
        } catch let error as OmlxError {
            let back = request.headers[.referer].flatMap(path(of:))
            return .page(OtherViews.failure(error, back: back), scene, status: error.httpStatus)
        }
    }

    /// The path of an address of ours.
    private static func path(of address: String) -> String? {
        guard let scheme = address.firstRange(of: "://"), let slash = address[scheme.upperBound...].firstIndex(of: "/")
        else {
            return nil
        }
        let path = String(address[slash...])
        return path == "/" || path.hasPrefix("/ui/") ? path : nil
    }
}

extension Response {
    /// Where to look next (RFC 9110 §15.4.4).
    static func seeOther(_ address: String) -> Response {
        Response(status: .seeOther, headers: [.location: address, .cacheControl: "no-store"])
    }

    static func page(_ frame: PageFrame, _ scene: PageScene, status: HTTPResponse.Status = .ok) -> Response {
        var response = Response.html(frame.html(scene).text, status: status)
        // The sounds in a tool's answer.
        response.headers[.contentSecurityPolicy] = SecurityHeaders.contentPolicy + "; media-src data:"
        return response
    }
}
