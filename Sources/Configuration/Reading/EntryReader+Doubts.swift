// What is read as it stands, and may not be what was meant: milliseconds for seconds, a shell's `$HOME` and `~`.

import OmlxErrors
import OmlxJSON

extension EntryReader {
    /// Limits above this many seconds are rare; milliseconds that a file of another client has are above it.
    private static let usualSeconds = 1000.0
    private static let longestSeconds = 86_400.0

    private static func text(_ number: Double) -> String { JSONNumber(number).text }

    /// A number of seconds above 0. More than a day is a day.
    mutating func seconds(_ entry: ConfigurationEntry?, code: ErrorCode = .configServerInvalid) -> Duration? {
        guard let entry else { return nil }
        guard let value = entry.value.doubleValue else {
            wrongType(entry, wanted: "a number of seconds", code: code, nextStep: "write the number without quotes")
            return nil
        }
        guard value > 0, value.isFinite else {
            fail(code, entry, "\(Self.quoted(entry.path)) must be a number of seconds above 0")
            return nil
        }
        if value > Self.usualSeconds {
            let hours = Self.text((value / 360).rounded() / 10)
            warn(
                .configDoubtful, entry,
                "\(Self.quoted(entry.path)) is \(Self.text(value)) seconds, \(hours) hours"
                    + (value > Self.longestSeconds ? ", of which 24 are used" : "")
                    + "; other clients write milliseconds there",
                nextStep: "write \(Self.text(value / 1000)) if these are milliseconds")
        }
        return .seconds(min(value, Self.longestSeconds))
    }
}

extension EntryReader {
    /// Programs that expand variables in their arguments themselves.
    private static let shells: Set = ["sh", "bash", "dash", "zsh", "ksh", "fish"]

    /// Whether what stands in the arguments of this command is for a shell to read.
    static func isShell(_ command: String) -> Bool { shells.contains(ConfigurationPath.name(of: command)) }

    /// Warns of what a shell would expand, and omlx does not.
    /// - Parameter isPath: Whether a `~` could be meant for the home folder.
    mutating func warnOfUnexpanded(_ entry: ConfigurationEntry, _ written: String, isPath: Bool) {
        if isPath, let mark = Self.tilde(in: written) {
            return warn(
                .configDoubtful, entry,
                "\(Self.quoted(entry.path)) has \"\(mark)\", which is passed on as it is: no shell expands it",
                nextStep: "write \"${userHome}\" for your home folder")
        }
        guard let name = ShellVariable.first(in: written, isSet: { scope.environment[$0] != nil }) else { return }
        // Of what is no variable here, such as a part of a password, nothing is shown.
        let isKnown = scope.environment[name] != nil || ShellVariable.common.contains(name)
        warn(
            .configDoubtful, entry,
            "\(Self.quoted(entry.path)) has \(isKnown ? "\"$\(name)\"" : "a \"$\" before a name"), which is passed on as "
                + "it is: no shell expands it",
            nextStep: "write \"${\(isKnown ? name : "NAME")}\" for the variable")
    }

    private static func tilde(in text: String) -> String? {
        if text == "~" { return "~" }
        return text.hasPrefix("~/") || ["=~/", ":~/"].contains { text.contains($0) } ? "~/" : nil
    }
}

/// Variables in a shell's form, without braces.
enum ShellVariable {
    /// Known without being set.
    static let common: Set = ["HOME", "USER", "PATH", "PWD", "TMPDIR", "SHELL", "LANG"]

    /// The name of the first one that seems to be meant as one: it is set, it is among the common ones, or it stands alone
    /// between separators and is in capitals.
    static func first(in text: String, isSet: (String) -> Bool) -> String? {
        let bytes = Array(text.utf8)
        for place in bytes.indices where bytes[place] == UInt8(ascii: "$") {
            let before = place == 0 ? nil : bytes[place - 1]
            guard before != UInt8(ascii: "$") else { continue }
            let name = bytes[(place + 1)...].prefix(while: isWordByte)
            guard let first = name.first, !isDigit(first) else { continue }
            let word = String(decoding: name, as: UTF8.self)
            if isSet(word) || common.contains(word) { return word }
            let after = name.endIndex < bytes.endIndex ? bytes[name.endIndex] : nil
            // PowerShell's form, which mcporter takes too.
            if word.lowercased() == "env", after == UInt8(ascii: ":") { return word }
            let standsAlone = isSeparator(before) && isSeparator(after)
            if standsAlone, name.count > 1, name.allSatisfy({ $0 < UInt8(ascii: "a") || $0 == UInt8(ascii: "_") }) {
                return word
            }
        }
        return nil
    }

    private static func isSeparator(_ byte: UInt8?) -> Bool { byte.map { "=:/ ,".utf8.contains($0) } ?? true }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): true
        default: isDigit(byte)
        }
    }
}
