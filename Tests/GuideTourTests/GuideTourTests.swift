import Foundation
import MeshCore
import MeshEncoding
import MeshPlatformTesting
import MeshPortalDirectory
import MeshPortalService
import MeshPortals
import Testing

/// The guide's program, on machines of every kind.
struct GuideTourTests {
    private static let plainEnvironment = ["PATH": "/usr/bin:/bin", "HOME": "/nonexistent"]

    /// Three machines in one process.
    private func tour(_ machines: [String], environment: [String: String]) async throws {
        let directory = try TourDirectory()
        let end = try TourProcess(
            ["--directory", "\(directory.path)/tour", "--machines", machines.joined(separator: ","), "--json"],
            environment: environment, in: directory.path
        ).end()
        try #require(end.status == 0, "\(machines): \(end.errors)")
        let summary = try JSONValue(parsing: end.output)
        let fingerprint = try #require(summary["fingerprint"]?.string)
        #expect(summary["recovered"]?.string == fingerprint)
        #expect(summary["devices"] == 2)
        try await expectPortal(in: "\(directory.path)/tour", knows: fingerprint)
    }

    /// What the tour has left: the portal, in files, that has the account; and nothing of the machines.
    private func expectPortal(in directory: String, knows fingerprint: String) async throws {
        let service = try await PortalDirectory("\(directory)/portal").open()
        #expect(try await service.accountAddresses() == ["alice@example.com"])
        let files = try FileManager.default.subpathsOfDirectory(atPath: "\(directory)/portal")
        #expect(files.contains("portal.json"))
        #expect(files.contains("stores/\(fingerprint)/MMM_Device.dcat"))
        let credentials = try Data(
            contentsOf: URL(filePath: "\(directory)/portal/stores/\(fingerprint)/MMM_Credential.dcat"))
        #expect(credentials.range(of: Data("correct horse".utf8)) == nil)
        for machine in ["first", "second", "third"] {
            let left = (try? FileManager.default.subpathsOfDirectory(atPath: "\(directory)/\(machine)")) ?? []
            #expect(left.filter { $0.contains("/") }.isEmpty)
        }
    }

    private static func combinations(of kinds: [String]) -> [[String]] {
        kinds.flatMap { first in kinds.flatMap { second in kinds.map { [first, second, $0] } } }
    }

    @Test(arguments: combinations(of: ["memory", "files"]))
    func inOneProcess(machines: [String]) async throws {
        try await tour(machines, environment: Self.plainEnvironment)
    }

    /// Three processes, which share the portal's directory, and the table on which people lay notes for one another.
    private func tourOfProcesses(_ machines: [String], environment: [String: String]) async throws {
        let directory = try TourDirectory()
        let place = "\(directory.path)/tour"
        let roles = zip(["third", "second", "first"], machines.reversed())
        let processes = try roles.map { role, machine in
            try TourProcess(
                [role, "--directory", place, "--machine", machine, "--json"], environment: environment,
                in: directory.path)
        }
        var fingerprints: Set<String> = []
        for process in processes {
            let end = try process.end()
            #expect(end.status == 0, "\(machines): \(end.errors)")
            if let summary = try? JSONValue(parsing: end.output), let found = summary["fingerprint"]?.string {
                fingerprints.insert(found)
            }
        }
        #expect(fingerprints.count == 1)
        try await expectPortal(in: place, knows: try #require(fingerprints.first))
        // No share stays on the table.
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(place)/table").isEmpty)
    }

    @Test(arguments: [["memory", "memory", "memory"], ["files", "files", "files"], ["memory", "files", "memory"]])
    func inThreeProcesses(machines: [String]) async throws {
        try await tourOfProcesses(machines, environment: Self.plainEnvironment)
    }

    #if SecretService
        @Test func withTheKeyring() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let all = Self.combinations(of: ["memory", "files", "keyring"]).filter { $0.contains("keyring") }
            #expect(all.count == 19)
            for machines in all { try await tour(machines, environment: keyring.environment) }
            try await tourOfProcesses(["keyring", "keyring", "keyring"], environment: keyring.environment)
            try await tourOfProcesses(["files", "keyring", "memory"], environment: keyring.environment)
        }
    #endif

    @Test func aPlaceWithoutAPortalIsNamed() async throws {
        let directory = try TourDirectory()
        let end = try TourProcess(
            ["--directory", directory.path, "--machines", "memory,files"], environment: Self.plainEnvironment,
            in: directory.path
        ).end()
        #expect(end.status == 64)
        #expect(end.errors.contains("wants three"))
    }
}
