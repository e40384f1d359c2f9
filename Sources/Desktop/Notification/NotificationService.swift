// The desktop's notifications on the bus (Desktop Notifications Specification 1.2).

/// The program that shows notifications.
struct NotificationService: Sendable {
    private static let program = "org.freedesktop.Notifications"
    private static func method(_ name: String) -> BusMethod {
        BusMethod(program: program, path: "/org/freedesktop/Notifications", interface: program, name: name)
    }

    let bus: SessionBus

    /// Shows a notice; the program is started for it where the desktop has one.
    /// - Returns: its number; `nil` when it could not be shown.
    func show(_ words: SignInNotice.Words, replacing number: UInt32) async -> UInt32? {
        guard
            let able = try? await bus.call(Self.method("GetCapabilities"), starts: true, seconds: 30).first?.elements
        else { return nil }
        let abilities = Set(able.compactMap(\.string))
        let text = NoticeText(words, hasMarkup: abilities.contains("body-markup"))
        let actions =
            abilities.contains("actions")
            ? [
                SignInNotice.Choice.openPage.rawValue, "Open page", SignInNotice.Choice.signIn.rawValue, "Sign in",
            ] : []
        let arguments: [BusValue] = [
            .text("omlx"), .uint32(number), .text("dialog-password"), .text(text.title), .text(text.body),
            .texts(actions),
            .properties([("desktop-entry", .text("dev.omlx.Omlx")), ("urgency", .byte(1))]),
            // -1: as long as the desktop shows such a thing.
            .int32(-1),
        ]
        return try? await bus.call(Self.method("Notify"), arguments).first?.unsigned
    }

    /// Takes a notice away.
    func withdraw(_ number: UInt32) async {
        _ = try? await bus.call(Self.method("CloseNotification"), [.uint32(number)])
    }

    /// What persons do with notices. Others' numbers are among them.
    func choices() async -> AsyncStream<BusSignal> { await bus.signals(Self.method("ActionInvoked")) }
    /// Notices that are gone.
    func closings() async -> AsyncStream<BusSignal> { await bus.signals(Self.method("NotificationClosed")) }
    /// Who shows notifications.
    func owners() async -> AsyncStream<String?> { await bus.owners(of: Self.program) }
}
