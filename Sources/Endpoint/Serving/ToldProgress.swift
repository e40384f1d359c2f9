// Progress of a call under the client's own token.

import OmlxJSON
import OmlxMCPClient
import Synchronization

/// Tells a client how far its request is, where it wants to know.
final class ToldProgress: Sendable {
    private let token: JSON?
    private let tell: MessageSink
    private let last = Mutex<Double?>(nil)

    init(_ token: JSON?, _ tell: @escaping MessageSink) { (self.token, self.tell) = (token, tell) }

    /// Values only grow (MCP 2025-11-25, progress), whatever the server reports.
    func tell(_ progress: Progress) {
        guard let token else { return }
        let grows = last.withLock { last in
            guard last.map({ $0 < progress.progress }) ?? true else { return false }
            last = progress.progress
            return true
        }
        guard grows else { return }
        var params: JSONObject = ["progressToken": token, "progress": JSON(progress.progress)]
        if let total = progress.total { params["total"] = JSON(total) }
        if let message = progress.message { params["message"] = .string(message) }
        tell(.notification("notifications/progress", params))
    }
}
