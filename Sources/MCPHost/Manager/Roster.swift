// The servers of a host as they run, made of its configuration: all of them, or those that changed.

import OmlxConcurrency
import OmlxCredentials
import OmlxErrors
import OmlxHTTPClient
import OmlxSignIn

/// The servers of one configuration.
struct Roster {
    /// Those that are enabled and can be used.
    var servers = ByName<ManagedServer>()
    /// Why others cannot be used.
    var broken = ByName<OmlxError>()
    /// Each store once, with the servers whose sign-ins are in it.
    var stores: [(store: any CredentialStore, servers: [ManagedServer])] = []
}

/// Makes rosters for one host.
struct RosterMaker: Sendable {
    let options: HostOptions
    let recorder: StatusRecorder
    let exchanges: ExchangeRegistry
    let eras: EraMemory
    /// Bounds the starts of child processes.
    let starts: Gate
    let publish: @Sendable (HostEvent) -> Void
    private let http: HTTPClient

    init(
        options: HostOptions, recorder: StatusRecorder, exchanges: ExchangeRegistry, eras: EraMemory, starts: Gate,
        publish: @escaping @Sendable (HostEvent) -> Void
    ) {
        self.options = options
        self.recorder = recorder
        self.exchanges = exchanges
        self.eras = eras
        self.starts = starts
        self.publish = publish
        http = HTTPClient(
            environment: HTTPEnvironment(variables: options.environment),
            userAgent: "\(options.clientName)/\(options.clientVersion)")
    }

    /// The servers of a configuration. Starts nothing.
    /// - Parameters:
    ///   - stores: those of the configuration.
    ///   - store: the one that servers share.
    ///   - known: what is known of them from before.
    ///   - kept: those that are taken over as they run.
    func roster(
        of stores: HostStores, sharing store: any CredentialStore, known: ByName<ServerStatus>,
        keeping kept: ByName<ManagedServer> = ByName()
    ) -> Roster {
        var roster = Roster()
        var sharing: [ManagedServer] = []
        for entry in stores.configuration.servers {
            do throws(OmlxError) {
                let settings = try entry.result.get()
                guard settings.isEnabled else { continue }
                let former = kept[entry.name]
                let own = former?.ownStore ?? stores.own(settings)
                let server: ManagedServer
                if let former {
                    server = former
                } else {
                    server = try ManagedServer(
                        settings, status: known[entry.name] ?? ServerStatus(name: entry.name), options: options,
                        http: http, store: own ?? store, exchanges: exchanges, recorder: recorder, eras: eras,
                        starts: starts, publish: publish)
                }
                roster.servers[entry.name] = server
                guard server.authorizer != nil else { continue }
                if let own { roster.stores.append((own, [server])) } else { sharing.append(server) }
            } catch {
                if entry.isEnabled { roster.broken[entry.name] = error }
            }
        }
        roster.stores.append((store, sharing))
        return roster
    }
}

extension ManagedServer {
    /// The store this server has for itself.
    fileprivate nonisolated var ownStore: (any CredentialStore)? {
        switch configuration.auth?.store {
        case .folder, .memory: options.store == nil ? context?.store : nil
        case .shared, nil: nil
        }
    }
}
