import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import MeshPortalService
import MeshPortalTesting
import MeshTestSupport
import Testing

/// The stores of this package keep the contract.
@Suite struct PortalStoreConformanceTests {
    @Test func `A store in memory conforms`() async throws {
        let stores = PortalStoresByMode()
        let report = await PortalStoreConformance(name: "memory") { stores[$0] }.runAll()
        #expect(report.isConforming, "\(report)")
        #expect(report.skipped.isEmpty)
    }

    @Test func `A store in files conforms`() async throws {
        let scratch = try Scratch()
        let report = await PortalStoreConformance(name: "files") { mode in
            let home = HomeDirectory(mode: mode, path: "\(scratch.path)/\(mode)")
            return DAREPortalStore(FileContainerStore(home), openPartitions: 2)
        }.runAll()
        #expect(report.isConforming, "\(report)")
        #expect(report.skipped.isEmpty)
    }

    @Test func `A store of files in memory conforms`() async throws {
        let containers = InMemoryContainerStore()
        let report = await PortalStoreConformance(name: "files in memory", histories: 200) { mode in
            DAREPortalStore(containers.reopened(in: mode))
        }.runAll()
        #expect(report.isConforming, "\(report)")
    }
}
