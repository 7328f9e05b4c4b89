import MeshCore
import MeshPlatformTesting
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

/// Both stores keep the contract of every key store.
struct KeyFileConformanceTests {
    /// A root for every mode, as a home directory has.
    private final class Roots: Sendable {
        let directory: TemporaryDirectory
        init() throws { directory = try TemporaryDirectory() }
        func root(_ mode: PlatformMode) -> String { directory.file("\(mode)") }
    }

    @Test(arguments: KeyStoreConformance.Case.allCases)
    func sealed(_ rule: KeyStoreConformance.Case) async throws {
        let roots = try Roots()
        let kit = KeyStoreConformance(name: "files", allowsProduction: true, restart: {}) { mode in
            let store = KeyFileStore(
                root: roots.root(mode), mode: mode,
                sealing: .passphrase(GivenPassphrase(passphrase("correct horse")), cost: try #require(smallCost)))
            try await store.unlock(.withoutPrompt, options: CallOptions(deadline: .seconds(300)))
            return store
        }
        let outcome = try await kit.run(rule)
        if rule != .muteProvider { #expect(outcome == .passed) }
    }

    @Test(arguments: KeyStoreConformance.Case.allCases)
    func clear(_ rule: KeyStoreConformance.Case) async throws {
        let roots = try Roots()
        let kit = KeyStoreConformance(name: "files-clear", allowsProduction: true, restart: {}) { mode in
            KeyFileStore(root: roots.root(mode), mode: mode, sealing: .clear)
        }
        let outcome = try await kit.run(rule)
        if rule != .muteProvider { #expect(outcome == .passed) }
    }

    /// All modes in one root: the mode inside the file is what keeps them apart then.
    @Test func modesInOneRootAreToldApart() async throws {
        let directory = try TemporaryDirectory()
        let item = try newItem()
        try await directory.clear(mode: .test("one")).put([1], as: item)
        let other = directory.clear(mode: .test("two"))
        #expect(await code { _ = try await other.get(item) } == .corrupt)
        #expect(await code { _ = try await other.remove(item.identifier) } == .corrupt)
        #expect(await code { try await other.put([2], as: item, .always) } == .corrupt)
        #expect(try await directory.clear(mode: .test("one")).get(item) == [1])
    }
}
