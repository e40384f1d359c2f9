// Reads the variables an entry has for its program: `env`, and the file that `envFile` names.

import OmlxCryptography
import OmlxErrors
import Glibc

extension EntryReader {
    /// The variables of a program: those of its file, and in place of them those of `env` (VS Code).
    mutating func environment(_ entry: ConfigurationEntry?, file: ConfigurationEntry?) -> [EnvironmentVariable] {
        let own = environmentVariables(entry)
        let names = Set(own.map(\.name))
        return environmentFile(file).filter { !names.contains($0.name) } + own
    }

    private mutating func environmentFile(_ entry: ConfigurationEntry?) -> [EnvironmentVariable] {
        guard let entry, let path = path(entry), !isLenient else { return [] }
        var file = EnvironmentFile(server: server ?? "", place: path.value)
        defer { note(file) }
        let read: JudgedFile
        do throws(JudgedFile.Failure) {
            read = try JudgedFile.read(path.value, atMost: EnvironmentFile.maximumSize)
        } catch {
            fail(
                .configServerInvalid, entry,
                "the file that \(Self.quoted(entry.path)) names cannot be read: \(error.sentence)",
                nextStep: "a relative path starts at the configuration file's folder")
            return []
        }
        file.place = read.place
        file.faults = read.faults
        if let fault = read.faults.first(where: { !$0.isMendedByApproval }) {
            fail(
                .configPermissions, entry, "\(Self.quoted(entry.path)) is not used: \(fault.sentence)",
                nextStep: fault.nextStep)
            return []
        }
        var bytes = read.bytes
        defer { Secret.wipe(&bytes) }
        do throws(OmlxError) { file.digest = try SHA256.hexadecimal(bytes) } catch {
            fail(.configServerInvalid, entry, error.message, nextStep: error.nextStep)
            return []
        }
        return variables(bytes, entry, &file)
    }

    private mutating func variables(
        _ bytes: [UInt8], _ entry: ConfigurationEntry, _ file: inout EnvironmentFile
    ) -> [EnvironmentVariable] {
        var text = EnvironmentFileText(bytes)
        defer { text.wipe() }
        if let line = text.oddLines.first {
            let more = text.oddLines.count > 1 ? ", nor \(text.oddLines.count - 1) more" : ""
            warn(
                .configIgnoredKey, entry,
                "line \(line) of the file that \(Self.quoted(entry.path)) names is no variable\(more); ignored",
                nextStep: "write NAME=value")
        }
        var variables: [EnvironmentVariable] = []
        for (name, value) in text.variables {
            guard !value.contains(0) else {
                fail(
                    .configServerInvalid, entry,
                    "the variable \(name) in the file that \(Self.quoted(entry.path)) names holds a NUL character")
                continue
            }
            guard String(validating: value, as: UTF8.self) != nil else {
                fail(
                    .configServerInvalid, entry,
                    "the variable \(name) in the file that \(Self.quoted(entry.path)) names is not UTF-8 text",
                    nextStep: "save the file as UTF-8")
                continue
            }
            variables.removeAll { $0.name == name }
            let secret = value.withUnsafeBytes { Secret(copying: $0) }
            variables.append(
                EnvironmentVariable(name: name, value: ConfiguredSecret(shown: SecretMask.mark, secret: secret)))
        }
        file.names = variables.map(\.name)
        return variables
    }
}

extension JudgedFile.Failure {
    /// Why, to follow a colon.
    var sentence: String {
        switch self {
        case .system(let number): String(cString: strerror(number))
        case .isFolder: "it is a folder"
        case .isNoRegularFile: "it is no regular file"
        case .isLarger: "it is too large"
        }
    }
}
