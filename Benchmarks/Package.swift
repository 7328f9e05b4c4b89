// swift-tools-version: 6.1
import PackageDescription

// A package of its own, so that nobody who uses mesh-platform builds the benchmarks.
let package = Package(
    name: "benchmarks",
    dependencies: [.package(name: "mesh-platform", path: "..")],
    targets: [
        .target(
            name: "CCryptographyBaseline",
            cSettings: [.headerSearchPath("forward")],
            linkerSettings: [.linkedLibrary("crypto"), .linkedLibrary("decaf")]),
        .executableTarget(
            name: "CryptographyBenchmark",
            dependencies: [
                "CCryptographyBaseline",
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshCryptography", package: "mesh-platform"),
            ]),
        .systemLibrary(name: "CLibSecretBaseline", pkgConfig: "libsecret-1"),
        .target(name: "CKeyringBaseline", dependencies: ["CLibSecretBaseline"]),
        .executableTarget(
            name: "KeyringBenchmark",
            dependencies: [
                "CKeyringBaseline",
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
                .product(name: "MeshPlatformTesting", package: "mesh-platform"),
                .product(name: "MeshSecretService", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "EncodingBenchmark",
            dependencies: [.product(name: "MeshEncoding", package: "mesh-platform")]),
        .executableTarget(
            name: "RegistryBenchmark",
            dependencies: [
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
                .product(name: "MeshHomeDirectory", package: "mesh-platform"),
                .product(name: "MeshRegistry", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "CatalogBenchmark",
            dependencies: [
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshCryptography", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
                .product(name: "MeshDARE", package: "mesh-platform"),
                .product(name: "MeshEncoding", package: "mesh-platform"),
                .product(name: "MeshFiles", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "EnvelopeBenchmark",
            dependencies: [
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshCryptography", package: "mesh-platform"),
                .product(name: "MeshDARE", package: "mesh-platform"),
            ]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .executableTarget(
            name: "AppendBenchmark",
            dependencies: [
                "CSQLite",
                .product(name: "MeshDARE", package: "mesh-platform"),
                .product(name: "MeshEncoding", package: "mesh-platform"),
                .product(name: "MeshFiles", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "ApplicationBenchmark",
            dependencies: [
                "CSQLite",
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshDARE", package: "mesh-platform"),
                .product(name: "MeshEncoding", package: "mesh-platform"),
                .product(name: "MeshHomeDirectory", package: "mesh-platform"),
                .product(name: "MeshInMemory", package: "mesh-platform"),
                .product(name: "MeshLinuxPlatform", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
                .product(name: "MeshPortalService", package: "mesh-platform"),
                .product(name: "MeshPortals", package: "mesh-platform"),
                .product(name: "MeshSessions", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "SessionBenchmark",
            dependencies: [
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshCryptography", package: "mesh-platform"),
                .product(name: "MeshDARE", package: "mesh-platform"),
                .product(name: "MeshHomeDirectory", package: "mesh-platform"),
                .product(name: "MeshInMemory", package: "mesh-platform"),
                .product(name: "MeshLinuxPlatform", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
                .product(name: "MeshPortalService", package: "mesh-platform"),
                .product(name: "MeshPortals", package: "mesh-platform"),
                .product(name: "MeshSessions", package: "mesh-platform"),
            ]),
        .executableTarget(
            name: "SequenceBenchmark",
            dependencies: [
                "CSQLite",
                .product(name: "MeshCore", package: "mesh-platform"),
                .product(name: "MeshCryptography", package: "mesh-platform"),
                .product(name: "MeshDARE", package: "mesh-platform"),
                .product(name: "MeshEncoding", package: "mesh-platform"),
                .product(name: "MeshFiles", package: "mesh-platform"),
                .product(name: "MeshPlatforms", package: "mesh-platform"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
