// What a form sends, and names in the paths of the page.

import Hummingbird
import OmlxCryptography

/// The fields of a form or a query (WHATWG URL §5).
struct FormFields: Sendable {
    private let fields: [(name: String, value: String)]

    init(_ text: some Collection<UInt8>) {
        fields = text.split(separator: UInt8(ascii: "&")).map { field in
            let equals = field.firstIndex(of: UInt8(ascii: "=")) ?? field.endIndex
            let value = equals < field.endIndex ? field[field.index(after: equals)...] : field[field.endIndex...]
            return (Self.decoded(field[..<equals]), Self.decoded(value))
        }
    }

    /// Takes a field out of a form as a secret; an empty one where there is none. The form's bytes are wiped of it.
    static func take(_ name: String, from form: inout [UInt8]) -> Secret {
        var taken = Secret("")
        var rest: [UInt8] = []
        rest.reserveCapacity(form.count)
        for field in form.split(separator: UInt8(ascii: "&")) {
            if field.starts(with: "\(name)=".utf8) {
                var value = PercentEncoding.decode(field.dropFirst(name.utf8.count + 1), plusIsBlank: true)
                taken = Secret(wiping: &value)
            } else {
                rest += rest.isEmpty ? Array(field) : [UInt8(ascii: "&")] + field
            }
        }
        Secret.wipe(&form)
        form = rest
        return taken
    }

    private static func decoded(_ part: some Collection<UInt8>) -> String {
        String(decoding: PercentEncoding.decode(part, plusIsBlank: true), as: UTF8.self)
    }

    /// The first value of that name.
    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// The value of that name, where it says something.
    func filled(_ name: String) -> String? { self[name].flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 } }

    /// The values of the names that begin so, by the rest of the name.
    func below(_ prefix: String) -> [(name: String, value: String)] {
        fields.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.value) }
    }
}

extension Request {
    /// The fields of the address.
    var queryFields: FormFields { FormFields((uri.query ?? "").utf8) }
}

/// Addresses of the page.
enum PagePath {
    private static let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~".utf8)

    /// A name as one segment of a path (RFC 3986 §3.3). One of dots alone would be taken for a step up.
    static func segment(_ name: String) -> String {
        let dots = name.allSatisfy { $0 == "." }
        return name.utf8.map { byte in
            guard unreserved.contains(byte), !(dots && byte == UInt8(ascii: ".")) else {
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.count < 2 ? "0" : "") + digits
            }
            return String(UnicodeScalar(byte))
        }.joined()
    }

    static func server(_ name: String, _ rest: String = "") -> String { "/ui/servers/\(segment(name))\(rest)" }

    static func tool(_ server: String, _ tool: String) -> String {
        Self.server(server, "/tools/\(segment(tool))")
    }

    static func signIn(_ server: String, _ id: String) -> String { "/ui/sign-in/\(segment(server))/\(id)" }
}

extension Parameters {
    /// A segment of the path as the name it stands for.
    func name(_ key: String) -> String {
        String(decoding: PercentEncoding.decode(Array((get(key) ?? "").utf8)), as: UTF8.self)
    }
}
