// How the page says states, times and remedies.

import FoundationEssentials
import OmlxCredentials
import OmlxErrors
import OmlxHostAPI
import OmlxMCPHost

/// One of the three answers as it is drawn: a shape, a word, and what is known.
struct ShownAnswer: Sendable, Hashable {
    enum Tone: String { case good, wait, bad, idle }
    enum Shape: String { case full, half, ring, cross, arc }

    var tone: Tone
    var shape: Shape
    var word: String
    var fact: String

    init(_ tone: Tone, _ shape: Shape, _ word: String, _ fact: String = "") {
        (self.tone, self.shape, self.word, self.fact) = (tone, shape, word, fact)
    }
}

/// Spans and moments as a person says them.
enum PageTime {
    /// `40 s`, `9 min`, `7 h 40 min`, `12 days`.
    static func span(_ seconds: Double) -> String {
        let seconds = Int(max(0, min(seconds, 1e12)))
        switch seconds {
        case ..<60: return "\(seconds) s"
        case ..<3600: return "\(seconds / 60) min"
        case ..<36_000 where seconds % 3600 >= 60: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) days"
        }
    }

    static func ago(_ moment: Date, _ now: Date) -> String {
        let seconds = now.timeIntervalSince(moment)
        return seconds < 10 ? "just now" : span(seconds) + " ago"
    }
}

extension ServerStatus {
    /// Whether tools can be called: it is connected, or rests until it is used.
    var isReady: Bool {
        guard !wantsPerson else { return false }
        return switch transport.state {
        case .connected: discovery.state.toolCount != nil
        case .idle: toolList != nil && transport.problem == nil
        default: false
        }
    }

    /// Whether it waits for a person to sign in, or to give what a sign-in needs.
    var wantsPerson: Bool {
        guard transport.state != .disabled else { return false }
        switch signIn.state {
        case .needed, .expired, .refreshFailed, .clientNeeded, .staticHeaderRefused: return true
        default: return discovery.state == .unauthorized && transport.state != .connected
        }
    }

    var isOff: Bool { transport.state == .disabled }

    /// Whether it waits for the password of the files that keep sign-ins.
    var waitsForPassword: Bool {
        [transport.problem, signIn.problem, discovery.problem].contains {
            [ErrorCode.storePasswordNeeded.text, ErrorCode.storePasswordWrong.text].contains($0?.code)
        }
    }

    /// What is wrong, the first answer's problem first.
    var problem: StatusProblem? { transport.problem ?? signIn.problem ?? discovery.problem }

    func transportShown(_ now: Date) -> ShownAnswer {
        let ago = transport.at.map { PageTime.ago($0, now) } ?? ""
        switch transport.state {
        case .disabled: return ShownAnswer(.idle, .ring, "off")
        case .idle: return ShownAnswer(.idle, .ring, "idle", toolList == nil ? "" : "opens when it is used")
        case .connecting: return ShownAnswer(.idle, .arc, "connecting", ago)
        case .reached:
            return ShownAnswer(.wait, .half, "reached", wantsPerson || waitsForPassword ? "asks for a sign-in" : ago)
        case .connected: return ShownAnswer(.good, .full, "connected", ago)
        case .failed: return ShownAnswer(.bad, .cross, "failed", ago)
        @unknown default: return ShownAnswer(.idle, .ring, transport.state.text)
        }
    }

    func signInShown(_ now: Date, isLocked: Bool) -> ShownAnswer {
        if isOff { return ShownAnswer(.idle, .ring, "") }
        if waitsForPassword { return ShownAnswer(.wait, .half, "store locked", "its password is wanted") }
        if isLocked { return ShownAnswer(.wait, .half, "keyring locked", "unlock it, as by logging in to the desktop") }
        let who = record.account ?? accounts.compactMap(\.name).first
        switch signIn.state {
        case .signedIn:
            var facts = who.map { [$0] } ?? []
            if let end = record.expiresAt {
                let left = end.timeIntervalSince(now)
                facts.append(left > 0 ? PageTime.span(left) : record.hasRefreshToken ? "renews on use" : "over")
            }
            return ShownAnswer(.good, .full, "signed in", facts.joined(separator: " · "))
        case .notNeeded: return ShownAnswer(.idle, .ring, "not needed")
        case .unknown: return ShownAnswer(.idle, .ring, "not known yet")
        case .staticHeaderSet: return ShownAnswer(.good, .full, "header set", "by the configuration")
        case .staticHeaderRefused: return ShownAnswer(.bad, .cross, "header refused")
        case .needed: return ShownAnswer(.wait, .half, "sign-in needed", who.map { "was \($0)" } ?? "")
        case .expired: return ShownAnswer(.wait, .half, "expired", who.map { "was \($0)" } ?? "")
        case .refreshFailed: return ShownAnswer(.wait, .half, "renewal failed", who ?? "")
        case .clientNeeded: return ShownAnswer(.wait, .half, "client id needed")
        @unknown default: return ShownAnswer(.idle, .ring, signIn.state.text)
        }
    }

    func toolsShown(_ now: Date) -> ShownAnswer {
        if isOff { return ShownAnswer(.idle, .ring, "") }
        if waitsForPassword, let toolList {
            return ShownAnswer(.idle, .ring, "\(toolList.count)", "come with the sign-in")
        }
        if waitsForPassword { return ShownAnswer(.idle, .ring, "none yet", "come with the sign-in") }
        let kept = toolList.map { ("\($0.count)", "from \(PageTime.ago($0.at, now))") }
        switch discovery.state {
        case .succeeded(let count):
            let fact = toolList.map { PageTime.ago($0.at, now) } ?? ""
            return ShownAnswer(
                transport.state == .connected ? .good : .idle, transport.state == .connected ? .full : .ring,
                "\(count)", fact)
        case .failed: return ShownAnswer(.bad, .cross, kept?.0 ?? "failed", kept?.1 ?? "")
        case .unauthorized: return ShownAnswer(.idle, .ring, kept?.0 ?? "none yet", kept?.1 ?? "")
        case .notTried: return ShownAnswer(.idle, .ring, kept?.0 ?? "none yet", kept?.1 ?? "")
        @unknown default: return ShownAnswer(.idle, .ring, discovery.state.text)
        }
    }
}

extension String {
    /// As a sentence: a capital first, a full stop at its end. An address and a name are left as they are.
    var sentence: String {
        guard let first, let last else { return self }
        let word = prefix { !$0.isWhitespace }
        let isWord = word.allSatisfy { $0.isLetter || "',;:".contains($0) }
        return (isWord ? String(first).uppercased() + dropFirst() : self) + (".!?…".contains(last) ? "" : ".")
    }
}

enum StoreWords {
    static func text(_ name: String) -> String {
        StoreKind(rawValue: name)?.inWords ?? OmlxError.shown(name, limit: 40)
    }
}
