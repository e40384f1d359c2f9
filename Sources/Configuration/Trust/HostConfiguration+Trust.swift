// Whether a configuration may be used: whose file it is, who may change it, and whether its content was approved. Where
// approvals are kept is not known here.

import OmlxCryptography
import OmlxErrors
import FoundationEssentials
import Glibc

extension HostConfiguration {
    /// Why this configuration can be looked at only; `nil` when it can be used.
    /// - Parameter approval: Finds the approval of a file by its place.
    package func trustProblem(
        _ approval: (_ place: String) async throws(OmlxError) -> ConfigurationApproval?
    ) async -> OmlxError? {
        if isApproved { return nil }
        let faults = self.faults
        if let fault = faults.first(where: { !$0.isMendedByApproval }) { return refusal(fault) }
        let foreign = faults.first
        guard origin == .workingFolder || foreign != nil else { return nil }
        do throws(OmlxError) {
            guard let file, let known = try await approval(file.place) else { return untrusted(foreign, since: nil) }
            return known.covers(try fingerprint()) ? nil : untrusted(foreign, since: known.approvedAt)
        } catch {
            return OmlxError(
                .configUntrusted, "it cannot be told whether \(shownPath) is approved: \(error.message)",
                nextStep: error.nextStep)
        }
    }

    /// What stands against its use, as a remark about the file. That it awaits approval is no fault of its own.
    package func diagnostic(ofTrust problem: OmlxError) -> ConfigurationDiagnostic {
        ConfigurationDiagnostic(
            severity: problem.code == .configPermissions ? .error : .warning, code: problem.code, file: sourcePath,
            message: problem.message, nextStep: problem.nextStep)
    }

    /// What approving it means.
    /// - Parameter approval: Finds the approval of a file by its place.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS` when others may change the file, so that no approval counts.
    package func review(
        _ approval: (_ place: String) async throws(OmlxError) -> ConfigurationApproval?
    ) async throws(OmlxError) -> ConfigurationReview {
        guard let file else { throw .nothingToApprove }
        try requireApprovable()
        let approved = try? await approval(file.place)
        return try ConfigurationReview(
            file: file, name: sourcePath ?? file.place, choosesStore: origin != .workingFolder,
            environmentFiles: environmentFiles, approved: approved)
    }

    /// Approves the content that was read: this value can be used from now on, and every later one for which the result is
    /// found.
    /// - Throws: `OmlxError`: `CONFIG_PERMISSIONS`, with nothing approved.
    package mutating func approve(at moment: Date) throws(OmlxError) -> ConfigurationApproval {
        guard let file else { throw .nothingToApprove }
        try requireApprovable()
        var approval = try fingerprint()
        approval.approvedAt = moment
        approval.salt = try Random.hexadecimal(16)
        approval.items = try ConfigurationReview(
            file: file, name: sourcePath ?? file.place, environmentFiles: environmentFiles, approved: nil
        ).remembered(salt: approval.salt)
        isApproved = true
        return approval
    }

    /// Whether what was read is what was approved.
    public func isCovered(by approval: ConfigurationApproval) -> Bool {
        guard let now = try? fingerprint() else { return false }
        return approval.covers(now)
    }

    /// The paths a file may be known by: as it is written, and without links, as far as that can be told.
    public static func places(of path: String, workingDirectory: String, home: String) -> Set<String> {
        let absolute = ConfigurationPath.resolved(path, folder: workingDirectory, home: home)
        var places: Set = [absolute]
        if let file = try? ConfigurationFile.read(absolute) { places.formUnion([file.place, file.path]) }
        if let folder = realpath(ConfigurationPath.folder(of: absolute), nil) {
            defer { free(folder) }
            let name = absolute.split(separator: "/").last.map(String.init) ?? ""
            places.insert(ConfigurationPath.joined(String(cString: folder), name))
        }
        return places
    }

    // MARK: judgements

    private var faults: [FileFault] {
        (file?.faults ?? [])
            + environmentFiles.flatMap { file in file.faults.filter(\.isMendedByApproval) }
    }

    /// What is approved, by the bytes that were read.
    private func fingerprint() throws(OmlxError) -> ConfigurationApproval {
        guard let file else { throw .nothingToApprove }
        return ConfigurationApproval(
            place: file.place, path: file.path, digest: try SHA256.hexadecimal(file.bytes),
            environmentFiles: Set(
                environmentFiles.map { ConfigurationApproval.EnvironmentFile(path: $0.place, digest: $0.digest) }
            ).sorted { ($0.path, $0.digest ?? "") < ($1.path, $1.digest ?? "") },
            approvedAt: Date(timeIntervalSince1970: 0), items: [], salt: "")
    }

    private func requireApprovable() throws(OmlxError) {
        if let fault = faults.first(where: { !$0.isMendedByApproval }) { throw refusal(fault) }
    }

    private var shownPath: String { OmlxError.shown(sourcePath ?? file?.place ?? "the configuration") }

    private func refusal(_ fault: FileFault) -> OmlxError {
        OmlxError(
            .configPermissions, "\(shownPath) is not used: \(fault.sentence)",
            compared: fault.compared(user: geteuid()),
            nextStep: fault.nextStep)
    }

    private func untrusted(_ foreign: FileFault?, since: Date?) -> OmlxError {
        let state =
            since.map { "has changed since it was approved on \($0.formatted(.iso8601))" } ?? "is not approved"
        let reason = foreign.map { ": \($0.sentence)" } ?? ": it was found in the working folder"
        return OmlxError(
            .configUntrusted, "\(shownPath) \(state)\(since == nil ? reason : "")",
            compared: foreign?.compared(user: geteuid()) ?? [],
            nextStep: Remedy(.trust(path: origin == .workingFolder ? nil : sourcePath ?? "PATH")))
    }
}

extension OmlxError {
    fileprivate static var nothingToApprove: OmlxError {
        OmlxError(.configNotFound, "there is no configuration file to approve", nextStep: Remedy(.trust(path: "PATH")))
    }
}

extension Random {
    /// So many random bytes in hexadecimal.
    fileprivate static func hexadecimal(_ count: Int) throws(OmlxError) -> String {
        try bytes(count).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
