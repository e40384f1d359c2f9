// The same host with the sign-ins of another account, for a question that names one.

import OmlxMCPHost

extension LocalHost {
    /// So many are kept beside each other.
    private static let mostAccounts = 16

    /// This host as it is with an account's sign-ins: connections of its own, made when it is first asked and kept for the next question,
    /// until the host goes by another configuration or ends, or many others were named since.
    /// - Parameter account: `nil` for the one that the configuration names.
    package func host(account: String?) async -> any Host {
        guard let account, account != options.account else { return self }
        if let present = others[account] { return present }
        var options = options
        options.account = account
        // What no question waits for any more is not tried again.
        options.keepsTrying = false
        let host = LocalHost(content, options: options)
        others[account] = host
        ages.append(account)
        if ages.count > Self.mostAccounts, let former = others.removeValue(forKey: ages.removeFirst()) {
            await former.finish()
        }
        return host
    }

    func finishOthers() async {
        let former = others.values
        (others, ages) = ([:], [])
        for host in former { await host.finish() }
    }
}
