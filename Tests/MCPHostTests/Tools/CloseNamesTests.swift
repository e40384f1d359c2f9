// Names that may have been meant.

import Testing

@testable import OmlxMCPHost

@Suite("names that may have been meant")
struct CloseNamesTests {
    @Test(
        "another case, other marks between words, a few letters, a part of the name",
        arguments: [
            ("readFile", "read_file"), ("READ-FILE", "read_file"), ("raed_file", "read_file"), ("read", "read_file"),
            ("file", "read_file"), ("read_file_now", "read_file"), ("flies", "files"), ("Files", "files"),
            ("file", "files"),
        ])
    func close(name: String, meant: String) {
        #expect(CloseNames.of(name, among: ["other", "x", meant]) == [meant])
    }

    @Test("nothing is suggested for what is like nothing", arguments: ["zzz", "", "a", "totally_different_thing"])
    func none(name: String) { #expect(CloseNames.of(name, among: ["read_file", "search", "x"]).isEmpty) }

    @Test("the most alike come first, three at most")
    func order() {
        let names = ["search_code", "searchx", "search", "search_users", "research"]
        #expect(CloseNames.of("Search", among: names) == ["search", "searchx", "search_code"])
        #expect(CloseNames.question(["a", "b", "c"]) == "; did you mean a, b or c?")
        #expect(CloseNames.question(["a"]) == "; did you mean a?" && CloseNames.question([]).isEmpty)
    }
}
