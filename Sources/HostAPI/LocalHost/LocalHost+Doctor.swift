// The doctor, and the edits it proposes.

import OmlxCryptography
import OmlxErrors
import OmlxMCPHost

extension LocalHost {
    public func examine(_ server: String) async throws -> DoctorReport { try await manager().examine(server) }

    public func preview(_ fix: DoctorFix) throws -> FixPreview {
        let preview = try fix.preview()
        return FixPreview(
            file: preview.file, diff: preview.diff, digest: try SHA256.hexadecimal(preview.before))
    }

    public func write(_ fix: DoctorFix, _ preview: FixPreview) throws -> String {
        let now = try fix.preview()
        guard try SHA256.hexadecimal(now.before) == preview.digest else { throw OmlxError.changedMeanwhile(now.file) }
        return try now.write()
    }
}
