import MeshDARE
import MeshEncoding
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// A damaged file on the disk, after a restart of the machine.
@Suite struct RestartTests {
    private let setting: FrameLogTests.Setting
    private let scratch: Scratch

    init() throws {
        setting = try FrameLogTests.Setting(.disk)
        scratch = try #require(setting.scratch)
    }

    /// Lets the words of the lock file be those of another run of the machine.
    private func restart() throws {
        let lock = try #require(try scratch.open().subdirectory("locks", create: false))
        var words = try #require(try lock.readFile("log.lock", limit: 4096))
        words[0] ^= 1
        try lock.replaceFile("log.lock", with: words)
    }

    /// Sets the first whole sector behind `place` to zeros.
    private func punch(behind place: Int) throws {
        let file = try #require(try setting.directory.openFile("log", .append))
        try [UInt8](repeating: 0, count: 512).withUnsafeBytes { try file.write($0, at: (place + 511) / 512 * 512) }
    }

    @Test func `A file that is shorter than it was durable is refused after a restart, until its lock file is gone`()
        throws
    {
        var ends: [Int] = []
        do {
            let log = try setting.create()
            for number in UInt32(0)..<3 {
                try FrameLogTests.append(log, number..<number + 1, .grouped)
                ends.append(try log.refresh())
            }
        }
        try #require(try setting.directory.openFile("log", .append)).truncate(to: ends[1])
        try restart()
        for access in [ContainerAccess.read, .append, .read] {
            #expect(throws: DAREError(.recordsLost, "")) { _ = try setting.open(access).refresh() }
        }
        #expect(try setting.octets().count == ends[1])
        let lock = try #require(try scratch.open().subdirectory("locks", create: false))
        #expect(try lock.removeFile("log.lock"))
        #expect(try setting.open().refresh() == ends[1])
    }

    /// The file is sparse: it takes no room on the disk.
    @Test func `Holes are found however much was not durable`() throws {
        let end: Int
        do {
            let log = try setting.create()
            try FrameLogTests.append(log, 0..<1, .grouped)
            end = try log.refresh()
        }
        let file = try #require(try setting.directory.openFile("log", .append))
        let record = JBCDFrame.encode(TestRecord(writer: 1, number: 1).encoded(size: 2000))
        try record.withUnsafeBytes { try file.write($0, at: end) }
        try punch(behind: end + 100)
        // A frame of 65 MiB behind it, of which only the ends are written.
        var large = JBCDFrame.encode([[UInt8](repeating: 7, count: 65 << 20)])
        let start = end + record.count
        try large[..<4096].withUnsafeBytes { try file.write($0, at: start) }
        try large[(large.count - 4096)...].withUnsafeBytes { try file.write($0, at: start + large.count - 4096) }
        large = []
        try restart()
        #expect(try setting.open(.read).refresh() == end)
    }

    @Test func `Where it was durable, nothing is cut off; without lock file nothing with whole frames behind it`()
        throws
    {
        var ends: [Int] = []
        do {
            let log = try setting.create()
            for number in UInt32(0)..<6 {
                try FrameLogTests.append(log, number..<number + 1, size: 2000, .grouped)
                ends.append(try log.refresh())
            }
        }
        // Two more frames, of a program that knows nothing of words; the first has a hole.
        for number in UInt32(6)..<8 {
            try setting.scribble(JBCDFrame.encode(TestRecord(writer: 1, number: number).encoded(size: 2000)))
        }
        try punch(behind: ends[5] + 100)
        try punch(behind: ends[1] + 100)
        let octets = try setting.octets()
        try restart()
        let log = try setting.open()
        #expect(try log.refresh() == ends[5])
        #expect(try setting.octets() == Array(octets[..<ends[5]]))
        #expect(try setting.octets("log.torn-1") == Array(octets[ends[5]...]))
        try FrameLogTests.append(log, 6..<7, size: 2000, .grouped)
        // Nobody has it open, and the lock file goes.
        let whole = try setting.octets()
        let lock = try #require(try scratch.open().subdirectory("locks", create: false))
        #expect(try lock.removeFile("log.lock"))
        do {
            _ = try setting.open()
            Issue.record("it was opened")
        } catch let error as DAREError {
            #expect(
                error.code == .malformed && error.remedy != nil && error.message.contains(" \(ends[1]):"), "\(error)")
        }
        #expect(try setting.octets() == whole)
    }
}
