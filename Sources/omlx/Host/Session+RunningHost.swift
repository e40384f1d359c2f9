// The host that stays up, where there is one and it can do what a command wants.

import OmlxCryptography
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

extension Session {
    /// The omlx serve that runs, if it is to do what this command wants: it goes by the same file, and nothing was asked for that
    /// belongs to this process. Where none runs, looking costs one system call.
    /// - Throws: `CancellationError`; `OmlxError` when the configuration that was named does not exist.
    func runningHost(_ wish: HostWish) async throws -> RemoteHost? {
        guard isForAnyProcess(wish) else { return nil }
        let paths = HostPaths(environment: environment, homeDirectory: home)
        let host: RemoteHost
        do {
            guard
                let found = try await RemoteHost.at(
                    paths.locks + "/host.sock", AskedManner(account: wish.account, timeout: common.timeout),
                    warn: { [logger] server, text in logger.warning("\(server): \(text)") })
            else { return nil }
            host = found
        } catch let error as OmlxError {
            say("omlx serve runs and cannot be used: \(error.message)")
            return nil
        }
        let file = try HostConfiguration.look(
            explicitPath: common.configPath, environment: environment, workingDirectory: Self.workingDirectory,
            homeDirectory: home)
        // Another state of the file is one the host has not taken over yet, or cannot.
        guard host.greeting.places == HostPlaces(paths), host.greeting.configuration.mark == file?.mark else {
            return nil
        }
        let greeting = host.greeting
        if greeting.version != HostOptions.version {
            say(
                "omlx serve is of version \(greeting.version), this is \(HostOptions.version): start it anew"
                    + (greeting.level < HostAPI.level ? "; this command does without it" : ""))
        }
        guard greeting.level >= HostAPI.level else { return nil }
        if let file { host.speak(ofFile: file.path, file.origin) }
        if wish.isUse { await handPassword(to: host) }
        return host
    }

    /// The password of the encrypted files that this environment has and the host lacks is the host's from now on, in memory alone.
    private func handPassword(to host: RemoteHost) async {
        let words = ["OMLX_STORE_PASSWORD", "MCP_CLI_ENCRYPTION_KEY"].compactMap { environment[$0] }
        guard let password = words.first(where: { !$0.isEmpty }) else { return }
        // What stands against it is said by what needs the store.
        guard case .passwordMissing? = try? await host.storeObstacle(of: nil) else { return }
        try? await host.openStore(with: Secret(Array(password.utf8)))
    }

    /// Whether nothing was asked for that only this process can do: another store, or to say all that happens while it is done.
    private func isForAnyProcess(_ wish: HostWish) -> Bool {
        !common.noDaemon && !common.verbose && wish.adHoc == nil && wish.store == nil
            && (environment["OMLX_STORE"] ?? "").isEmpty
    }

    private func say(_ text: String) { if !common.quiet { console.note("! " + text) } }
}
