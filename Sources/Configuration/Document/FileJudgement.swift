// Whether a file or a folder can be changed by others than its user: owner, mode, access list. No I/O.

import OmlxErrors
import Glibc

/// What stands against a file that tells omlx what to do.
struct FileFault: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Another user owns it, and may change it at any time.
        case owner(uid_t)
        /// Others may write to it; in a folder, put another file in the place of one that is there.
        case writable(mode_t)
    }

    enum Thing: String, Sendable, Hashable { case file, folder, link }

    var kind: Kind
    var thing: Thing
    /// The path without links.
    var path: String

    /// Whether approving the content as it is takes care of it: it has one author, if another one than the user. What
    /// every user may write has none.
    var isMendedByApproval: Bool {
        if case .owner = kind { return true }
        return false
    }
}

extension FileFault {
    /// A sentence about it.
    var sentence: String {
        let shown = OmlxError.shown(path)
        return switch (kind, thing) {
        case (.owner, .file): "\(shown) belongs to another user"
        case (.owner, .folder): "the folder \(shown) belongs to another user, who can replace what is in it"
        case (.owner, .link): "the link \(shown) belongs to another user"
        case (.writable, .folder): "others may replace what is in the folder \(shown)"
        case (.writable, _): "others may write to \(shown)"
        }
    }

    /// What was looked at.
    func compared(user: uid_t) -> [OmlxError.Comparison] {
        switch kind {
        case .owner(let owner): [.init("owner", "uid \(owner)"), .init("this user", "uid \(user)")]
        case .writable(let mode): [.init("mode", String(mode & 0o7777, radix: 8))]
        }
    }

    /// What its owner can do about it.
    var nextStep: Remedy { "chmod go-w \(path.shellWord), or move the file into a folder of your own" }
}

/// What the system says about a file, as far as it matters here.
struct FileFacts: Sendable, Hashable {
    var owner: uid_t
    var group: gid_t
    var mode: mode_t
    /// The entries of its POSIX access list that may write; `nil` where it has none.
    var writers: [Writer]?

    enum Writer: Sendable, Hashable {
        case user(uid_t)
        case group(gid_t)
        case owningGroup
    }
}

/// Judges for one user.
struct FileJudge {
    /// Who omlx runs as.
    let user: uid_t
    /// The users in a group, by membership or as their primary group.
    let members: (gid_t) -> Set<uid_t>

    /// What stands against a file itself.
    func faults(ofFile facts: FileFacts, _ path: String) -> [FileFault] {
        faults(facts, .file, path, isOpen: mayOthersWrite(facts))
    }

    /// What stands against a folder on the way. In a sticky one others can add, and replace nothing.
    func faults(ofFolder facts: FileFacts, _ path: String) -> [FileFault] {
        faults(facts, .folder, path, isOpen: facts.mode & mode_t(S_ISVTX) == 0 && mayOthersWrite(facts))
    }

    private func faults(
        _ facts: FileFacts, _ thing: FileFault.Thing, _ path: String, isOpen: Bool
    ) -> [FileFault] {
        var faults: [FileFault] = []
        if isForeign(facts.owner) { faults.append(FileFault(kind: .owner(facts.owner), thing: thing, path: path)) }
        if isOpen { faults.append(FileFault(kind: .writable(facts.mode), thing: thing, path: path)) }
        return faults
    }

    /// What stands against a symbolic link on the way. Only where others can make links does its owner matter.
    func faults(ofLink facts: FileFacts, _ path: String, in folder: FileFacts) -> [FileFault] {
        guard mayOthersWrite(folder) else { return [] }
        return faults(facts, .link, path, isOpen: false)
    }

    private func isForeign(_ owner: uid_t) -> Bool { owner != user && owner != 0 }

    private func mayOthersWrite(_ facts: FileFacts) -> Bool {
        if facts.mode & 0o002 != 0 { return true }
        // With an access list these are its mask: without it no entry counts.
        guard facts.mode & 0o020 != 0 else { return false }
        return (facts.writers ?? [.owningGroup]).contains { writer in
            switch writer {
            case .user(let id): isForeign(id)
            case .group(let id): hasOthers(id)
            case .owningGroup: hasOthers(facts.group)
            }
        }
    }

    private func hasOthers(_ group: gid_t) -> Bool { members(group).contains(where: isForeign) }
}

extension FileFacts {
    /// The writers a POSIX access list names, as the kernel keeps it in `system.posix_acl_access`: a version, then
    /// tag, permissions and id of each entry, all little-endian. `nil` for what is none.
    static func writers(accessList bytes: [UInt8]) -> [Writer]? {
        guard bytes.count >= 4, bytes.count % 8 == 4, bytes[0] == 2 else { return nil }
        return stride(from: 4, to: bytes.count, by: 8).compactMap { start -> Writer? in
            let tag = UInt16(bytes[start]) | UInt16(bytes[start + 1]) << 8
            guard bytes[start + 2] & 0x02 != 0 else { return nil }
            let id = (4..<8).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * UInt32($1 - 4)) }
            return switch tag {
            case 0x02: .user(id)
            case 0x04: .owningGroup
            case 0x08: .group(id)
            default: nil
            }
        }
    }
}
