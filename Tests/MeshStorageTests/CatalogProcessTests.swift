import Glibc
import MeshDARE
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// A process that works on a catalog and is killed.
@Suite struct CatalogProcessTests {
    private func content(_ root: LogRoot, _ access: ContainerAccess) throws -> [String: String]? {
        guard let catalog = try Catalog.open("c", in: root.directory(), access) else { return nil }
        var content: [String: String] = [:]
        for key in try catalog.keys {
            let record = try #require(try catalog.find(key))
            content[key] = String(decoding: try catalog.content(of: record), as: UTF8.self)
        }
        return content
    }

    @Test(.enabled(if: Child.canTrace), arguments: LogProcessTests.calls)
    func `Killed at any system call of transactions and compactions, a catalog has each of them whole or not at all`(
        call: String
    ) async throws {
        for number in 1...1000 {
            let root = try LogRoot()
            let arguments = [root.path, "catalog", "c", "5", root.claims(1)]
            let end = try await Child.exercise(LogProcessTests.tracer(call, "signal=KILL", number, root), arguments)
            let claim = try root.judge(access(root.claims(1), F_OK) == 0 ? [1] : []).claims[1]
            let (acknowledged, begun) = (claim?.acknowledged ?? 0, claim?.begun ?? 0)
            // A reader comes first: it sees the same as a writer, which clears up.
            let read = try content(root, .read)
            let written = try content(root, .append)
            #expect(read == written, "killed at \(call) \(number)")
            let count = UInt32(written?["count"] ?? "0") ?? .max
            #expect(acknowledged...begun ~= count, "killed at \(call) \(number)")
            let whole = count == 0 ? [:] : ["count": "\(count)", "entry \(count)": "\(count)"]
            #expect(written ?? [:] == whole, "killed at \(call) \(number)")
            #expect(try !root.directory().names().contains("c.new"), "killed at \(call) \(number)")
            // The next one goes on.
            try Catalog.openOrCreate("c", in: root.directory()).transact(durability: .record) {
                try $0.put("count", CatalogFrame([1]))
            }
            if end.signal == 0, end.code == 0 {
                #expect(count == 5)
                // Fewer would mean that the tracer did not see the work.
                if ["pwrite64", "fdatasync", "fcntl", "renameat2"].contains(call) { #expect(number > 3) }
                return
            }
            #expect(end.signal == SIGKILL || end.code == 128 + SIGKILL, "\(call) \(number): \(end.output)")
        }
        Issue.record("it did not come to its end")
    }
}
