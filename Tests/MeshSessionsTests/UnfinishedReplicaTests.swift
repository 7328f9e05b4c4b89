import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshProfiles
import MeshSessions
import Testing

/// A machine that lost power while it took over what the portal has.
struct UnfinishedReplicaTests {
    @Test func `A run of which a power cut has left the first frames is received again`() async throws {
        let home = try await Household()
        let machine = home.machine()
        let alice = try await home.session(machine).createAccount("alice@example.com")
        func add(_ count: Int, _ name: String) async throws {
            let entries = (0..<count).map { number in
                var entry = CatalogedCredential()
                entry.service = "\(name)\(number).example"
                entry.username = "alice"
                return entry
            }
            try await alice.store(.credential).add(entries)
            _ = try await alice.sync()
        }
        try await add(2, "first")
        let directory = try #require(try machine.containers.directory(of: alice.udf, create: false))
        let name = StoreName.credential.fileName
        func frames() throws -> [[UInt8]] {
            try #require(try DARESequence.open(name, in: directory, .read)).frameOctets(from: 0)
        }
        let before = try frames()
        try await add(6, "second")
        let after = try frames()
        #expect(after.count == before.count + 6)
        for part in 1..<6 {
            #expect(try directory.remove(name))
            try directory.createFile(name, with: Array(after[..<(before.count + part)].joined()))
            // What stands there of the run is not shown, as nobody has verified it.
            if part % 2 == 0 { #expect(try await alice.store(.credential).entries().count == 2) }
            #expect(try await alice.sync().received[.credential] == 6)
            #expect(try await alice.store(.credential).entries().count == 8)
            #expect(try frames() == after)
        }
    }
}
