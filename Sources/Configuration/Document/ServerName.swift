// What a server may be called, and what one is called that was given no name.

import OmlxErrors

/// The names of servers.
public enum ServerName {
    /// The host of an address, an IPv6 address in its brackets; `server` when there is none.
    public static func derived(fromURL url: String) -> String {
        let rest = url.firstRange(of: "://").map { url[$0.upperBound...] } ?? url[...]
        let authority = rest.prefix { !"/?#\\".contains($0) }
        // What stands before an "@" may be a password.
        let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
        if place.first == "[", let end = place.firstIndex(of: "]") { return usable(place[...end]) }
        return usable(place.prefix { $0 != ":" })
    }

    /// The name of a program without its folder; `server` when there is none.
    public static func derived(fromCommand command: String) -> String {
        usable(command.split(separator: "/").last ?? "")
    }

    private static func usable(_ text: some StringProtocol) -> String {
        let shown = OmlxError.shown(String(text)).unicodeScalars.filter { $0 != "\u{FFFD}" }
        let name = String(String.UnicodeScalarView(shown.prefix(maximumLength)))
        return fault(name) == nil ? name : "server"
    }

    /// The longest name, in Unicode scalars.
    static let maximumLength = 64

    /// What is wrong with a server's name, or `nil`. `__` within a name is allowed: a tool's name is split at the first
    /// `__` whose left side is a configured server.
    static func fault(_ name: String) -> String? {
        let scalars = name.unicodeScalars
        if scalars.allSatisfy(\.properties.isWhitespace) { return "the server's name is empty" }
        if scalars.count > maximumLength {
            return "the server's name is longer than \(maximumLength) characters"
        }
        let hasInvisible = scalars.contains { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse: true
            default: false
            }
        }
        return hasInvisible ? "the server's name holds a control character or another invisible one" : nil
    }
}
