// Who else may change a file: owner, mode, access list, and every folder and link on the way to it.

import OmlxErrors
import FoundationEssentials
import Glibc
import TestSupport
import Testing

@testable import OmlxConfiguration

@Suite struct FileJudgementTests {
    /// Judges for user 1000, whose own group is 1000; 50 has another member, 60 has root and a member alone.
    private let judge = FileJudge(user: 1000) { [1000: [1000], 50: [1000, 1001], 60: [0, 1000], 70: []][$0] ?? [7] }

    private func facts(
        _ owner: uid_t, _ mode: mode_t, group: gid_t = 1000, writers: [FileFacts.Writer]? = nil
    ) -> FileFacts {
        FileFacts(owner: owner, group: group, mode: mode, writers: writers)
    }

    @Test("A file of the user's or root's that only they write is sound, whoever may read it")
    func soundFiles() {
        for owner: uid_t in [1000, 0] {
            for mode: mode_t in [0o600, 0o644, 0o400, 0o755] {
                #expect(judge.faults(ofFile: facts(owner, mode), "/f").isEmpty)
            }
        }
    }

    @Test("A file of another user's is not, and its content can be approved")
    func foreignFile() {
        let faults = judge.faults(ofFile: facts(1001, 0o644), "/f")
        #expect(faults.map(\.kind) == [.owner(1001)] && faults.allSatisfy(\.isMendedByApproval))
    }

    @Test("A file others may write to is not, and no approval helps", arguments: [0, 1000, 1001] as [uid_t])
    func writableFile(owner: uid_t) {
        for facts in [
            facts(owner, 0o602), facts(owner, 0o666), facts(owner, 0o660, group: 50), facts(owner, 0o620, group: 9),
        ] {
            #expect(judge.faults(ofFile: facts, "/f").contains { !$0.isMendedByApproval })
        }
    }

    @Test("A group without other members may write", arguments: [1000, 60, 70] as [gid_t])
    func lonelyGroup(group: gid_t) {
        #expect(judge.faults(ofFile: facts(1000, 0o664, group: group), "/f").isEmpty)
        #expect(judge.faults(ofFolder: facts(1000, 0o775, group: group), "/d").isEmpty)
    }

    @Test("In a sticky folder nobody replaces what is another's; links there count by their owner")
    func sticky() {
        #expect(judge.faults(ofFolder: facts(0, 0o1777), "/tmp").isEmpty)
        #expect(judge.faults(ofFolder: facts(1000, 0o1770, group: 50), "/t").isEmpty)
        #expect(!judge.faults(ofFolder: facts(0, 0o777), "/t").isEmpty)
        #expect(!judge.faults(ofFolder: facts(1001, 0o1777), "/t").isEmpty, "its owner can replace everything")
        let shared = facts(0, 0o1777)
        #expect(judge.faults(ofLink: facts(1001, 0o777), "/tmp/l", in: shared).map(\.thing) == [.link])
        #expect(judge.faults(ofLink: facts(1000, 0o777), "/tmp/l", in: shared).isEmpty)
        #expect(judge.faults(ofLink: facts(1001, 0o777), "/d/l", in: facts(1000, 0o755)).isEmpty)
    }

    @Test("An access list's entries count as far as its mask lets them write")
    func accessList() {
        #expect(!judge.faults(ofFile: facts(1000, 0o660, writers: [.user(1001)]), "/f").isEmpty)
        #expect(judge.faults(ofFile: facts(1000, 0o640, writers: [.user(1001)]), "/f").isEmpty)
        #expect(judge.faults(ofFile: facts(1000, 0o660, writers: [.user(1000), .user(0), .owningGroup]), "/f").isEmpty)
        #expect(!judge.faults(ofFile: facts(1000, 0o660, writers: [.group(50)]), "/f").isEmpty)
        #expect(judge.faults(ofFile: facts(1000, 0o660, writers: [.group(60)]), "/f").isEmpty)
        let list: [UInt8] =
            [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255] + [2, 0, 6, 0, 0x39, 0x30, 0, 0]
            + [2, 0, 4, 0, 9, 0, 0, 0] + [4, 0, 4, 0, 255, 255, 255, 255] + [8, 0, 2, 0, 50, 0, 0, 0]
            + [16, 0, 6, 0, 255, 255, 255, 255] + [32, 0, 4, 0, 255, 255, 255, 255]
        #expect(FileFacts.writers(accessList: list) == [.user(12345), .group(50)])
        #expect(FileFacts.writers(accessList: [1, 2, 3]) == nil)
    }

    @Test("A group's members are those it names and those whose primary group it is")
    func members() {
        let members = GroupMembers()
        let own = members(getpwuid(geteuid())?.pointee.pw_gid ?? 0)
        let (root, none) = (members(0), members(4_000_000_000))
        #expect(own.contains(geteuid()) && root.contains(0) && none.isEmpty)
    }
}

@Suite struct JudgedFileTests {
    let folder: ConfigurationFolder

    init() throws { folder = try ConfigurationFolder() }

    private func read(_ path: String) throws(JudgedFile.Failure) -> JudgedFile {
        try JudgedFile.read("\(folder.path)/\(path)", atMost: 1000)
    }

    @Test("The path is that without links, the place is the name in the folder without links")
    func paths() throws {
        folder.write("a/b/file", "text")
        symlink("b", "\(folder.path)/a/c")
        symlink("\(folder.path)/a/c/file", "\(folder.path)/a/link")
        symlink("../a/./link", "\(folder.path)/a/again")
        for path in ["a/b/file", "a/c/file", "a//b/../c/./file"] {
            let file = try read(path)
            #expect(file.path == "\(folder.path)/a/b/file" && file.place == file.path, "\(path)")
            #expect(file.bytes == Array("text".utf8) && file.faults.isEmpty, "\(path): \(file.faults)")
        }
        let link = try read("a/again")
        #expect(link.path == "\(folder.path)/a/b/file" && link.place == "\(folder.path)/a/again")
    }

    @Test("A folder others may write to shows wherever the way leads through it: as an ancestor, behind a link")
    func writableFolder() throws {
        folder.write("open/deep/file", "text")
        folder.write("shut/x", "")
        symlink("../open/deep/file", "\(folder.path)/shut/link")
        symlink("../open/deep", "\(folder.path)/shut/folder")
        chmod("\(folder.path)/open", 0o777)
        for path in ["open/deep/file", "shut/link", "shut/folder/file", "shut/../open/deep/file"] {
            #expect(try read(path).faults.map(\.path) == ["\(folder.path)/open"], "\(path)")
        }
        chmod("\(folder.path)/open", 0o1777)
        #expect(try read("shut/link").faults.isEmpty)
    }

    @Test("What is no readable file says what it is")
    func failures() throws {
        folder.write("d/x", "")
        symlink("loop", "\(folder.path)/loop")
        mkfifo("\(folder.path)/pipe", 0o600)
        folder.write("large", String(repeating: "x", count: 1001))
        func failure(_ path: String) -> String? {
            do throws(JudgedFile.Failure) {
                _ = try read(path)
                return nil
            } catch {
                return error.sentence
            }
        }
        #expect(failure("none") == "No such file or directory")
        #expect(failure("d/x/y") == "Not a directory")
        #expect(failure("loop") == "Too many levels of symbolic links")
        #expect(failure("d") == "it is a folder" && failure("d/..") == "it is a folder")
        #expect(failure("pipe") == "it is no regular file" && failure("large") == "it is too large")
    }
}
