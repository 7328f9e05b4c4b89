import Glibc
import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// Who waits for a lock that others take again and again.
@Suite(.serialized) struct LockTurnTests {
    @Test func `Who gives back a lock lets the one go first who waits, but not if that one is stopped`() async throws {
        let root = try LogRoot()
        try await root.create()
        try await BlockingCalls(store: "turns").run(deadline: .seconds(120)) {
            for lock in ContainerLock.allCases { try Self.passBy(lock, root) }
        }
        var judge = try root.judge([1, 2])
        for writer in [UInt32(11), 12] { judge.claims[writer] = .init(acknowledged: 20, begun: 20) }
        #expect(try root.faults(judge) == [])
    }

    private static func passBy(_ lock: ContainerLock, _ root: LogRoot) throws {
        let log = try root.log()
        let sidecar = try #require(try root.directory().openSidecar("log", .append))
        let writer = lock == .append ? 1 : 2
        try sidecar.acquire(lock, until: .now + .seconds(10))
        let child = try RunningChild([Child.exerciser] + root.arguments(writer, 1, "record"))
        while try !isShut(lock, root) { sched_yield() }
        child.stop()
        sidecar.release(lock)
        // Nobody has the lock, and one waits for it.
        let isTaken = try sidecar.tryAcquire(lock)
        #expect(!isTaken)
        if isTaken { sidecar.release(lock) }
        for number in UInt32(0)..<20 {
            try log.append(durability: .grouped, until: .now + .seconds(10)) {
                $0.add(TestRecord(writer: UInt32(writer) + 10, number: number).encoded(size: 100))
            }
        }
        child.send(SIGCONT)
        let end = try child.end()
        #expect(end.code == 0, "\(end.output)")
    }

    /// Whether the system says that somebody has the gate of `lock`: the octet behind that of the lock itself.
    private static func isShut(_ lock: ContainerLock, _ root: LogRoot) throws -> Bool {
        var status = stat()
        guard stat("\(root.path)/locks/log.lock", &status) == 0, let file = fopen("/proc/locks", "r") else {
            throw PlatformError(.unavailable, store: "/proc/locks", "The locks cannot be looked at.")
        }
        defer { fclose(file) }
        let gate = lock == .append ? 1 : 3
        var line = [CChar](repeating: 0, count: 512)
        while fgets(&line, 512, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\n" }
            if text.contains("OFDLCK"), words.suffix(2) == ["\(gate)", "\(gate)"],
                words.contains(where: { $0.hasSuffix(":\(status.st_ino)") })
            {
                return true
            }
        }
        return false
    }
}
