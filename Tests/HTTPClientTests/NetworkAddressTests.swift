// Kinds of addresses, by the registries of special-purpose addresses; and names of the own network.

import Testing

@testable import OmlxHTTPClient

@Suite("Kinds of network addresses (C13.4)") struct NetworkAddressTests {
    private static let kinds: [(AddressKind, [String])] = [
        (
            .public,
            [
                "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                "128.0.0.0", "169.253.255.255", "172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0",
                "198.17.255.255", "198.20.0.0", "223.255.255.255", "2606:4700::1111", "2001:200::1", "2001:db9::",
                "2a00:1450:4001:81b::200e", "3fff:1000::1", "2003::",
            ]
        ),
        (.loopback, ["127.0.0.1", "127.255.255.255", "::1"]),
        (.private, ["10.0.0.0", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.1.1", "fc00::1", "fdff::"]),
        (.private, ["fec0::1"]),
        (.shared, ["100.64.0.0", "100.127.255.255"]),
        (.linkLocal, ["169.254.169.254", "fe80::1", "febf::1", "fe80::1%eth0"]),
        (.multicast, ["224.0.0.1", "239.255.255.255", "ff02::1"]),
        (.unspecified, ["0.0.0.0", "0.1.2.3", "::"]),
        (.documentation, ["192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "198.19.255.255"]),
        (.documentation, ["2001:db8::1", "3fff::1", "3fff:fff::1"]),
        (.reserved, ["240.0.0.1", "255.255.255.255", "192.0.0.1", "192.88.99.1", "2001::1", "2001:10::1"]),
        (.reserved, ["100::1", "64:ff9b:1::1", "4000::1", "5f00::1", "::2"]),
    ]

    @Test("An address is of the kind its network has", arguments: kinds.flatMap { kind in kind.1.map { (kind.0, $0) } })
    func kind(_ kind: AddressKind, _ address: String) {
        #expect(NetworkAddress(address)?.kind == kind)
        #expect(AddressClassifier.standard.kind(of: address) == kind)
    }

    @Test(
        "An IPv6 address that stands for an IPv4 one is of that one's kind: mapped, compatible, NAT64, 6to4",
        arguments: ["::ffff:10.0.0.1", "::10.0.0.1", "64:ff9b::10.0.0.1", "2002:a00:1::1"])
    func embedded(_ address: String) { #expect(NetworkAddress(address)?.kind == .private) }

    @Test(
        "And public where that one is",
        arguments: ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"])
    func embeddedPublic(_ address: String) { #expect(NetworkAddress(address)?.kind == .public) }

    @Test(
        "What is no address in its canonical spelling is none, and counts as reserved",
        arguments: ["", "127.1", "0x7f.0.0.1", "01.2.3.4", "1.2.3.4.5", "256.1.1.1", "example.com", "[::1]", "::g"])
    func noAddress(_ text: String) {
        #expect(NetworkAddress(text) == nil)
        #expect(AddressClassifier.standard.kind(of: text) == .reserved)
    }

    @Test(
        "Names of the own machine or network are told by their spelling",
        arguments: [
            ("localhost", true), ("a.localhost", true), ("intranet", true), ("printer.local", true),
            ("metadata.google.internal", true), ("box.home.arpa", true), ("host.localdomain", true),
            ("localhost.", true), ("example.com", false), ("local.example.com", false), ("10.0.0.1", false),
        ])
    func localName(_ host: String, _ isLocal: Bool) throws {
        #expect(try HTTPURL("https://\(host)/").isLocalName == isLocal)
    }
}
