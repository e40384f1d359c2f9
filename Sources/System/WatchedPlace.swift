// Where a change shows that may be one of a file's content: beside the file, and beside each link on the way to it.

import Glibc

/// A name in a folder.
package struct WatchedPlace: Sendable, Hashable {
    /// The folder.
    package let folder: String
    /// The name in it.
    package let name: String

    /// So many links are followed (path_resolution(7)).
    private static let greatestLinkCount = 40

    /// The places of an absolute path: that of the file, and that of each link on the way, whose target may be changed too.
    /// What does not exist is a place all the same.
    package static func all(of path: String) -> [WatchedPlace] {
        var places: [WatchedPlace] = []
        var rest = path.split(separator: "/").map(String.init)[...]
        var folder = ""
        var links = 0
        while let name = rest.popFirst() {
            guard name != "." else { continue }
            guard name != ".." else {
                folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)])
                continue
            }
            let place = "\(folder)/\(name)"
            if let target = target(of: place), links < greatestLinkCount {
                links += 1
                places.append(WatchedPlace(folder: folder.isEmpty ? "/" : folder, name: name))
                if target.hasPrefix("/") { folder = "" }
                rest = (target.split(separator: "/").map(String.init) + rest)[...]
            } else if rest.isEmpty {
                places.append(WatchedPlace(folder: folder.isEmpty ? "/" : folder, name: name))
            } else {
                folder = place
            }
        }
        return places
    }

    private static func target(of path: String) -> String? {
        var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &characters, characters.count)
        guard count > 0 else { return nil }
        return String(decoding: characters[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension FolderWatch {
    /// An element for every change at these places, several at once as one.
    /// - Returns: a stream for each folder; those of folders for which the system has no watch are missing.
    package static func changes(at places: [WatchedPlace]) -> [AsyncStream<Void>] {
        var names: [String: Set<String>] = [:]
        for place in places { names[place.folder, default: []].insert(place.name) }
        return names.compactMap { folder, names in changes(in: folder, of: { names.contains($0) }) }
    }
}
