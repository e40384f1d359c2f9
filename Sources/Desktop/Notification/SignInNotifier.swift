// Tells a person of sign-ins that are needed again: drives the notice by what the host and the desktop say.

import OmlxHostAPI
import OmlxMCPHost

/// Notices about sign-ins for as long as a host stays up. Where there is no desktop there is nothing to see, and no error.
package struct SignInNotifier: Sendable {
    private let host: any Host
    private let hands: DesktopHands
    private let environment: [String: String]
    private let isPageOpen: @Sendable () -> Bool
    /// How long after it was not there the bus is looked for again.
    private let pause: Duration

    /// Notices about this host's servers.
    /// - Parameters:
    ///   - environment: of the session the person is in.
    ///   - isPageOpen: whether a page shows the person what a notice would say.
    package init(
        _ host: any Host, hands: DesktopHands, environment: [String: String], pause: Duration = .seconds(30),
        isPageOpen: @escaping @Sendable () -> Bool
    ) {
        (self.host, self.hands, self.environment) = (host, hands, environment)
        (self.pause, self.isPageOpen) = (pause, isPageOpen)
    }

    /// Works until the host ends, or the task is cancelled.
    package func run() async {
        var isHostThere = true
        while isHostThere, !Task.isCancelled {
            if let bus = await SessionBus.connect(environment) {
                isHostThere = await work(NotificationService(bus: bus))
            }
            if isHostThere { try? await Task.sleep(for: pause) }
        }
    }

    /// - Returns: whether the bus alone ended.
    private func work(_ service: NotificationService) async -> Bool {
        let (events, input) = AsyncStream.makeStream(of: SignInNotice.Event.self)
        let (wanted, sign) = AsyncStream.makeStream(of: [String].self)
        let (choices, closings, owners) = (await service.choices(), await service.closings(), await service.owners())
        return await withTaskGroup { group in
            group.addTask {
                await watchHost(input)
                input.finish()
                return false
            }
            group.addTask {
                for await signal in closings {
                    if let number = signal.arguments.first?.unsigned { input.yield(.closed(number)) }
                }
                input.finish()
                return !Task.isCancelled
            }
            group.addTask {
                for await signal in choices {
                    if let event = SignInNotice.Event(choice: signal) { input.yield(event) }
                }
                return true
            }
            group.addTask {
                for await owner in owners.dropFirst() { input.yield(owner == nil ? .desktopLeft : .desktopCame) }
                return true
            }
            group.addTask {
                for await servers in wanted { await signIn(servers, input) }
                return true
            }
            let shown = await drive(events, service, sign)
            group.cancelAll()
            if let shown { await service.withdraw(shown) }
            return await group.reduce(true) { $0 && $1 }
        }
    }

    /// - Returns: the notice that is still on the screen.
    private func drive(
        _ events: AsyncStream<SignInNotice.Event>, _ service: NotificationService,
        _ sign: AsyncStream<[String]>.Continuation
    ) async -> UInt32? {
        var notice = SignInNotice()
        for await event in events {
            for action in notice.take(event) {
                switch action {
                case .show(let words, let number):
                    let shown = await service.show(words, replacing: number)
                    _ = notice.take(shown.map { .shown($0) } ?? .notShown)
                case .withdraw(let number): await service.withdraw(number)
                case .signIn(let servers): sign.yield(servers)
                case .openPage: await hands.openPage()
                }
            }
        }
        return notice.number
    }

    private func watchHost(_ input: AsyncStream<SignInNotice.Event>.Continuation) async {
        try? await host.pictures { picture in
            let needy = picture.notifies ? picture.servers.filter(\.needsSignInAgain).map(\.name) : []
            input.yield(.looked(needy, isPageOpen: isPageOpen()))
        }
    }

    /// One after the other: each has the person's browser to itself.
    private func signIn(_ servers: [String], _ input: AsyncStream<SignInNotice.Event>.Continuation) async {
        for server in servers where !Task.isCancelled {
            if let reason = await hands.signIn(to: server, of: host) {
                input.yield(.failed(server: server, reason: reason))
            }
        }
    }
}

extension SignInNotice.Event {
    /// `ActionInvoked`; of the choices those that a notice of ours offers.
    fileprivate init?(choice signal: BusSignal) {
        guard signal.arguments.count == 2, let number = signal.arguments[0].unsigned,
            let choice = signal.arguments[1].string.flatMap({ SignInNotice.Choice(rawValue: $0) })
        else { return nil }
        self = .chosen(number, choice)
    }
}
