import Glibc
import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms
import MeshStorageTestSupport
import Testing

/// Several processes on one log, killed ones, and a system that fails.
@Suite(.serialized) struct LogProcessTests {
    /// Ten times as much, or what it says, when there is time for it.
    static let scale = getenv("MESH_TORTURE").map { max(1, Int(String(cString: $0)) ?? 10) } ?? 1

    /// A log that processes work on.
    final class Root: Sendable {
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

        func create() async throws {
            let end = try await Child.exercise([], [path, "create", "log"])
            try #require(end.code == 0, "\(end.output)")
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
        func faults(_ writers: some Sequence<Int>) throws -> [String] {
            var judge = try judge(writers)
            let directory = try #require(try Directory.open(path, create: false))
            let log = try #require(
                try FrameLog.open("log", in: LinuxContainerDirectory(directory), isIntact: TestRecord.isIntact))
            // The next append works, and cuts off what a killed one has left.
            try log.append(durability: .record, until: .now + .seconds(10)) { batch in
                batch.add(TestRecord(writer: 1_000_000, number: 0).encoded(size: 10))
            }
            judge.claims[1_000_000] = .init(acknowledged: 1, begun: 1)
            return judge.faults(of: try #require(try read("log", in: directory)))
        }

        private func read(_ name: String, in directory: Directory) throws -> [UInt8]? {
            try directory.readFile(name, limit: 1 << 30)
        }
    }

    static let calls = [
        "openat", "mkdirat", "pwrite64", "fsync", "fdatasync", "renameat2", "ftruncate", "fcntl", "futex",
    ]

    static func tracer(_ call: String, _ action: String, _ number: Int, _ root: Root) -> [String] {
        // The loader opens files too: only the calls in our directories count.
        let paths = [root.scratch.path, root.path, "\(root.path)/locks"]
        return ["/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)"]
            + (call == "openat" ? paths.flatMap { ["-P", $0] } : [])
            + ["-e", "inject=\(call):\(action):when=\(number)"]
    }

    enum Flow: String, CaseIterable, Sendable {
        case create, record, grouped, atClose, batch, compact

        func arguments(_ root: Root) -> [String] {
            switch self {
            case .create: [root.path, "create", "log"]
            case .record, .grouped, .atClose: root.arguments(1, 3, rawValue)
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
                let root = try Root()
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

    @Test(.enabled(if: Child.canTrace), arguments: [Flow.grouped, .batch])
    func `A failing system call is an error, and what was acknowledged before it stays`(flow: Flow) async throws {
        var failures = 0
        let cases =
            [
                ("pwrite64", "error=ENOSPC"), ("fdatasync", "error=EIO"), ("fcntl", "error=ENOLCK"),
                ("openat", "error=EMFILE"),
            ]
            + (Self.scale > 1 ? [("pwrite64", "error=EIO"), ("mkdirat", "error=ENOSPC"), ("fsync", "error=EIO")] : [])
        for (call, action) in cases {
            var successes = 0
            for number in 1...200 {
                let root = try Root()
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
        let root = try Root()
        try await root.create()
        let link = "\(root.scratch.path)/link"
        #expect(symlink(root.scratch.path, link) == 0)
        let mount = "\(root.scratch.path)/mount"
        #expect(mkdir(mount, 0o700) == 0)
        let isMounted = try Child.run(["/bin/mount", "--bind", root.path, mount]).code == 0
        defer { if isMounted { _ = try? Child.run(["/bin/umount", mount]) } }
        if !isMounted { print("nothing may be mounted here: two paths instead of three") }
        let paths = [root.path, "\(link)/stores", isMounted ? mount : root.path]
        let (buffered, durable) = (500 * Self.scale, 60 * Self.scale)
        try await withThrowingTaskGroup(of: Child.End.self) { group in
            for writer in 1...8 {
                let count = writer % 2 == 0 ? buffered : durable
                let durability = ["grouped", "atClose", "record", "atClose"][writer % 4]
                let batch = writer == 5 ? 3 : 1
                let arguments = root.arguments(
                    writer, count, writer % 2 == 0 ? "atClose" : durability == "atClose" ? "grouped" : durability,
                    batch: batch, path: paths[writer % 3])
                group.addTask { try await Child.exercise([], arguments) }
            }
            let total = 4 * buffered + 4 * durable
            for path in paths[..<2] {
                group.addTask { try await Child.exercise([], [path, "read", "log", "\(total)"]) }
            }
            for try await end in group { #expect(end.code == 0, "\(end.output)") }
        }
        #expect(try root.faults(1...8) == [])
    }

    @Test func `Writers are killed at random, and while they hold the lock; the others go on`() async throws {
        let root = try Root()
        try await root.create()
        let kills = 25 * Self.scale
        let seed = SystemRandomSource().bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        print("killing \(kills) writers, seed \(seed)")
        let random = SeededRandomSource(seed: seed)
        let (path, exerciser) = (root.path, Child.exerciser)
        let survivor = Task { try await Child.exercise([], root.arguments(1, 150 * Self.scale, "grouped")) }
        let victims = (0..<kills).map { number in
            (number + 2, number % 5 == 4, UInt32(random.bytes(2).reduce(0) { $0 << 8 | Int($1) } % 40_000))
        }
        try await BlockingCalls(store: "kills").run(deadline: .seconds(600)) {
            for (writer, holds, pause) in victims {
                let arguments =
                    holds
                    ? [path, "hold", "log"]
                    : root.arguments(writer, 1_000_000, writer % 2 == 0 ? "grouped" : "record", batch: 1 + writer % 3)
                let child = try Child.start([exerciser] + arguments)
                usleep(10_000 + pause)
                kill(child, SIGKILL)
                var status: Int32 = 0
                waitpid(child, &status, 0)
            }
        }
        let end = try await survivor.value
        #expect(end.code == 0, "\(end.output)")
        print("the survivor's \(end.output.split(separator: "\n").first ?? "") ms")
        let writers = [1] + victims.filter { !$0.1 && access(root.claims($0.0), F_OK) == 0 }.map(\.0)
        let faults = try root.faults(writers)
        #expect(faults == [])
    }

    @Test func `A full disk is noSpace, and when there is room again it goes on`() async throws {
        let root = try Root()
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
        let root = try Root()
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
