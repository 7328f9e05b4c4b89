import MeshCommands
import MeshCore
import MeshDARE
import MeshInMemory
import MeshPortalService
import Synchronization
import Testing

/// What a person is told when the disk of the portal is full: whose disk, what happened, what to do.
struct FullPortalTests {
    @Test func aFullDiskIsToldAsWhatItIs() async throws {
        let store = FullStore()
        let service = try await PortalService.open(domain: "example.com", store: store, keys: InMemoryKeyStore())
        var tool = Tool(portalVariable: "dir:/portal")
        tool.adjusting = { $0.openPortal = { _, _ in service } }
        #expect(await tool("account", "create", "alice@example.com").status == 0)
        #expect(await tool("bookmark", "add", "https://a.example").status == 0)
        store.isFull = true
        let run = await tool("sync")
        #expect(run.status == ToolStatus.portalUnreachable.rawValue)
        #expect(
            run.errors == """
                meshclient: The disk of the portal is full: what was sent is not kept there.
                Have whoever runs the portal make space on its disk, then try again; what was not sent waits here.

                """)
        store.isFull = false
        #expect(await tool("sync").status == 0)
        #expect(await tool("bookmark", "list").output.contains("not sent yet") == false)
    }
}

/// A store in memory that has no space for a while.
private final class FullStore: PortalStore {
    let name = "memory"
    let isShared = false
    private let base = InMemoryPortalStore()
    private let full = Mutex(false)

    var isFull: Bool {
        get { full.withLock { $0 } }
        set { full.withLock { $0 = newValue } }
    }

    private func check() throws {
        if isFull { throw PortalStoreError(.full, "There is no space.") }
    }

    func record(_ key: String, in partition: PortalPartition) async throws -> PortalRecord? {
        try await base.record(key, in: partition)
    }
    func records(
        _ prefix: String, after: String?, limit: Int, in partition: PortalPartition
    ) async throws -> [PortalRecord] {
        try await base.records(prefix, after: after, limit: limit, in: partition)
    }
    func commit(_ changes: [PortalChange], in partition: PortalPartition) async throws {
        try check()
        try await base.commit(changes, in: partition)
    }
    func state(of log: String, in partition: PortalPartition) async throws -> PortalLogState {
        try await base.state(of: log, in: partition)
    }
    func frames(
        of log: String, from first: Int, limit: Int, octets: Int, in partition: PortalPartition
    ) async throws -> [[UInt8]] {
        try await base.frames(of: log, from: first, limit: limit, octets: octets, in: partition)
    }
    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, in partition: PortalPartition
    ) async throws -> PortalLogState {
        try check()
        return try await base.append(frames, to: log, expecting: count, in: partition)
    }
    func remove(_ partition: PortalPartition) async throws -> Bool { try await base.remove(partition) }
}
