// Status as a person reads it, and as a program does.

import OmlxCredentials
import OmlxErrors
import FoundationEssentials
import OmlxHostAPI
import OmlxJSON
import OmlxMCPHost

/// Prints servers' status.
struct StatusPrinter {
    private let status: HostStatus
    private let now: Date
    private let isLive: Bool
    private var statuses: [ServerStatus] { status.servers }
    private var glance: StoreGlance { status.store }

    /// - Parameter isLive: whether a connection shown stands now; else it is said when it stood.
    init(_ status: HostStatus, now: Date, isLive: Bool) {
        self.status = status
        self.now = now
        self.isLive = isLive
    }

    /// The members of the JSON document.
    var members: JSONObject {
        [
            "config": JSON(optional: status.configuration),
            "store": [
                "chosen": JSON(optional: glance.kind?.rawValue), "keyring_locked": .bool(glance.isKeyringLocked),
                "note": JSON(optional: glance.passedOver?.downgrade.typed),
            ],
            "servers": .array(statuses.map { $0.json { $0.typed } }),
        ]
    }

    private var rows: [[String]] {
        [["SERVER", "TRANSPORT", "SIGN-IN", "TOOLS", "NOTE"]]
            + statuses.map { [$0.name, transport($0), signIn($0), tools($0), note($0)] }
    }

    /// Changes when what is shown does.
    var fingerprint: String {
        rows.map { $0.joined(separator: "\t") }.joined(separator: "\n") + (glance.passedOver?.rawValue ?? "")
    }

    func show(on console: Console, inDetail: Bool) {
        if statuses.isEmpty {
            console.progress("No servers are configured. Put them into mcp.json; omlx mcp list shows what is found.")
        }
        let cut = console.table(rows)
        guard inDetail else {
            // What to type is of no use in part.
            for row in cut where row > 0 && row <= statuses.count {
                let status = statuses[row - 1]
                console.line("\(status.name): \(note(status))")
            }
            let stores = Set(statuses.compactMap(\.record.storeName)).sorted().map(Self.words)
            if !stores.isEmpty { console.progress("Sign-ins are kept in \(stores.joined(separator: " and ")).") }
            sayStore(on: console)
            return
        }
        for status in statuses {
            console.line("")
            for (label, value) in details(status) { console.line("\(label): \(value)") }
        }
        sayStore(on: console)
    }

    private func sayStore(on console: Console) {
        if statuses.contains(where: isLocked) {
            console.progress(
                "! The desktop's keyring is locked: unlock it, as by logging in to the desktop; or omlx mcp login SERVER, which asks."
            )
        }
        if let reason = glance.passedOver { console.progress("! \(reason.downgrade.typed)") }
    }

    private static func words(forStore name: String) -> String {
        StoreKind(rawValue: name)?.inWords ?? OmlxError.shown(name, limit: 40)
    }

    private func transport(_ status: ServerStatus) -> String {
        guard !isLive, status.transport.state == .connected, let at = status.transport.at else {
            return status.transport.state.text
        }
        return "connected \(TimeText.ago(at, now: now))"
    }

    /// Whether the server's sign-in cannot be used until the keyring is unlocked.
    private func isLocked(_ status: ServerStatus) -> Bool {
        glance.isKeyringLocked && status.record.storeName == StoreKind.secretService.rawValue
    }

    private func signIn(_ status: ServerStatus) -> String {
        if isLocked(status) { return "keyring locked" }
        guard status.signIn.state == .signedIn else { return status.signIn.state.text }
        guard let expiresAt = status.record.expiresAt else { return "signed in" }
        let left = expiresAt.timeIntervalSince(now)
        if left > 0 { return "signed in, \(TimeText.span(left))" }
        return status.record.hasRefreshToken ? "signed in, refreshes on use" : "expired"
    }

    private func tools(_ status: ServerStatus) -> String {
        if isLive {
            switch status.discovery.state {
            case .succeeded(let count): return "\(count)"
            case .notTried: return ""
            default: return status.discovery.state.text
            }
        }
        guard let list = status.toolList else { return status.discovery.state == .notTried ? "" : "none yet" }
        return "\(list.count), \(TimeText.ago(list.at, now: now))"
    }

