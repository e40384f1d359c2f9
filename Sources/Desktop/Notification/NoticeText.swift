// What a notice says, as the desktop takes it.

import OmlxErrors

/// The texts of a notice. Names and reasons come from files and servers.
struct NoticeText: Equatable {
    var title: String
    var body: String

    /// - Parameter hasMarkup: whether the desktop reads the body as markup.
    init(_ words: SignInNotice.Words, hasMarkup: Bool) {
        switch words {
        case .needed(let servers) where servers.count == 1:
            title = "Sign in to \(Self.name(servers[0])) again"
            body = "Its sign-in has ended. Until you sign in, its tools cannot be used."
        case .needed(let servers):
            title = "Sign in to \(servers.count) servers again"
            let more = servers.count > 5 ? " and \(servers.count - 5) more" : ""
            body = "The sign-ins at \(servers.prefix(5).map(Self.name).joined(separator: ", "))\(more) have ended."
        case .failed(let server, let reason):
            title = "The sign-in to \(Self.name(server)) failed"
            body = OmlxError.shown(reason, limit: 300)
        }
        // Desktop Notifications Specification 1.2, "Markup".
        if hasMarkup { body = body.inMarkup }
    }

    private static func name(_ server: String) -> String { OmlxError.shown(server, limit: 64) }
}
