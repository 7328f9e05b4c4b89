import Glibc
import MeshDARE
import MeshFiles
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// A log that processes work on.
final class LogRoot: Sendable {
    let scratch: Scratch
    let path: String

    init() throws {
        scratch = try Scratch()
        path = "\(scratch.path)/stores"
    }

    func claims(_ writer: Int) -> String { "\(scratch.path)/claims-\(writer)" }

    func arguments(
        _ writer: Int, _ count: Int, _ durability: String, size: Int = 200, batch: Int = 1, path: String? = nil
    ) -> [String] {
        [
            path ?? self.path, "append", "log", "\(writer)", "\(count)", durability, "\(size)", "\(batch)",
            claims(writer),
        ]
    }

    /// The same through a buffer.
    func buffering(_ writer: Int, _ count: Int, size: Int = 200, capacity: Int, path: String? = nil) -> [String] {
        [path ?? self.path, "buffer", "log", "\(writer)", "\(count)", "\(size)", "\(capacity)", claims(writer)]
    }

    func create() async throws {
        let end = try await Child.exercise([], [path, "create", "log"])
        try #require(end.code == 0, "\(end.output)")
    }

    /// Where the log is.
    func directory() throws -> LinuxContainerDirectory {
        LinuxContainerDirectory(try #require(try Directory.open(path, create: true)))
    }

    /// Tells a writer to stop.
    func stop(_ writer: Int) {
        let descriptor = Glibc.open(claims(writer), O_WRONLY | O_CREAT, 0o600)
        defer { close(descriptor) }
        while pwrite(descriptor, [1], 1, 8) != 1 {}
    }

    /// The log called `name`, opened by this process.
    func log(_ name: String = "log") throws -> FrameLog {
        try #require(try FrameLog.open(name, in: directory(), isIntact: TestRecord.isIntact))
    }

    /// What the writers say, read from their files.
    func judge(_ writers: some Sequence<Int>) throws -> StorageJudge {
        var judge = StorageJudge()
        for writer in writers {
            let octets = try #require(try read("claims-\(writer)", in: scratch.open()))
            func value(_ start: Int) -> UInt32 {
                octets.dropFirst(start).prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
            }
            judge.claims[UInt32(writer)] = .init(acknowledged: value(0), begun: value(4))
        }
        return judge
    }

    /// Opens the log as the next process would, and lets the judge look at it.
    func faults(_ writers: some Sequence<Int>) throws -> [String] { try faults(try judge(writers)) }

    /// As ``faults(_:)-(Sequence)``, for these claims.
    func faults(_ judge: StorageJudge) throws -> [String] {
        var judge = judge
        let log = try log()
        // The next append works, and cuts off what a killed one has left.
        try log.append(durability: .record, until: .now + .seconds(10)) { batch in
            batch.add(TestRecord(writer: 1_000_000, number: 0).encoded(size: 10))
        }
        judge.claims[1_000_000] = .init(acknowledged: 1, begun: 1)
        let directory = try #require(try Directory.open(path, create: false))
        return judge.faults(of: try #require(try read("log", in: directory)))
    }

    private func read(_ name: String, in directory: Directory) throws -> [UInt8]? {
        try directory.readFile(name, limit: 1 << 30)
    }
}
