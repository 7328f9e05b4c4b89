import Glibc
import MeshCore
import MeshFiles
import MeshPlatforms
import MeshTestSupport
import Synchronization
import Testing

@Suite struct FileLockTests {
    @Test func `K13: threads exclude each other, through one value and through several spellings of the path`()
        async throws
    {
        let scratch = try Scratch()
        _ = try Directory.open("\(scratch.path)/a", create: true)
        #expect(symlink(scratch.path, "\(scratch.path)/self") == 0)
        let spellings = ["\(scratch.path)/a", "\(scratch.path)/self/a", "\(scratch.path)/./a/../a"]
        final class Counts: Sendable {
            let inside = Atomic<Int>(0)
            let breaches = Atomic<Int>(0)
            let total = Atomic<Int>(0)
        }
        let counts = Counts()
        let calls = BlockingCalls(store: "test")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for spelling in spellings + spellings {
                let lock = FileLock("l.lock", in: try #require(try Directory.open(spelling, create: false)))
                group.addTask {
                    try await calls.run(deadline: .seconds(30)) {
                        for _ in 0..<100 {
                            try lock.withLock(until: .now + .seconds(30)) {
                                if counts.inside.add(1, ordering: .relaxed).newValue != 1 {
                                    counts.breaches.add(1, ordering: .relaxed)
                                }
                                sched_yield()
                                counts.inside.subtract(1, ordering: .relaxed)
                                counts.total.add(1, ordering: .relaxed)
                            }
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(counts.total.load(ordering: .relaxed) == 600)
        #expect(counts.breaches.load(ordering: .relaxed) == 0)
        #expect(scratch.mode("a/l.lock") == 0o600)
    }

    @Test func `K14: a held lock ends the wait at the deadline, with its name, and abandonment ends it at once`() throws
    {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let lock = FileLock("l.lock", in: directory)
        try lock.withLock(until: .now) {
            let error = #expect(throws: PlatformError.self) { try lock.withLock(until: .now + .milliseconds(5)) {} }
            #expect(error?.code == .timedOut)
            #expect(error?.store == directory.path(of: "l.lock"))
            let abandonment = Abandonment()
            abandonment.abandon()
            #expect(throws: CancellationError.self) {
                try lock.withLock(until: .now + .seconds(60), abandonment: abandonment) {}
            }
        }
        try lock.withLock(until: .now) {}
    }

    @Test func `Closing other descriptors of the lock file does not release it`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        let lock = FileLock("l.lock", in: directory)
        try lock.withLock(until: .now) {
            for _ in 0..<10 { close(Glibc.open("\(scratch.path)/l.lock", O_RDWR)) }
            #expect(code { try lock.withLock(until: .now) {} } == .timedOut)
        }
    }

    @Test func `The lock is given back when the body throws`() throws {
        let scratch = try Scratch()
        let lock = FileLock("l.lock", in: try scratch.open())
        #expect(throws: CancellationError.self) {
            try lock.withLock(until: .now) { throw CancellationError() }
        }
        #expect(code { try lock.withLock(until: .now) {} } == nil)
    }
}

@Suite struct DurableFileTests {
    @Test func `Appended octets come back, and a cut file ends where it was cut`() throws {
        let scratch = try Scratch()
        let directory = try scratch.open()
        #expect(try directory.openFile("j", create: false) == nil)
        let file = try #require(try directory.openFile("j", create: true))
        try file.append([1, 2, 3], at: 0)
        try file.append([4, 5], at: 3)
        #expect(try file.read(at: 0, count: 100) == [1, 2, 3, 4, 5])
        #expect(try file.read(at: 3, count: 1) == [4])
        #expect(try file.read(at: 50, count: 1) == [])
        try file.truncate(to: 1)
        let again = try #require(try directory.openFileForReading("j"))
        #expect(try again.read(at: 0, count: 9) == [1])
        #expect(again.identity == file.identity)
        #expect(try again.status().size == 1)
        #expect(code { try again.append([1], at: 1) } != nil)
        #expect(scratch.mode("j") == 0o600)
        #expect(try directory.names() == ["j"])
    }
}
