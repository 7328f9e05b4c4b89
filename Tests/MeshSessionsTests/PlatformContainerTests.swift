import Foundation
import MeshCore
import MeshDARE
import MeshHomeDirectory
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatforms
import MeshSessions
import Testing

/// Catalogs in the containers that a platform gives.
struct PlatformContainerTests {
    static let account = UDF(type: .digestSHA2, value: [UInt8](repeating: 5, count: 32))
    static let connection = UDF(type: .digestSHA2, value: [UInt8](repeating: 6, count: 32))

    /// Adds two contacts and a connection through `machine`, and gives the catalog of contacts, still open.
    private func fill(_ machine: any MeshPlatform) async throws -> EntryCatalog<CatalogedContact> {
        try await BlockingCalls(store: "containers").run(deadline: .seconds(20)) {
            let directory = try #require(try machine.containers.directory(of: Self.account, create: true))
            let contacts = try EntryCatalog<CatalogedContact>.openOrCreate(in: directory)
            try contacts.put(CatalogedContact(key: "bob"))
            try contacts.put(CatalogedContact(key: "carol"))
            let host = try HostCatalog.openOrCreate(in: try #require(try machine.containers.root(create: true)))
            try host.put(CatalogedMachine(.standard, id: Self.connection.text))
            return contacts
        }
    }

    /// Finds what ``fill(_:)`` has added.
    private func expectFilled(_ machine: any MeshPlatform) async throws {
        try await BlockingCalls(store: "containers").run(deadline: .seconds(20)) {
            #expect(try machine.containers.accounts() == [Self.account])
            let directory = try #require(try machine.containers.directory(of: Self.account, create: false))
            let contacts = try #require(try EntryCatalog<CatalogedContact>.open(in: directory, .read))
            #expect(try contacts.items().compactMap(\.entry) == ["bob", "carol"].map { CatalogedContact(key: $0) })
            let root = try #require(try machine.containers.root(create: false))
            let host = try #require(try HostCatalog.open(in: root, .read))
            #expect(try host.find(id: Self.connection)?.kind == .standard)
        }
    }

    /// Erases `machine`; a writer with an open catalog notices.
    private func erase(_ machine: any MeshPlatform, noticedBy writer: EntryCatalog<CatalogedContact>) async throws {
        try await machine.eraseTestData()
        await #expect(throws: (any Error).self) {
            try await BlockingCalls(store: "containers").run(deadline: .seconds(20)) {
                try writer.put(CatalogedContact(key: "dave"))
            }
        }
        try await BlockingCalls(store: "containers").run(deadline: .seconds(20)) {
            #expect(try machine.containers.accounts().isEmpty)
            let names = try machine.containers.root(create: false)?.names()
            #expect((names ?? []).isEmpty)
        }
    }

    @Test func onARealHomeAnotherPlatformReadsWhatOneWrote() async throws {
        let temporary = try TemporaryDirectory()
        func open() async throws -> LinuxPlatform {
            try await MeshLinux.initialize(
                test: "containers", keyStore: KeyFileStore.clearName, environment: ["MESH_TEST_HOME": temporary.path])
        }
        let machine = try await open()
        let writer = try await fill(machine)
        try await expectFilled(try await open())
        let home = "\(temporary.path)/containers"
        for path in ["host.dare", "stores/\(Self.account.text)/MMM_Contact.dcat"] {
            #expect(FileManager.default.fileExists(atPath: "\(home)/\(path)"))
        }
        try await erase(machine, noticedBy: writer)
        #expect(!FileManager.default.fileExists(atPath: home))
    }

    @Test func inMemoryToo() async throws {
        let containers = InMemoryContainerStore()
        let machine = MeshMachineCached(containers: containers)
        let writer = try await fill(machine)
        try await expectFilled(MeshMachineCached(containers: containers.reopened()))
        #expect(try MeshMachineCached().containers.accounts().isEmpty)
        #expect(try containers.reopened(in: .test("other")).accounts().isEmpty)
        try await erase(machine, noticedBy: writer)
        // The same machine goes on working.
        _ = try await fill(machine)
        try await expectFilled(machine)
    }

    @Test func containersElsewhereAreErasedWithTheMachine() async throws {
        let temporary = try TemporaryDirectory()
        let home = temporary.home()
        let machine = LinuxPlatform(
            home: home, keys: InMemoryKeyStore(mode: home.mode), containers: InMemoryContainerStore(mode: home.mode))
        try await erase(machine, noticedBy: try await fill(machine))
    }

    @Test func erasingWaitsForWhoAppendsAndRefusesProduction() async throws {
        for mode in [PlatformMode.test("memory"), .production] {
            let store = InMemoryContainerStore(mode: mode)
            let root = try #require(try store.root(create: true))
            try root.createFile("host.dare", with: [1])
            let writer = try #require(try root.openSidecar("host.dare", .append))
            try writer.acquire(.append, until: .now)
            let code: PlatformError.Code = mode == .production ? .productionRefused : .timedOut
            await #expect(throws: PlatformError(code, store: "", "")) {
                try await store.eraseTestData(options: CallOptions(deadline: .milliseconds(20)))
            }
            #expect(try root.names() == ["host.dare"])
            writer.release(.append)
        }
    }
}
