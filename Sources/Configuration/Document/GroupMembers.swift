// Who is in a group of the system: its members, and the users whose primary group it is.

import Glibc
import Synchronization

/// The user database, each group asked for once.
final class GroupMembers {
    private var known: [gid_t: Set<uid_t>] = [:]
    /// The calls that go through it are not for several threads.
    private static let database = Mutex(())
    /// Stands for a member the user database does not have.
    private static let unknownUser = uid_t.max - 1

    func callAsFunction(_ group: gid_t) -> Set<uid_t> {
        if let members = known[group] { return members }
        let members = Self.database.withLock { _ in Self.members(of: group) }
        known[group] = members
        return members
    }

    private static func members(of group: gid_t) -> Set<uid_t> {
        var members: Set<uid_t> = []
        var names: [String] = []
        if let entry = getgrgid(group), var name = entry.pointee.gr_mem {
            while let text = name.pointee {
                names.append(String(cString: text))
                name += 1
            }
        }
        for name in names { members.insert(getpwnam(name)?.pointee.pw_uid ?? unknownUser) }
        setpwent()
        defer { endpwent() }
        while let entry = getpwent() {
            if entry.pointee.pw_gid == group { members.insert(entry.pointee.pw_uid) }
        }
        return members
    }
}
