// Another configuration for a host that stays up: read anew, judged, and taken over, or refused with the one in use left as it is.

import FoundationEssentials
import OmlxErrors
import OmlxMCPHost
import OmlxSystem

/// Where a host that stays up has its configuration from.
package struct ConfigurationSource: Sendable {
    /// The files that are looked for: absolute paths.
    let places: [String]
    /// Reads it anew; may block.
    let read: @Sendable () throws(OmlxError) -> HostConfiguration

    /// A source.
    package init(places: [String], read: @escaping @Sendable () throws(OmlxError) -> HostConfiguration) {
        self.places = places
        self.read = read
    }
}

/// A configuration that was read, or not even that, and is not used.
struct RefusedConfiguration: Sendable {
    var refusal: ConfigurationRefusal
    /// What was read; `nil` where it cannot be.
    var configuration: HostConfiguration?
}

extension LocalHost {
    /// Reads the configuration anew and goes by it. What it says the same is left alone, calls under way there too; servers that are
    /// new or changed are not connected yet.
    /// - Throws: `OmlxError` that says why it is refused: then all is as it was, and the reason is in the configuration's report.
    @discardableResult
    package func reload() async throws -> ConfigurationChange {
        try await reloading.run { try await self.reloadAlone() }
    }

    private func reloadAlone() async throws -> ConfigurationChange {
        guard let source else { return ConfigurationChange(from: content, to: content) }
        let read: HostConfiguration
        do throws(OmlxError) {
            read = try await OwnThread.run("omlx-config", source.read)
            if read.sourcePath == nil, let path = content.sourcePath { throw .configurationGone(path) }
        } catch {
            await refuse(nil, error)
            throw error
        }
        return try await takeOver(read)
    }

    /// The files whose change may change the configuration: absolute paths.
    package var configurationFiles: [String] { (source?.places ?? []) + content.environmentPlaces }

    /// How the host is reached, as the configuration has it.
    package var serveSettings: Result<ServeSettings, OmlxError> { content.serving }

    /// Goes by this configuration.
    /// - Throws: `OmlxError`, as `reload()`.
    func takeOver(_ configuration: HostConfiguration) async throws -> ConfigurationChange {
        // Who hears of the change finds it here: what was read before is kept nowhere then.
        let former = (content, refused)
        (content, refused) = (configuration, nil)
        do {
            let change = try await adopt(configuration, after: former.0)
            await finishOthers()
            return change
        } catch {
            (content, refused) = former
            // That the host was stopped says nothing about what was read.
            if let error = error as? OmlxError, error.code != .hostStopped { await refuse(configuration, error) }
            throw error
        }
    }

    private func adopt(
        _ configuration: HostConfiguration, after former: HostConfiguration
    ) async throws -> ConfigurationChange {
        if let making { return try await making.value.apply(configuration) }
        if let problem = await configuration.trustProblem(database: options.paths.database) { throw problem }
        return ConfigurationChange(from: former, to: configuration)
    }

    /// The configuration as it is written now is not used.
    package func refuse(_ configuration: HostConfiguration?, _ error: OmlxError) async {
        refused = RefusedConfiguration(
            refusal: ConfigurationRefusal(error, at: options.now()), configuration: configuration)
        if let manager = try? await making?.value { manager.tell(.configurationRefused(error)) }
    }

    /// The machine was asleep, or the network is another one.
    package func hurry() async { try? await making?.value.hurry() }
}

extension OmlxError {
    fileprivate static func configurationGone(_ path: String) -> OmlxError {
        OmlxError(
            .configNotFound, "the configuration file \(shown(path)) is gone; the host goes by what it said",
            nextStep: "put it back, or start the host again to go without")
    }
}
