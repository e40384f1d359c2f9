// The tray: drives icon and menu by what the host says, and the host by what the person chooses.

import Glibc
import OmlxHostAPI
import OmlxMCPHost
import Synchronization

/// The icon in a desktop's panel, beside a host. Where the desktop shows no such icons, there is none, and no error.
package struct Tray: Sendable {
    /// Why it ended.
    package enum End: Sendable {
        /// There is no bus, and so no desktop.
        case noDesktop
        /// The desktop shows no such icons.
        case noPanel
        /// The desktop's session has ended.
        case sessionEnded
        /// The person chose it, or the task was cancelled.
        case quit
    }

    private static let watcher = "org.kde.StatusNotifierWatcher"

    private let host: @Sendable () async -> (any Host)?
    private let hands: DesktopHands
    private let environment: [String: String]
    /// How long after it was not there the host is looked for again.
    private let pause: Duration
    /// Whether a panel that is not there yet is waited for.
    private let waitsForPanel: Bool

    /// A tray.
    /// - Parameters:
    ///   - environment: of the session the person is in.
    ///   - host: the host that runs now; `nil` while none does.
    package init(
        hands: DesktopHands, environment: [String: String], pause: Duration = .seconds(3), waitsForPanel: Bool = true,
        host: @escaping @Sendable () async -> (any Host)?
    ) {
        (self.host, self.hands, self.environment, self.pause) = (host, hands, environment, pause)
        self.waitsForPanel = waitsForPanel
    }

    /// Works until it is quit, or the session ends.
    package func run() async -> End {
        guard let bus = await SessionBus.connect(environment) else { return .noDesktop }
        let (choices, chosen) = AsyncStream.makeStream(of: TrayChoice.self)
        let item = StatusItem(.off) { chosen.yield($0) }
        let menu = MenuObject(TrayView.off.lines) { chosen.yield($0) }
        let name = "org.kde.StatusNotifierItem-\(getpid())-1"
        guard await bus.export(item, at: StatusItem.path), await bus.export(menu, at: MenuObject.path),
            await bus.own(name)
        else { return .sessionEnded }
        let watchers = await bus.owners(of: Self.watcher)
        let (views, shown) = AsyncStream.makeStream(of: TrayView.self, bufferingPolicy: .bufferingNewest(1))
        return await withTaskGroup(of: End.self) { group in
            group.addTask {
                var hasPanel = waitsForPanel
                for await owner in watchers {
                    // One that goes later comes back, as when it is started anew.
                    guard owner != nil || hasPanel else { return .noPanel }
                    hasPanel = true
                    if owner != nil { await register(name, bus) }
                }
                return Task.isCancelled ? .quit : .sessionEnded
            }
            group.addTask { await show(views, item, menu, bus) }
            group.addTask { await watch(shown, choices) }
            let end = await group.next() ?? .quit
            group.cancelAll()
            return end
        }
    }

    /// A watcher that came has forgotten all items.
    private func register(_ name: String, _ bus: SessionBus) async {
        let method = BusMethod(
            program: Self.watcher, path: "/StatusNotifierWatcher", interface: Self.watcher,
            name: "RegisterStatusNotifierItem")
        _ = try? await bus.call(method, [.text(name)])
    }

    private func show(_ views: AsyncStream<TrayView>, _ item: StatusItem, _ menu: MenuObject, _ bus: SessionBus) async
        -> End
    {
        for await view in views {
            for signal in item.show(view) { await bus.emit(signal.name, signal.arguments, from: StatusItem.path) }
            if let signal = menu.show(view.lines) {
                await bus.emit(signal.name, signal.arguments, from: MenuObject.path)
            }
        }
        return .quit
    }

    /// Looks at hosts, one after the other, and does at each what the person chooses.
    private func watch(_ shown: AsyncStream<TrayView>.Continuation, _ choices: AsyncStream<TrayChoice>) async -> End {
        let present = PresentHost()
        return await withTaskGroup(of: End.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    if let host = await host() {
                        present.host = host
                        try? await host.pictures { shown.yield(TrayView($0.servers)) }
                        present.host = nil
                    }
                    shown.yield(.off)
                    try? await Task.sleep(for: pause)
                }
                return .quit
            }
            group.addTask {
                // A choice takes as long as a person does: the next one waits for none.
                await withDiscardingTaskGroup { group in
                    for await choice in choices {
                        if choice == .quit { break }
                        group.addTask { await carryOut(choice, present.host) }
                    }
                    group.cancelAll()
                }
                return .quit
            }
            let end = await group.next() ?? .quit
            group.cancelAll()
            return end
        }
    }

    private func carryOut(_ choice: TrayChoice, _ host: (any Host)?) async {
        if choice == .openPage { return await hands.openPage() }
        guard let host else { return }
        switch choice {
        case .login(let server): _ = await hands.signIn(to: server, of: host)
        case .reauthenticate(let server): _ = await hands.signIn(to: server, of: host, isForced: true)
        case .loginAll(let servers):
            for server in servers where !Task.isCancelled { _ = await hands.signIn(to: server, of: host) }
        case .logout(let server): _ = try? await host.logout(server, LogoutRequest())
        case .reconnect(let server): _ = try? await host.check(server)
        case .openPage, .quit: break
        }
    }
}

/// The host that runs now.
private final class PresentHost: Sendable {
    private let state = Mutex<(any Host)?>(nil)
    var host: (any Host)? {
        get { state.withLock { $0 } }
        set { state.withLock { $0 = newValue } }
    }
}
