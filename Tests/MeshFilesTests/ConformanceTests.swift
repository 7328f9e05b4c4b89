import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatformTesting
import MeshPlatforms
import MeshRegistry
import MeshTestSupport
import Testing

/// The parts that are kept in files keep the contracts.
@Suite struct FileConformanceTests {
    static func home(_ scratch: Scratch, _ mode: PlatformMode) -> HomeDirectory {
        HomeDirectory(mode: mode, path: "\(scratch.path)/\(mode)")
    }

    static func registry(_ scratch: Scratch, _ mode: PlatformMode = .test("t")) -> JSONRegistry {
        let home = home(scratch, mode)
        return JSONRegistry(mode: mode, path: home.path) { try home.root(create: $0) }
    }

    @Test(arguments: RegistryConformance.Case.allCases)
    func registry(_ rule: RegistryConformance.Case) async throws {
        let scratch = try Scratch()
        let suite = RegistryConformance(name: "JSON file", allowsProduction: true) { Self.registry(scratch, $0) }
        #expect(try await suite.run(rule) == .passed)
    }

    @Test(arguments: ProfileStoreConformance.Case.allCases)
    func profileStore(_ rule: ProfileStoreConformance.Case) async throws {
        let scratch = try Scratch()
        let suite = ProfileStoreConformance(name: "profile files", allowsProduction: true) {
            FileProfileStore(Self.home(scratch, $0))
        }
        #expect(try await suite.run(rule) == .passed)
    }

    @Test(arguments: ContainerStoreConformance.Case.allCases)
    func containerStore(_ rule: ContainerStoreConformance.Case) async throws {
        let scratch = try Scratch()
        let suite = ContainerStoreConformance(name: "container files", allowsProduction: true) {
            FileContainerStore(Self.home(scratch, $0))
        }
        #expect(try await suite.run(rule) == .passed)
    }

    @Test(arguments: ContainerConformance.Case.allCases)
    func containers(_ rule: ContainerConformance.Case) async throws {
        let scratch = try Scratch()
        let suite = ContainerConformance(name: "container files") { mode in
            let store = FileContainerStore(Self.home(scratch, mode))
            return try #require(try store.directory(of: ContainerStoreTests.account, create: true))
        }
        #expect(try await suite.run(rule) == .passed)
    }
}
