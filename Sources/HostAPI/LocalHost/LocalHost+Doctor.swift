// The doctor, and the edits it proposes.

import OmlxCryptography
import OmlxErrors
import OmlxMCPHost

extension LocalHost {
    package func examine(_ server: String) async throws -> DoctorReport { try await manager().examine(server) }

    package func preview(_ fix: DoctorFix) throws -> FixPreview {
        let change = try fix.change()
        return FixPreview(file: change.file, diff: change.diff, digest: try SHA256.hexadecimal(change.before ?? []))
    }

    package func write(_ fix: DoctorFix, _ preview: FixPreview) async throws -> String {
        let now = try fix.change()
        guard try SHA256.hexadecimal(now.before ?? []) == preview.digest else {
            throw OmlxError.changedMeanwhile(now.file)
        }
        return try await now.write()
    }
}