    private func note(_ status: ServerStatus) -> String {
        let problem = status.transport.problem ?? status.signIn.problem ?? status.discovery.problem
        if let problem {
            let step = problem.nextStep?.typed ?? ""
            return problem.saysOnlySignInNeeded ? step : problem.code + (step.isEmpty ? "" : ": \(step)")
        }
        if let account = status.record.account ?? status.namedAccounts.first { return account }
        return status.toolList?.count == 0 ? status.besideTools?.joined(separator: ", ") ?? "" : ""
    }

    private func details(_ status: ServerStatus) -> [(String, String)] {
        var lines: [(String, String)] = [("server", status.name)]
        if let endpoint = status.endpoint { lines.append(("address", endpoint.shown)) }
        lines.append(("transport", line(status.transport.state.text, status.transport.at, status.transport.problem)))
        lines.append(("sign-in", line(status.signIn.state.text, status.signIn.at, status.signIn.problem)))
        lines.append(("tools", line(status.discovery.state.text, status.discovery.at, status.discovery.problem)))
        if let beside = status.besideTools, let at = status.catalogue?.at {
            lines.append(("beside tools", beside.joined(separator: ", ") + ", " + TimeText.ago(at, now: now)))
        }
        let record = status.record
        if let issuer = record.issuer { lines.append(("issuer", issuer)) }
        if let profile = status.profile {
            let changes = profile.changes.isEmpty ? "" : ": \(profile.changes.joined(separator: ", "))"
            lines.append(("provider profile", profile.name + changes))
        }
        if let account = record.account { lines.append(("account", account)) }
        if !status.namedAccounts.isEmpty {
            let all = status.accounts.map { account in
                let identity = account.record.account.flatMap { $0 == account.name ? nil : " (\(OmlxError.shown($0)))" }
                return OmlxError.shown(account.name ?? "without a name") + (identity ?? "")
            }
            lines.append(("accounts", all.joined(separator: ", ")))
        }
        if record.issuer != nil {
            lines.append(
                (
                    "scopes",
                    record.grantedScopes.isEmpty
                        ? "none named" : OmlxError.shown(record.grantedScopes.joined(separator: " "))
                ))
            let missing = record.requestedScopes.filter { $0 != "offline_access" && !record.grantedScopes.contains($0) }
            if !missing.isEmpty {
                lines.append(("scopes not granted", OmlxError.shown(missing.joined(separator: " "))))
            }
            lines.append(("expires", record.expiresAt.map { $0.formatted(.iso8601) } ?? "not stated"))
            lines.append(("refreshes", record.hasRefreshToken ? "by itself" : "no: sign in again when it ends"))
        }
        if let store = record.storeName {
            lines.append(("kept in", Self.words(forStore: store) + (isLocked(status) ? ", which is locked" : "")))
        }
        if let at = record.lastSignIn { lines.append(("last sign-in", TimeText.ago(at, now: now))) }
        if let at = record.lastRefresh { lines.append(("last refresh", TimeText.ago(at, now: now))) }
        for source in status.sources {
            let what =
                switch source.kind {
                case "defaults": "default endpoints of MCP 2025-03-26, nothing is published: "
                case "resource": "resource metadata: "
                case "client": "our own metadata document: "
                default: "server metadata: "
                }
            lines.append(("found at", what + OmlxError.shown(source.url) + ", " + TimeText.ago(source.at, now: now)))
        }
        if let error = status.lastError {
            lines.append(("last error", "\(error.code): \(error.message), \(TimeText.ago(error.at, now: now))"))
        }
        return lines
    }

    private func line(_ text: String, _ at: Date?, _ problem: StatusProblem?) -> String {
        var line = text
        if let at { line += ", \(TimeText.ago(at, now: now))" }
        if let problem {
            line += "; \(problem.code): \(problem.message)"
            if let step = problem.nextStep { line += "; next: \(step.typed)" }
        }
        return line
    }
}

extension ServerStatus {
    /// The names of the accounts that have one.
    var namedAccounts: [String] { accounts.compactMap(\.name) }
}
