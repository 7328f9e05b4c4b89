// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "mesh-platform",
    products: [
        .library(name: "MeshCore", targets: ["MeshCore"]),
        .library(name: "MeshCryptography", targets: ["MeshCryptography"]),
        .library(name: "MeshEncoding", targets: ["MeshEncoding"]),
        .library(name: "MeshDARE", targets: ["MeshDARE"]),
        .library(name: "MeshPlatforms", targets: ["MeshPlatforms"]),
        .library(name: "MeshPlatformTesting", targets: ["MeshPlatformTesting"]),
        .library(name: "MeshProfiles", targets: ["MeshProfiles"]),
        .library(name: "MeshPortals", targets: ["MeshPortals"]),
        .library(name: "MeshPortalService", targets: ["MeshPortalService"]),
        .library(name: "MeshPortalTesting", targets: ["MeshPortalTesting"]),
        .library(name: "MeshSSH", targets: ["MeshSSH"]),
        .library(name: "MeshSessions", targets: ["MeshSessions"]),
        // Apart from the sessions, so that an application without mail links none of its libraries.
        .library(name: "MeshMail", targets: ["MeshMail"]),
        // Adapters: one product each, so that an application links only the ones it names.
        .library(name: "MeshInMemory", targets: ["MeshInMemory"]),
        .library(name: "MeshFiles", targets: ["MeshFiles"]),
        .library(name: "MeshHomeDirectory", targets: ["MeshHomeDirectory"]),
        .library(name: "MeshRegistry", targets: ["MeshRegistry"]),
        .library(name: "MeshKeyFiles", targets: ["MeshKeyFiles"]),
        .library(name: "MeshSecretService", targets: ["MeshSecretService"]),
        .library(name: "MeshLinuxPlatform", targets: ["MeshLinuxPlatform"]),
        .library(name: "MeshLinuxSSH", targets: ["MeshLinuxSSH"]),
        .library(name: "MeshPortalDirectory", targets: ["MeshPortalDirectory"]),
        // For other languages: `Sources/MeshLight/include/meshlight.h`.
        .library(name: "meshlight", type: .dynamic, targets: ["MeshLight"]),
        .executable(name: "meshclient", targets: ["meshclient"]),
        .executable(name: "mesh-vectors", targets: ["mesh-vectors"]),
    ],
    traits: [
        .trait(name: "SecretService", description: "The secret-service key store, through libsecret."),
        .trait(name: "OpenPGP", description: "OpenPGP keys for mail, through librnp."),
        .default(enabledTraits: ["SecretService", "OpenPGP"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
    ],
    targets: [
        // What is the same on every machine.
        .target(name: "MeshCore"),
        .target(name: "COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),
        .target(
            name: "CDecaf",
            cSettings: [.headerSearchPath("forward")],
            linkerSettings: [.linkedLibrary("decaf")]),
        .target(name: "MeshCryptography", dependencies: ["MeshCore", "COpenSSL", "CDecaf"]),
        .target(name: "MeshEncoding", dependencies: ["MeshCore"]),
        .target(name: "MeshDARE", dependencies: ["MeshCore", "MeshCryptography", "MeshEncoding", "MeshPlatforms"]),
        .target(name: "MeshPlatforms", dependencies: ["MeshCore"]),
        .target(name: "MeshSSH", dependencies: ["MeshCore", "MeshCryptography", "MeshPlatforms"]),
        .target(
            name: "MeshPlatformTesting",
            dependencies: ["MeshCore", "MeshPlatforms"]),
        .target(
            name: "MeshProfiles",
            dependencies: ["MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE"]),
        .target(
            name: "MeshPortals",
            dependencies: ["MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshProfiles"]),
        .target(
            name: "MeshPortalService",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshPortals",
            ]),
        .target(
            name: "MeshPortalTesting",
            dependencies: ["MeshCore", "MeshDARE", "MeshPlatforms", "MeshPlatformTesting", "MeshPortalService"]),
        .target(
            name: "MeshSessions",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshPortals", "MeshSSH",
            ]),
        .target(name: "CX509", linkerSettings: [.linkedLibrary("crypto")]),
        .systemLibrary(name: "CRNP", pkgConfig: "librnp", providers: [.apt(["librnp-dev"])]),
        .target(
            name: "MeshMail",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshSessions",
                "CX509",
                .target(name: "CRNP", condition: .when(platforms: [.linux], traits: ["OpenPGP"])),
            ]),
        .target(
            name: "MeshVectors",
            dependencies: ["MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE"]),

        // What differs by machine.
        .target(
            name: "MeshInMemory",
            dependencies: ["MeshCore", "MeshPlatforms"],
            path: "Platforms/InMemory"),
        .target(name: "CLinuxFiles", path: "Platforms/Linux/CLinuxFiles"),
        .target(
            name: "MeshFiles",
            dependencies: ["MeshCore", "MeshPlatforms", "CLinuxFiles"],
            path: "Platforms/Linux/Files"),
        .target(
            name: "MeshHomeDirectory",
            dependencies: ["MeshCore", "MeshDARE", "MeshPlatforms", "MeshFiles"],
            path: "Platforms/Linux/HomeDirectory"),
        .target(
            name: "MeshRegistry",
            dependencies: ["MeshCore", "MeshEncoding", "MeshPlatforms", "MeshFiles"],
            path: "Platforms/Linux/Registry"),
        .target(
            name: "MeshKeyFiles",
            dependencies: ["MeshCore", "MeshCryptography", "MeshPlatforms", "MeshFiles", "MeshSSH"],
            path: "Platforms/Linux/KeyFiles"),
        .target(
            name: "MeshLinuxSSH",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshFiles", "MeshSSH", "CLinuxFiles"],
            path: "Platforms/Linux/SSH"),
        .systemLibrary(
            name: "CLibSecret",
            path: "Platforms/Linux/CLibSecret",
            pkgConfig: "libsecret-1",
            providers: [.apt(["libsecret-1-dev"])]),
        .target(
            name: "MeshSecretService",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshPlatforms",
                .target(name: "CLibSecret", condition: .when(platforms: [.linux], traits: ["SecretService"])),
            ],
            path: "Platforms/Linux/SecretService"),
        .target(
            name: "MeshLinuxPlatform",
            dependencies: [
                "MeshCore", "MeshPlatforms", "MeshHomeDirectory", "MeshRegistry", "MeshKeyFiles", "MeshFiles",
                .target(name: "MeshSecretService", condition: .when(traits: ["SecretService"])),
            ],
            path: "Platforms/Linux/Composition"),
        .target(
            name: "MeshPortalDirectory",
            dependencies: [
                "MeshCore", "MeshEncoding", "MeshPlatforms", "MeshPortals", "MeshPortalService", "MeshFiles",
                "MeshHomeDirectory", "MeshKeyFiles",
            ],
            path: "Platforms/Linux/PortalDirectory"),

        // Free functions over one context, for programs that connect to an account and do not administer it.
        .target(
            name: "MeshLight",
            dependencies: [
                "MeshCore", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles", "MeshPortals", "MeshSessions",
                "MeshKeyFiles", "MeshLinuxPlatform", "MeshPortalDirectory", "MeshPortalService",
            ],
            exclude: ["include"]),

        // Tools.
        .target(
            name: "MeshCommands",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshPortals", "MeshPortalService", "MeshSessions", "MeshSSH", "MeshMail",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
        .executableTarget(
            name: "meshclient",
            dependencies: [
                "MeshCommands", "MeshCore", "MeshPlatforms", "MeshLinuxPlatform", "MeshFiles", "MeshHomeDirectory",
                "MeshKeyFiles", "MeshLinuxSSH", "MeshSSH", "MeshInMemory", "MeshPortalDirectory", "MeshPortalService",
            ]),
        .executableTarget(
            name: "mesh-vectors",
            dependencies: [
                "MeshVectors",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        .executableTarget(
            name: "first-light",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshSessions", "MeshInMemory", "MeshLinuxPlatform"],
            path: "Examples/FirstLight"),
        .executableTarget(
            name: "guide-tour",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshPortals",
                "MeshProfiles",
                "MeshSessions", "MeshInMemory", "MeshFiles", "MeshLinuxPlatform", "MeshPortalDirectory",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Examples/GuideTour"),

        // Fuzzing: the targets, and the program that fuzzes them (scripts/fuzz) or replays what was found.
        .target(
            name: "MeshFuzzTargets",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshPortals",
                "MeshInMemory",
                "MeshRegistry", "MeshKeyFiles", "MeshSSH", "MeshMail", "MeshSessions",
            ],
            path: "Fuzz/Targets"),
        .target(name: "CFuzzing", path: "Fuzz/CFuzzing"),
        .executableTarget(name: "mesh-fuzz", dependencies: ["CFuzzing", "MeshFuzzTargets"], path: "Fuzz/Driver"),

        // Tests, and what several of them use.
        .target(
            name: "MeshTestSupport", dependencies: ["MeshCore", "MeshEncoding", "MeshPlatforms", "MeshFiles"],
            path: "Tests/MeshTestSupport"),
        .testTarget(name: "MeshCoreTests", dependencies: ["MeshCore"]),
        .testTarget(
            name: "MeshCryptographyTests", dependencies: ["MeshCore", "MeshCryptography", "MeshVectors"],
            exclude: ["generate_vectors.py"], resources: [.copy("Vectors")]),
        .testTarget(
            name: "MeshEncodingTests", dependencies: ["MeshCore", "MeshEncoding", "MeshVectors"],
            resources: [.copy("Vectors")]),
        .testTarget(
            name: "MeshDARETests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshPlatforms", "MeshPlatformTesting", "MeshDARE",
                "MeshInMemory", "MeshVectors",
            ],
            exclude: ["generate_vectors.py"], resources: [.copy("Vectors")]),
        .testTarget(
            name: "MeshStorageTests",
            dependencies: [
                "MeshCore", "MeshEncoding", "MeshPlatforms", "MeshPlatformTesting", "MeshDARE", "MeshInMemory",
                "MeshFiles",
                "MeshHomeDirectory", "MeshTestSupport", "MeshStorageTestSupport", "mesh-dare-exerciser",
            ],
            exclude: ["Support", "Exerciser"]),
        .target(
            name: "MeshStorageTestSupport", dependencies: ["MeshCryptography", "MeshEncoding", "MeshDARE"],
            path: "Tests/MeshStorageTests/Support"),
        // A process of its own for the tests that kill one, or run several.
        .executableTarget(
            name: "mesh-dare-exerciser",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshDARE", "MeshFiles", "MeshStorageTestSupport"],
            path: "Tests/MeshStorageTests/Exerciser"),
        .testTarget(
            name: "MeshPlatformsTests",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshPlatformTesting", "MeshInMemory"]),
        .testTarget(
            name: "MeshInMemoryTests",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshPlatformTesting", "MeshInMemory"]),
        .testTarget(
            name: "MeshFilesTests",
            dependencies: [
                "MeshCore", "MeshEncoding", "MeshPlatforms", "MeshPlatformTesting", "MeshFiles", "MeshHomeDirectory",
                "MeshRegistry", "MeshTestSupport", "mesh-registry-exerciser",
            ],
            exclude: ["Exerciser"]),
        // A process of its own for the tests that kill one, or run several.
        .executableTarget(
            name: "mesh-registry-exerciser",
            dependencies: ["MeshCore", "MeshPlatforms", "MeshFiles", "MeshHomeDirectory", "MeshRegistry"],
            path: "Tests/MeshFilesTests/Exerciser"),
        .testTarget(
            name: "MeshKeyFilesTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshPlatforms", "MeshPlatformTesting", "MeshFiles", "MeshKeyFiles",
                "MeshSSH", "MeshSSHTestSupport",
            ]),
        .target(
            name: "MeshSSHTestSupport", dependencies: ["MeshCore", "MeshPlatforms"], path: "Tests/MeshSSHTests/Support"),
        .testTarget(
            name: "MeshSSHTests",
            dependencies: ["MeshCore", "MeshCryptography", "MeshPlatforms", "MeshSSH", "MeshSSHTestSupport"],
            exclude: ["Support"]),
        .testTarget(
            name: "MeshLinuxSSHTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshDARE", "MeshPlatforms", "MeshPortals", "MeshPortalService",
                "MeshProfiles", "MeshSessions", "MeshInMemory", "MeshFiles", "MeshSSH", "MeshLinuxSSH",
                "MeshSSHTestSupport", "MeshTestSupport",
            ]),
        .testTarget(
            name: "MeshSecretServiceTests",
            dependencies: [
                "MeshCore", "MeshPlatforms", "MeshPlatformTesting",
                .target(name: "MeshSecretService", condition: .when(traits: ["SecretService"])),
            ]),
        .testTarget(
            name: "MeshProfilesTests",
            dependencies: ["MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshProfiles"]),
        .testTarget(
            name: "MeshPortalsTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshProfiles", "MeshPortals",
            ]),
        .testTarget(
            name: "MeshPortalServiceTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshPlatformTesting",
                "MeshProfiles", "MeshPortals", "MeshPortalService", "MeshPortalTesting", "MeshInMemory", "MeshFiles",
                "MeshHomeDirectory", "MeshTestSupport", "mesh-portal-store-exerciser",
            ],
            exclude: ["Exerciser"]),
        // A process of its own for the tests that kill one, or run several.
        .executableTarget(
            name: "mesh-portal-store-exerciser",
            dependencies: [
                "MeshCore", "MeshDARE", "MeshPlatforms", "MeshPortalService", "MeshHomeDirectory",
            ],
            path: "Tests/MeshPortalServiceTests/Exerciser"),
        .testTarget(
            name: "MeshSessionsTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshPlatformTesting",
                "MeshProfiles", "MeshPortals", "MeshPortalService", "MeshSessions", "MeshSSH", "MeshInMemory",
                "MeshLinuxPlatform", "MeshKeyFiles", "MeshFiles", "MeshPortalDirectory", "MeshTestSupport",
            ]),
        .testTarget(
            name: "MeshMailTests",
            dependencies: [
                "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms", "MeshProfiles",
                "MeshPortals", "MeshPortalService", "MeshSessions", "MeshInMemory", "MeshMail", "MeshTestSupport",
            ]),
        .testTarget(
            name: "MeshLightTests",
            dependencies: [
                "MeshCore", "MeshDARE", "MeshPlatforms", "MeshPortals", "MeshPortalService", "MeshProfiles",
                "MeshSessions", "MeshLight", "MeshInMemory", "MeshKeyFiles", "MeshLinuxPlatform",
                "MeshPortalDirectory", "MeshTestSupport",
            ],
            exclude: ["Programs"]),
        .testTarget(name: "MeshFuzzTests", dependencies: ["MeshFuzzTargets", "mesh-fuzz"]),
        .testTarget(
            name: "MeshCommandsTests",
            dependencies: [
                "MeshCommands", "MeshCore", "MeshCryptography", "MeshEncoding", "MeshDARE", "MeshPlatforms",
                "MeshFiles",
                "MeshInMemory", "MeshPortals", "MeshPortalService", "MeshSessions", "MeshLinuxSSH", "MeshSSH",
                "MeshTestSupport",
                "meshclient",
            ],
            exclude: ["Programs"]),
        .testTarget(
            name: "GuideTourTests",
            dependencies: [
                "MeshCore", "MeshEncoding", "MeshPlatforms", "MeshPlatformTesting", "MeshPortals", "MeshPortalService",
                "MeshProfiles",
                "MeshPortalDirectory", "guide-tour",
            ]),
    ],
    swiftLanguageModes: [.v6]
)

// One place for the settings every Swift target shares.
for target in package.targets where ![.system, .plugin].contains(target.type) {
    if ["COpenSSL", "CDecaf", "CX509", "CLinuxFiles", "CFuzzing"].contains(target.name) { continue }
    target.swiftSettings = [
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0335-existential-any.md
        .enableUpcomingFeature("ExistentialAny"),
        // https://github.com/swiftlang/swift-evolution/blob/main/proposals/0444-member-import-visibility.md
        .enableUpcomingFeature("MemberImportVisibility"),
    ]
}
