// swift-tools-version:6.2
// A program that depends on omlx by version, as any other would. scripts/consumer.sh builds and runs it.
import Foundation
import PackageDescription

let package = Package(
    name: "consumer",
    dependencies: [
        .package(
            url: ProcessInfo.processInfo.environment["OMLX_REPOSITORY"] ?? "../..",
            exact: "0.0.1",
            traits: [])
    ],
    targets: [
        .executableTarget(
            name: "host", dependencies: ["HTTPClient", "JSON", .product(name: "MCPHost", package: "omlx")]),
        .executableTarget(
            name: "header", dependencies: ["HTTPClient", "OwnStore", .product(name: "SignIn", package: "omlx")]),
        .target(name: "OwnStore", dependencies: [.product(name: "Credentials", package: "omlx")]),
        .target(name: "HTTPClient"),
        .target(name: "JSON"),
    ],
    swiftLanguageModes: [.v6]
)
