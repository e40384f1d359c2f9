// The certificate follows its files, as renewing programs replace them.

import Logging
import OmlxConcurrency
import OmlxErrors
import OmlxSystem
import ServiceLifecycle

/// Reads the certificate and its key anew when their files change, and when that is asked for (SIGHUP). Connections that are open
/// stay as they are.
package struct CertificateService: Service {
    /// Two files are replaced one after the other: in between they do not fit.
    private static let pause = Duration.milliseconds(500)

    private let certificate: ServerCertificate
    private let asked: Broadcast<Void>
    private let logger: Logger

    /// - Parameter asked: says that the files are to be read anew, changed or not.
    package init(_ certificate: ServerCertificate, asked: Broadcast<Void>, logger: Logger) {
        (self.certificate, self.asked, self.logger) = (certificate, asked, logger)
    }

    package func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                // Armed before they are read again. Anew each time, for a link may lead elsewhere now.
                let places = Set([certificate.certificate, certificate.key].flatMap { WatchedPlace.all(of: $0) })
                await FirstChange.wait(for: FolderWatch.changes(at: Array(places)) + [asked.stream()])
                try? await Task.sleep(for: Self.pause)
                if !Task.isCancelled { await reload() }
            }
        }
    }

    private func reload() async {
        do throws(OmlxError) {
            try await certificate.reload()
            logger.notice("the certificate was read anew")
        } catch {
            logger.warning("the certificate in use stays: \(error.code.text): \(error.message)")
        }
    }
}
