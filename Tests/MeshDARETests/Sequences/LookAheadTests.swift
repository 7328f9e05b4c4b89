import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Synchronization
import Testing

@testable import MeshDARE

/// What it costs to look for frames behind octets that are none.
@Suite struct LookAheadTests {
    /// Counts the octets that are read of a file.
    private final class CountingFile: ContainerFile {
        private let inner: any ContainerFile
        private let counter: Atomic<Int>
        var path: String { inner.path }
        var identity: UInt64 { inner.identity }
        var count: Int { counter.load(ordering: .relaxed) }

        init(_ inner: any ContainerFile) {
            self.inner = inner
            counter = Atomic(0)
        }

        func length() throws -> Int { try inner.length() }
        func isCurrent() throws -> Bool { try inner.isCurrent() }
        func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
            let count = try inner.read(at: offset, into: buffer)
            counter.add(count, ordering: .relaxed)
            return count
        }
        func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws { try inner.write(octets, at: offset) }
        func truncate(to length: Int) throws { try inner.truncate(to: length) }
        func synchronize() throws { try inner.synchronize() }
    }

    /// A directory of one file, the reads of which are counted.
    private final class CountingDirectory: ContainerDirectory {
        private let inner = InMemoryContainerDirectory()
        let file: CountingFile
        var path: String { inner.path }

        init(_ octets: [UInt8]) throws {
            try inner.createFile("log", with: octets)
            file = CountingFile(try #require(try inner.openFile("log", .append)))
        }

        func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
            name == "log" ? file : try inner.openFile(name, access)
        }
        func createFile(_ name: String, with octets: [UInt8]) throws { try inner.createFile(name, with: octets) }
        func exchange(_ name: String, with other: String) throws { try inner.exchange(name, with: other) }
        func rename(_ name: String, to newName: String) throws { try inner.rename(name, to: newName) }
        func remove(_ name: String) throws -> Bool { try inner.remove(name) }
        func synchronize() throws { try inner.synchronize() }
        func names() throws -> [String] { try inner.names() }
        func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
            try inner.subdirectory(name, create: create)
        }
        func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
            try inner.openSidecar(name, access)
        }
    }

    private func sequence() throws -> [UInt8] {
        let directory = InMemoryContainerDirectory()
        let sequence = try DARESequence.create("log", in: directory, SequenceOptions(.merkle))
        for index in 1...3 { try sequence.append(FrameContent([UInt8(index)])) }
        return try directory.octets("log")
    }

    /// Frames in frames, that many.
    private func nested(_ depth: Int) -> [UInt8] {
        var (heads, tails): ([[UInt8]], [UInt8]) = ([], [])
        var size = 1
        for _ in 0..<depth {
            var head: [UInt8] = []
            let content = JBCDFrame.recordSize(size)
            JBCDFrame.appendFrameHead(content, to: &head)
            JBCDFrame.appendRecordHead(size, to: &head)
            heads.append(head)
            JBCDFrame.appendFrameTail(content, to: &tails)
            size = JBCDFrame.Extent(contentSize: content).frameSize
        }
        return heads.reversed().flatMap { $0 } + [7] + tails
    }

    @Test("A tail of frames in frames is refused before it has taken long", arguments: [20_000, 80_000])
    func frames(depth: Int) throws {
        let tail = [0, 0, 0] + nested(depth)
        let directory = try CountingDirectory(try sequence() + tail)
        #expect(throws: DAREError(.malformed, "")) {
            try FrameLog.open("log", in: directory, isIntact: FrameRecovery.checkup)
        }
        // Looking at each of them would take `depth` times half the tail.
        #expect(directory.file.count < 100 << 20 && tail.count * depth / 2 > 2 << 30, "\(directory.file.count) octets")
        #expect(try directory.names() == ["log"])
    }

    @Test("A tail without frames is looked through a few times", arguments: [false, true])
    func noFrames(isZero: Bool) throws {
        var random = SplitMix(Torture.seed)
        let tail = [0] + (0..<1 << 20).map { _ in isZero ? 0 : UInt8.random(in: 0...255, using: &random) }
        let octets = try sequence()
        let directory = try CountingDirectory(octets + tail)
        let log = try #require(try FrameLog.open("log", in: directory, isIntact: FrameRecovery.checkup))
        #expect(directory.file.count < 5 * tail.count, "\(directory.file.count) octets, seed \(Torture.seed)")
        #expect(try log.refresh() == octets.count)
        #expect(try directory.names() == (isZero ? ["log"] : ["log", "log.torn-1"]))
    }
}
