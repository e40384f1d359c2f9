// swift-tools-version:6.2
// The rooms of omlx, each a floor above what it imports. docs/architecture.md tells why.
import PackageDescription

let package = Package(
    name: "omlx",
    products: [
        .executable(name: "omlx", targets: ["omlx"]),
        .executable(name: "omlx-demo-server", targets: ["DemoServerCommand"]),
        .library(name: "MCPHost", targets: ["OmlxMCPHost"]),
        .library(name: "SignIn", targets: ["OmlxSignIn"]),
        // For a store of one's own, with what its records are made of.
        .library(name: "Credentials", targets: ["OmlxCredentials", "OmlxCryptography", "OmlxErrors", "OmlxJSON"]),
    ],
    traits: [
        .default(enabledTraits: ["Programs"]),
        .trait(
            name: "Programs",
            description: "omlx, the demo server and the tests. Who uses the libraries does without, and without NIO."),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        // The programs alone: used by them under the trait, these are not even fetched without it.
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", from: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", from: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.10.0"),
    ],
    targets: [
        // 7
        .executableTarget(
            name: "omlx",
            dependencies: [
                "OmlxGateway", "OmlxDesktop", "OmlxEndpoint", "OmlxHostAPI", "OmlxMCPHost", "OmlxQRCode", "OmlxSystem",
                .programs("ArgumentParser", "swift-argument-parser"),
                .programs("ServiceLifecycle", "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        // 6
        .room(
            "Gateway",
            [
                "Endpoint", "HostAPI", "MCPHost", "Configuration", "MCPClient", "SignIn", "Credentials", "Cryptography",
                "Errors",
                "JSON", "Concurrency", "System", "QRCode",
            ],
            [
                .programs("Hummingbird", "hummingbird"),
                .programs("HummingbirdCore", "hummingbird"),
                .programs("NIOCore", "swift-nio"),
                .programs("NIOHTTP1", "swift-nio"),
                .programs("NIOPosix", "swift-nio"),
                .programs("HTTPTypes", "swift-http-types"),
                .programs("ServiceLifecycle", "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .room("Desktop", ["CGIO", "HostAPI", "MCPHost", "Errors", "System"]),
        // 5
        .room(
            "Endpoint", ["HostAPI", "MCPHost", "MCPClient", "Cryptography", "Errors", "JSON", "Concurrency", "System"]),
        // 4
        .room(
            "HostAPI",
            [
                "MCPHost", "Configuration", "MCPClient", "SignIn", "Credentials", "HTTPClient", "Cryptography",
                "Errors",
                "JSON", "Concurrency", "System",
            ]),
        // 3
        .room(
            "MCPHost",
            [
                "Configuration", "MCPClient", "SignIn", "OAuth", "Credentials", "HTTPClient", "Cryptography", "Errors",
                "JSON", "Concurrency", "System",
            ],
            [
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .room(
            "Configuration",
            [
                "MCPClient", "SignIn", "OAuth", "Credentials", "HTTPClient", "Cryptography", "Errors", "JSON", "System",
            ],
            [.product(name: "Yams", package: "Yams")]),
        // 2
        .room("MCPClient", ["CProcess", "Cryptography", "HTTPClient", "Errors", "JSON", "Concurrency", "System"]),
        .room(
            "SignIn",
            [
                "CProcess", "OAuth", "Credentials", "HTTPClient", "Cryptography", "Errors", "JSON", "Concurrency",
                "System",
            ]),
        // 1
        .room("OAuth", ["HTTPClient", "Cryptography", "Errors", "JSON"]),
        .room("Credentials", ["CSecret", "HTTPClient", "Cryptography", "Errors", "JSON", "Concurrency", "System"]),
        // 0
        .room("HTTPClient", ["CCurl", "CCoding", "Cryptography", "Errors", "System"]),
        .room("Cryptography", ["COpenSSL", "Errors", "JSON"]),
        .room("System", ["Errors", "Concurrency"]),
        .room("Concurrency"),
        .room("Errors"),
        .room("JSON"),
        .room("QRCode"),
        // Doors to C
        .room("CCurl"),
        .room("CCoding"),
        .room("COpenSSL"),
        .room("CSecret"),
        .room("CGIO"),
        .room("CProcess"),
        // For `make run`, the tests, and anyone trying a client
        .room(
            "DemoServer", ["JSON"],
            [
                .programs("Hummingbird", "hummingbird"),
                .programs("HummingbirdCore", "hummingbird"),
                .programs("NIOCore", "swift-nio"),
                .programs("NIOPosix", "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .programs("HTTPTypes", "swift-http-types"),
            ]),
        .executableTarget(name: "DemoServerCommand", dependencies: ["OmlxDemoServer"]),
        // Programs to begin from; the tests run them
        .executableTarget(
            name: "AuthorizationHeader", dependencies: ["OmlxSignIn"], path: "Examples/AuthorizationHeader"),
        .executableTarget(
            name: "ToolLoop", dependencies: ["OmlxMCPHost"], path: "Examples/ToolLoop"),

        .testTarget(name: "ConcurrencyTests", dependencies: ["OmlxConcurrency"]),
        .testTarget(name: "SystemTests", dependencies: ["OmlxSystem"]),
        .testTarget(name: "JSONTests", dependencies: ["OmlxJSON"]),
        .testTarget(name: "ErrorsTests", dependencies: ["OmlxErrors"]),
        .testTarget(name: "CryptographyTests", dependencies: ["OmlxCryptography", "OmlxErrors", "OmlxJSON"]),
        .target(name: "TestSupport", dependencies: ["OmlxCProcess"], path: "Tests/TestSupport"),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["OmlxHTTPClient", "OmlxCryptography", "OmlxErrors", "TestSupport"],
            exclude: ["Servers"]),
        .executableTarget(
            name: "CredentialStoreProbe",
            dependencies: ["OmlxCredentials", "OmlxCryptography", "OmlxErrors", "OmlxJSON"],
            path: "Tests/CredentialStoreProbe"),
        .testTarget(
            name: "CredentialsTests",
            dependencies: [
                "OmlxCredentials", "OmlxHTTPClient", "CredentialStoreProbe", "OmlxCryptography", "OmlxErrors",
                "OmlxJSON", "OmlxSystem",
                "TestSupport",
            ]),
        .testTarget(
            name: "OAuthTests",
            dependencies: ["OmlxOAuth", "OmlxHTTPClient", "OmlxCryptography", "OmlxErrors", "OmlxJSON"]),
        .testTarget(
            name: "SignInTests",
            dependencies: [
                "OmlxSignIn", "OmlxOAuth", "OmlxCredentials", "OmlxHTTPClient", "OmlxCryptography", "OmlxErrors",
                "OmlxSystem", "OmlxDemoServer",
            ]),
        .testTarget(
            name: "MCPClientTests",
            dependencies: [
                "OmlxMCPClient", "OmlxCProcess", "OmlxHTTPClient", "OmlxCryptography", "OmlxErrors", "OmlxJSON",
            ]),
        .testTarget(
            name: "ConfigurationTests",
            dependencies: [
                "OmlxConfiguration", "OmlxSignIn", "OmlxHTTPClient", "OmlxCryptography", "OmlxErrors", "OmlxJSON",
                "TestSupport",
            ]),
        .testTarget(
            name: "MCPHostTests",
            dependencies: [
                "OmlxMCPHost", "OmlxSignIn", "OmlxHTTPClient", "OmlxCryptography", "OmlxErrors", "OmlxJSON",
                "OmlxDemoServer", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "HostAPITests",
            dependencies: [
                "OmlxHostAPI", "OmlxGateway", "OmlxMCPHost", "OmlxConfiguration", "OmlxMCPClient", "OmlxSignIn",
                "OmlxCredentials", "OmlxCryptography", "OmlxHTTPClient", "OmlxErrors", "OmlxJSON", "OmlxConcurrency",
                "OmlxSystem", "OmlxDemoServer", "TestSupport",
                .programs("Hummingbird", "hummingbird"),
                .programs("ServiceLifecycle", "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "EndpointTests",
            dependencies: [
                "OmlxEndpoint", "OmlxHostAPI", "OmlxMCPHost", "OmlxMCPClient", "OmlxErrors", "OmlxJSON", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "GatewayTests",
            dependencies: [
                "OmlxGateway", "OmlxEndpoint", "OmlxHostAPI", "OmlxMCPHost", "OmlxConfiguration", "OmlxSignIn",
                "OmlxMCPClient",
                "OmlxHTTPClient", "OmlxCredentials", "OmlxCryptography", "OmlxErrors", "OmlxJSON", "OmlxConcurrency",
                "OmlxSystem", "OmlxDemoServer", "TestSupport",
                .programs("Hummingbird", "hummingbird"),
                .programs("NIOCore", "swift-nio"),
                .programs("HTTPTypes", "swift-http-types"),
                .programs("ServiceLifecycle", "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(
            name: "DesktopTests",
            dependencies: [
                "OmlxDesktop", "OmlxHostAPI", "OmlxMCPHost", "OmlxHTTPClient", "OmlxErrors", "OmlxJSON",
                "OmlxDemoServer", "TestSupport",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "omlxTests", dependencies: ["omlx", "OmlxCryptography", "OmlxErrors", "OmlxQRCode"]),
        .testTarget(name: "DemoServerTests", dependencies: ["OmlxDemoServer", "OmlxJSON", "TestSupport"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: [
                "omlx", "DemoServerCommand", "AuthorizationHeader", "ToolLoop", "OmlxQRCode", "OmlxSignIn",
                "TestSupport",
            ],
            exclude: ["Servers"]),
    ],
    swiftLanguageModes: [.v6]
)

extension Target {
    /// A room of the house. Its module carries the product's prefix, so that it clashes with no module of a program that
    /// uses it; its folder does not.
    static func room(_ name: String, _ rooms: [String] = [], _ products: [Dependency] = []) -> Target {
        .target(
            name: "Omlx" + name, dependencies: rooms.map { .init(stringLiteral: "Omlx" + $0) } + products,
            path: "Sources/" + name)
    }
}

extension Target.Dependency {
    /// A product that only the programs use.
    static func programs(_ product: String, _ package: String) -> Target.Dependency {
        .product(name: product, package: package, condition: .when(traits: ["Programs"]))
    }
}
