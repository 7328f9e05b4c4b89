import Glibc
import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport
import MeshTestSupport
import Testing

/// Several processes on one log, killed ones, and a system that fails.
@Suite(.serialized) struct LogProcessTests {
    /// Whether there is time for all of it.
    static let isLong = getenv("MESH_TORTURE") != nil

    static let calls = [
        "openat", "mkdirat", "pwrite64", "fsync", "fdatasync", "renameat2", "ftruncate", "fcntl", "futex",
    ]

    static func tracer(_ call: String, _ action: String, _ number: Int, _ root: LogRoot) -> [String] {
        // The loader opens files too: only the calls in our directories count.
        let paths = [root.scratch.path, root.path, "\(root.path)/locks"]
        return ["/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)"]
            + (call == "openat" ? paths.flatMap { ["-P", $0] } : [])
            + ["-e", "inject=\(call):\(action):when=\(number)"]
    }

    enum Flow: String, CaseIterable, Sendable {
        case create, record, grouped, atClose, batch, buffered, compact

        func arguments(_ root: LogRoot) -> [String] {
            switch self {
            case .create: [root.path, "create", "log"]
            case .record, .grouped, .atClose: root.arguments(1, 3, rawValue)
            case .buffered: root.buffering(1, 12, capacity: 1000)
            case .batch: root.arguments(1, 9, "grouped", size: 3000, batch: 3)
            case .compact: [root.path, "compact", "log"]
            }
        }
    }

