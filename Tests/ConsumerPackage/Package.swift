// swift-tools-version:6.2
// A program that depends on omlx by version, as any other would. scripts/consumer.sh builds and runs it.
import Foundation
import PackageDescription

let package = Package(
    name: "consumer",
    dependencies: [
        .package(url: ProcessInfo.processInfo.environment["OMLX_REPOSITORY"] ?? "../..", exact: "0.0.1")
    ],
    targets: [
        .executableTarget(
            name: "consumer",
            dependencies: [
                .product(name: "MCPHost", package: "omlx"), .product(name: "SignIn", package: "omlx"),
                .product(name: "Credentials", package: "omlx"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
