// The host that stays up, asked over its Unix socket: HTTP/1.1 with the one JSON form of every value.

import FoundationEssentials
import OmlxConcurrency
import OmlxCryptography
import OmlxErrors
import OmlxJSON
import OmlxMCPHost
import Synchronization

/// The host of another process of this user.
package final class RemoteHost: Sendable {
    /// How long the first answer may take: a host that does not give it is no help, in seconds.
    private static let patience = 5.0

    private let socket: HostSocket
    private let manner: AskedManner
    /// Told what the host found odd about a server.
    let warn: @Sendable (_ server: String, _ text: String) -> Void
    /// What it said of itself.
    package let greeting: HostGreeting
    /// What is known of its configuration; asked for again after a change.
    let known: Mutex<ConfigurationReport?>

    private init(
        _ socket: HostSocket, _ greeting: HostGreeting, _ manner: AskedManner,
        _ warn: @escaping @Sendable (String, String) -> Void
    ) {
        (self.socket, self.greeting, self.manner, self.warn) = (socket, greeting, manner, warn)
        known = Mutex(greeting.configuration)
    }

    var asking: RemoteCall { RemoteCall(socket: socket, manner: manner) }

    /// Finds the host that listens at a path.
    /// - Parameters:
    ///   - manner: how it is asked.
    ///   - warn: told what the host found odd about a server that is connected.
    /// - Returns: `nil` where none of this user's listens.
    /// - Throws: `OmlxError` with `SERVE_LOST` or `SERVE_ANSWER` when what listens gives no answer that can be used.
    package static func at(
        _ path: String, _ manner: AskedManner = AskedManner(),
        warn: @escaping @Sendable (_ server: String, _ text: String) -> Void = { _, _ in }
    ) async throws -> RemoteHost? {
        guard let socket = HostSocket.at(path) else { return nil }
        let call = RemoteCall(socket: socket, patience: patience)
        return RemoteHost(socket, try await call.ask(HostRoutes.greeting, Nothing()), manner, warn)
    }

    /// What happens there, until it ends.
    func stream() -> AsyncStream<HostEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: HostEvent.self, bufferingPolicy: .bufferingNewest(1000))
        let owned = OwnedTasks()
        owned.start { [asking] in
            try? await asking.events { event in continuation.yield(event) }
            continuation.finish()
        }
        continuation.onTermination = { _ in owned.cancel() }
        return stream
    }

    func ask<Question, Answer>(
        _ route: HostRoute<Question, Answer>, _ question: Question
    ) async throws -> Answer {
        try await asking.ask(route, question)
    }

    func ask<Answer>(_ route: HostRoute<Nothing, Answer>) async throws -> Answer { try await ask(route, Nothing()) }
}

extension RemoteHost {
    /// The configuration is spoken of by this path, by which the command found the same file.
    package func speak(ofFile path: String, _ origin: ConfigurationOrigin) {
        known.withLock { known in
            let former = known?.path
            known?.path = path
            known?.origin = origin
            for index in known?.diagnostics.indices ?? 0..<0 where known?.diagnostics[index].file == former {
                known?.diagnostics[index].file = path
            }
        }
    }
}