    @Test(.enabled(if: Child.canTrace), arguments: Flow.allCases)
    func `A process killed at any system call loses nothing that it had acknowledged`(flow: Flow) async throws {
        var kills = 0
        for call in Self.calls {
            for number in 1...200 {
                let root = try LogRoot()
                if flow != .create { try await root.create() }
                if flow == .compact { _ = try await Child.exercise([], root.arguments(1, 5, "record")) }
                let end = try await Child.exercise(
                    Self.tracer(call, "signal=KILL", number, root), flow.arguments(root))
                if end.signal == 0, end.code == 0 { break }
                #expect(end.signal == SIGKILL || end.code == 128 + SIGKILL, "\(call) \(number): \(end.output)")
                kills += 1
                if flow == .create {
                    // It is there whole, or not at all and can be made.
                    let again = try await Child.exercise([], [root.path, "create", "log"])
                    #expect(
                        again.code == 0 || again.output.hasPrefix("already-exists"),
                        "\(call) \(number): \(again.output)")
                }
                let writers = access(root.claims(1), F_OK) == 0 ? [1] : []
                let faults = try root.faults(writers)
                #expect(faults == [], "\(flow), killed at \(call) \(number)")
            }
        }
        // Fewer would mean that the tracer did not see the work.
        #expect(kills >= 8)
    }

    @Test(.enabled(if: Child.canTrace), arguments: [Flow.grouped, .batch, .buffered])
    func `A failing system call is an error, and what was acknowledged before it stays`(flow: Flow) async throws {
        var failures = 0
        let cases =
            [
                ("pwrite64", "error=ENOSPC"), ("fdatasync", "error=EIO"), ("fcntl", "error=ENOLCK"),
                ("openat", "error=EMFILE"),
            ]
            + (Self.isLong ? [("pwrite64", "error=EIO"), ("mkdirat", "error=ENOSPC"), ("fsync", "error=EIO")] : [])
        for (call, action) in cases {
            var successes = 0
            for number in 1...200 {
                let root = try LogRoot()
                try await root.create()
                let end = try await Child.exercise(Self.tracer(call, action, number, root), flow.arguments(root))
                if end.code == 0 {
                    successes += 1
                    // Some failures are survived (words that only help); a few in a row are the end.
                    if successes > 3 { break }
                } else {
                    (failures, successes) = (failures + 1, 0)
                    #expect(end.code == 1, "\(call) \(action) \(number): \(end.output)")
                }
                let writers = access(root.claims(1), F_OK) == 0 ? [1] : []
                let faults = try root.faults(writers)
                #expect(faults == [], "\(flow), \(call) \(number) \(action): \(end.output)")
            }
        }
        #expect(failures >= 5)
    }

    @Test
    func `Eight processes that reach a log by several paths lose, double and move nothing, and readers see a prefix`()
        async throws
    {
        let root = try LogRoot()
        try await root.create()
        let link = "\(root.scratch.path)/link"
        #expect(symlink(root.scratch.path, link) == 0)
        let mount = "\(root.scratch.path)/mount"
        #expect(mkdir(mount, 0o700) == 0)
        let isMounted = try Child.run(["/bin/mount", "--bind", root.path, mount]).code == 0
        defer { if isMounted { _ = try? Child.run(["/bin/umount", mount]) } }
        if !isMounted { print("nothing may be mounted here: two paths instead of three") }
        let paths = [root.path, "\(link)/stores", isMounted ? mount : root.path]
        // Those that wait for the disk do less where there is less time.
        let durabilities = [
            "grouped", "atClose", "grouped", "atClose", "grouped", "atClose", "record", "atClose",
        ]
        let counts = durabilities.map { Self.isLong ? 20_000 : $0 == "atClose" ? 500 : 60 }
        let limit = Duration.seconds(Self.isLong ? 900 : 120)
        try await withThrowingTaskGroup(of: Child.End.self) { group in
            for (writer, (durability, count)) in zip(1..., zip(durabilities, counts)) {
                // Half of those that do not wait for the disk have buffers.
                let arguments =
                    writer % 4 == 0
                    ? root.buffering(writer, count, capacity: 500 * writer, path: paths[writer % 3])
                    : root.arguments(writer, count, durability, batch: writer == 5 ? 3 : 1, path: paths[writer % 3])
                group.addTask { try await Child.finish([Child.exerciser] + arguments, deadline: limit) }
            }
            let total = counts.reduce(0, +)
            for path in paths[..<2] {
                group.addTask {
                    try await Child.finish([Child.exerciser, path, "read", "log", "\(total)"], deadline: limit)
                }
            }
            for try await end in group { #expect(end.code == 0, "\(end.output)") }
        }
        let judge = try root.judge(1...8)
        for (writer, count) in zip(UInt32(1)..., counts) {
            #expect(try #require(judge.claims[writer]).acknowledged >= count)
        }
        #expect(try root.faults(1...8) == [])
    }

    @Test func `A full disk is noSpace, and when there is room again it goes on`() async throws {
        let root = try LogRoot()
        #expect(mkdir(root.path, 0o700) == 0)
        let mount = try Child.run(["/bin/mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", root.path])
        guard mount.code == 0 else {
            print("no file system may be mounted here: the test of a full one does not run (\(mount.output))")
            return
        }
        defer { _ = try? Child.run(["/bin/umount", root.path]) }
        try await root.create()
        let ballast = open("\(root.path)/ballast", O_WRONLY | O_CREAT, 0o600)
        #expect(write(ballast, [UInt8](repeating: 1, count: 8192), 8192) == 8192)
        close(ballast)
        let end = try await Child.exercise([], root.arguments(1, 1000, "grouped", size: 1000, batch: 2))
        #expect(end.code == 1 && end.output.hasPrefix("no-space"), "\(end.output)")
        #expect(try root.judge([1]).claims[1]?.acknowledged ?? 0 > 10)
        #expect(unlink("\(root.path)/ballast") == 0)
        #expect(try root.faults([1]) == [])
    }

    @Test func `A lock file that somebody deletes is made again, and nothing is lost`() throws {
        let root = try LogRoot()
        let directory = LinuxContainerDirectory(try #require(try Directory.open(root.path, create: true)))
        let log = try FrameLog.create("log", in: directory, firstFrame: TestRecord.first)
        let other = try #require(try FrameLog.open("log", in: directory))
        for round in UInt32(0)..<4 {
            for (writer, log) in [(UInt32(1), log), (2, other)] {
                try log.append(durability: .grouped, until: .now + .seconds(10)) {
                    $0.add(TestRecord(writer: writer, number: round).encoded(size: 10))
                }
            }
            #expect(unlink("\(root.path)/locks/log.lock") == 0)
        }
        let octets = try #require(try Directory.open(root.path, create: false)?.readFile("log", limit: 1 << 20))
        let claim = StorageJudge.Claim(acknowledged: 4, begun: 4)
        #expect(StorageJudge([1: claim, 2: claim]).faults(of: octets) == [])
    }
}
