// The errors about files that several parts of the store throw, each naming the path and the next thing to type.

import OmlxErrors
import OmlxSystem

extension OmlxError {
    /// Whether the record was read and is not one that can be used.
    var isAboutContent: Bool { [.storeDamaged, .storeForeign, .storeVersion].contains(code) }

    /// Runs `work`, for which a folder that cannot be locked in is one that cannot be written to.
    static func asWriting<Value>(_ work: () async throws -> Value) async throws -> Value {
        do {
            return try await work()
        } catch let error as OmlxError where error.code == .storeLockFailed {
            throw OmlxError(.storeWriteFailed, error.message, nextStep: error.nextStep)
        }
    }

    static func damaged(_ path: String, _ reason: String) -> OmlxError {
        OmlxError(.storeDamaged, "\(path) \(reason)", nextStep: movingAside(path))
    }

    static func newerVersion(_ path: String) -> OmlxError {
        OmlxError(.storeVersion, "\(path) was written by a newer version", nextStep: "update omlx")
    }

}
