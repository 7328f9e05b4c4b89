// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "template-adapter",
    products: [.library(name: "TemplateKeyStore", targets: ["TemplateKeyStore"])],
    dependencies: [
        // In a package of your own: .package(url: "…/mesh-platform", from: "…")
        .package(name: "mesh-platform", path: "../..")
    ],
    targets: [
        .target(
            name: "TemplateKeyStore",
            dependencies: [
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
            ]),
        .testTarget(
            name: "TemplateKeyStoreTests",
            dependencies: [
                "TemplateKeyStore",
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshInMemory", package: "mesh-platform"),
                .product(name: "MeshPlatformTesting", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
