// swift-tools-version:6.2
// The rooms of omlx, each a floor above what it imports. docs/architecture.md tells why.
import PackageDescription

let package = Package(
    name: "omlx",
    products: [
        .executable(name: "omlx", targets: ["omlx"]),
        .executable(name: "omlx-demo-server", targets: ["DemoServerCommand"]),
        .library(name: "MCPHost", targets: ["MCPHost"]),
        .library(name: "SignIn", targets: ["SignIn"]),
        // For a store of one's own, with what its records are made of.
        .library(name: "Credentials", targets: ["Credentials", "Cryptography", "ErrorCatalogue", "JSON"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", exact: "1.8.2"),
        .package(url: "https://github.com/apple/swift-log.git", exact: "1.16.2"),
        .package(url: "https://github.com/groue/GRDB.swift.git", exact: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams.git", exact: "6.2.2"),
        // The demo server alone.
        .package(url: "https://github.com/hummingbird-project/hummingbird.git", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-crypto.git", exact: "4.5.2"),
        .package(url: "https://github.com/apple/swift-nio.git", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-http-types.git", exact: "1.8.0"),
    ],
    targets: [
        // 5
        .executableTarget(
            name: "omlx",
            dependencies: [
                "MCPHost",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        // 3
        .target(
            name: "MCPHost",
            dependencies: [
                "MCPClient", "SignIn", "OAuth", "Credentials", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Yams", package: "Yams"),
                .product(name: "Logging", package: "swift-log"),
            ]),
        // 2
        .target(name: "MCPClient", dependencies: ["CProcess", "Cryptography", "HTTPClient", "ErrorCatalogue", "JSON"]),
        .target(
            name: "SignIn",
            dependencies: ["CProcess", "OAuth", "Credentials", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON"]),
        // 1
        .target(name: "OAuth", dependencies: ["HTTPClient", "Cryptography", "ErrorCatalogue", "JSON"]),
        .target(
            name: "Credentials", dependencies: ["CSecret", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON"]),
        // 0
        .target(name: "HTTPClient", dependencies: ["CCurl", "CCoding", "Cryptography", "ErrorCatalogue"]),
        .target(name: "Cryptography", dependencies: ["COpenSSL", "ErrorCatalogue", "JSON"]),
        .target(name: "ErrorCatalogue"),
        .target(name: "JSON"),
        // Doors to C
        .target(name: "CCurl"),
        .target(name: "CCoding"),
        .target(name: "COpenSSL"),
        .target(name: "CSecret"),
        .target(name: "CProcess"),
        // For `make run`, the tests, and anyone trying a client
        .target(
            name: "DemoServer",
            dependencies: [
                "JSON",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]),
        .executableTarget(name: "DemoServerCommand", dependencies: ["DemoServer"]),
        // Programs to begin from; the tests run them
        .executableTarget(
            name: "AuthorizationHeader", dependencies: ["SignIn"], path: "Examples/AuthorizationHeader"),
        .executableTarget(
            name: "ToolLoop", dependencies: ["MCPHost", .product(name: "Logging", package: "swift-log")],
            path: "Examples/ToolLoop"),

        .testTarget(name: "JSONTests", dependencies: ["JSON"]),
        .testTarget(name: "ErrorCatalogueTests", dependencies: ["ErrorCatalogue"]),
        .testTarget(name: "CryptographyTests", dependencies: ["Cryptography", "ErrorCatalogue", "JSON"]),
        .target(name: "TestSupport", dependencies: ["CProcess"], path: "Tests/TestSupport"),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["HTTPClient", "Cryptography", "ErrorCatalogue", "TestSupport"],
            exclude: ["Servers"]),
        .executableTarget(
            name: "CredentialStoreProbe", dependencies: ["Credentials", "Cryptography", "ErrorCatalogue", "JSON"],
            path: "Tests/CredentialStoreProbe"),
        .testTarget(
            name: "CredentialsTests",
            dependencies: [
                "Credentials", "HTTPClient", "CredentialStoreProbe", "Cryptography", "ErrorCatalogue", "JSON",
                "TestSupport",
            ]),
        .testTarget(
            name: "OAuthTests", dependencies: ["OAuth", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON"]),
        .testTarget(
            name: "SignInTests",
            dependencies: [
                "SignIn", "OAuth", "Credentials", "HTTPClient", "Cryptography", "ErrorCatalogue", "DemoServer",
            ]),
        .testTarget(
            name: "MCPClientTests",
            dependencies: ["MCPClient", "CProcess", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON"]),
        .testTarget(
            name: "MCPHostTests",
            dependencies: [
                "MCPHost", "SignIn", "HTTPClient", "Cryptography", "ErrorCatalogue", "JSON", "DemoServer",
                .product(name: "Logging", package: "swift-log"),
            ]),
        .testTarget(name: "DemoServerTests", dependencies: ["DemoServer", "JSON", "TestSupport"]),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["omlx", "DemoServerCommand", "AuthorizationHeader", "ToolLoop", "SignIn", "TestSupport"],
            exclude: ["Servers"]),
    ],
    swiftLanguageModes: [.v6]
)
