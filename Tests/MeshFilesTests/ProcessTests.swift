import Glibc
import MeshCore
import MeshFiles
import MeshHomeDirectory
import MeshPlatforms
import MeshRegistry
import MeshTestSupport
import Testing

/// Several processes, killed ones, and a system that fails: nothing is lost, torn, or readable by others.
@Suite(.serialized) struct ProcessTests {
    static let mode = PlatformMode.test("exerciser")
    static let profile = UDF(type: .digestSHA2, value: [UInt8](repeating: 7, count: 32))

    /// A root that the exerciser works on.
    final class Root: Sendable {
        let scratch: Scratch
        let path: String
        init() throws {
            scratch = try Scratch()
            path = "\(scratch.path)/root"
        }

        /// As another process opens it.
        func home() -> HomeDirectory { HomeDirectory(mode: ProcessTests.mode, path: path) }
        func registry() -> JSONRegistry {
            let home = home()
            return JSONRegistry(mode: home.mode, path: path) { try home.root(create: $0) }
        }

        /// How often the exerciser has counted.
        func count(_ name: String = "all") async throws -> Int64 {
            try await registry().read { reader in
                if case .integer(let count)? = try reader.value(name, at: RegistryPath(literal: "Count")) {
                    return count
                }
                return 0
            }
        }

        /// Makes the registry larger than a file without a journal may be.
        func fill() async throws {
            try await registry().modify { transaction in
                for number in 0..<1_200 {
                    try transaction.set(
                        .string("a value that takes some room in the file"), "value \(number)",
                        at: RegistryPath(literal: "Filling"))
                }
            }
        }

        func versions() async throws -> [[UInt8]] { try await FileProfileStore(home()).archive(of: profile) }
        func latest() async throws -> [UInt8]? { try await FileProfileStore(home()).latest(of: profile) }

        /// The directories and files below the root, with their modes.
        func modes() throws -> [(path: String, mode: mode_t)] {
            func walk(_ directory: String) throws -> [(String, mode_t)] {
                guard let stream = opendir(directory) else { return [] }
                defer { closedir(stream) }
                var found: [(String, mode_t)] = []
                while let entry = readdir(stream) {
                    let name = withUnsafeBytes(of: &entry.pointee.d_name) { octets in
                        String(decoding: octets.prefix { $0 != 0 }, as: UTF8.self)
                    }
                    if name == "." || name == ".." { continue }
                    var status = stat()
                    let path = "\(directory)/\(name)"
                    guard lstat(path, &status) == 0 else { continue }
                    found.append((path, status.st_mode))
                    if status.st_mode & S_IFMT == S_IFDIR { found += try walk(path) }
                }
                return found
            }
            return try walk(path)
        }

        func abandoned() throws -> [String] { try modes().map(\.path).filter { $0.contains("/.new-") } }

        /// Every directory 0700, every file 0600.
        func expectPrivate(_ comment: Comment, sourceLocation: SourceLocation = #_sourceLocation) throws {
            for (path, mode) in try modes() {
                let wanted: mode_t = mode & S_IFMT == S_IFDIR ? 0o700 : 0o600
                #expect(mode & 0o7777 == wanted, "\(path) \(comment)", sourceLocation: sourceLocation)
            }
        }
    }

    /// The work that is hindered: what the exerciser does, and on what.
    enum Flow: String, CaseIterable, Sendable {
        case firstChange, smallChange, journalBegin, journalAppend, firstProfile, nextProfile
        var arguments: [String] {
            switch self {
            case .firstChange, .smallChange, .journalBegin, .journalAppend: ["count", "1", "x"]
            case .firstProfile, .nextProfile: ["accept", ProcessTests.profile.text, "the new version"]
            }
        }
        var isProfile: Bool { self == .firstProfile || self == .nextProfile }
        /// Whether each round starts from the beginning, as the flow is about the first time.
        var startsAfresh: Bool { self == .firstChange || self == .firstProfile || self == .journalBegin }

        func prepare() async throws -> Root {
            let root = try Root()
            switch self {
            case .firstChange, .firstProfile: break
            case .smallChange: _ = try await Child.exercise([], [root.path, "count", "1", "x"])
            case .journalBegin: try await root.fill()
            case .journalAppend:
                try await root.fill()
                _ = try await Child.exercise([], [root.path, "count", "1", "x"])
            case .nextProfile:
                _ = try await Child.exercise([], [root.path, "accept", ProcessTests.profile.text, "the old version"])
            }
            return root
        }

        /// How much of the work is done: changes counted, or versions archived and the latest.
        func progress(_ root: Root) async throws -> Int {
            if !isProfile { return Int(try await root.count()) }
            let versions = try await root.versions()
            if let latest = try await root.latest() {
                #expect(versions.contains(latest), "the archive holds whatever the latest ever was")
            }
            return versions.count
        }
    }

    /// The calls that change something. To die before another call is to die before the next of these.
    static let mutating = [
        "openat", "mkdirat", "pwrite64", "fsync", "fdatasync", "renameat", "renameat2", "unlinkat", "ftruncate",
        "flock", "fcntl",
    ]

    /// A tracer that does `action` at the call number `number` of the calls named `call` (per thread).
    static func tracer(_ call: String, _ action: String, _ number: Int, _ root: Root) -> [String] {
        // The loader opens files too: only the calls in our directories count.
        let paths =
            [root.scratch.path, root.path]
            + ["locks", "profiles", "profiles/\(profile.text)"].map {
                "\(root.path)/\($0)"
            }
        return ["/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=\(call)"]
            + (call == "openat" ? paths.flatMap { ["-P", $0] } : [])
            + ["-e", "inject=\(call):\(action):when=\(number)"]
    }

    @Test(.enabled(if: Child.canTrace), arguments: Flow.allCases)
    func `A process killed at any system call leaves the old or the new state, and the next one works`(
        flow: Flow
    ) async throws {
        var kills = 0
        var root = try await flow.prepare()
        for call in Self.mutating {
            for number in 1...200 {
                if flow.startsAfresh { root = try await flow.prepare() }
                let before = try await flow.progress(root)
                let end = try await Child.exercise(
                    Self.tracer(call, "signal=KILL", number, root), [root.path] + flow.arguments)
                if end.signal == 0, end.code == 0 { break }
                #expect(end.signal == SIGKILL || end.code == 128 + SIGKILL, "\(call) \(number): \(end.output)")
                kills += 1
                try root.expectPrivate("after a kill at \(call) \(number)")
                let after = try await flow.progress(root)
                #expect((before...before + 1).contains(after), "\(call) \(number)")
                let next = try await Child.exercise([], [root.path] + flow.arguments)
                #expect(next.code == 0, "\(call) \(number): \(next.output)")
                let final = try await flow.progress(root)
                #expect(final == after + 1, "\(call) \(number)")
                #expect(try root.abandoned() == [], "\(call) \(number)")
            }
        }
        // Fewer would mean that the tracer did not see the work.
        #expect(kills >= 8)
    }

    @Test(.enabled(if: Child.canTrace), arguments: Flow.allCases)
    func `A failing system call is an error, with the old state whole and nothing left behind`(flow: Flow) async throws
    {
        var failures = 0
        var root = try await flow.prepare()
        // One kind of failure at every place; all kinds when there is time for it.
        let all = getenv("MESH_TORTURE") != nil
        let cases: [(String, [String])] = [
            ("openat", all ? ["EMFILE", "EACCES", "EROFS"] : ["EMFILE"]), ("mkdirat", ["ENOSPC"]),
            ("pwrite64", all ? ["ENOSPC", "EIO", "EDQUOT"] : ["ENOSPC"]), ("fsync", ["EIO"]), ("fdatasync", ["EIO"]),
            ("renameat", all ? ["EIO", "ENOSPC"] : ["EIO"]), ("renameat2", ["EIO"]), ("fcntl", ["ENOLCK"]),
        ]
        for (call, errors) in cases {
            for error in errors {
                for number in 1...200 {
                    if flow.startsAfresh { root = try await flow.prepare() }
                    let before = try await flow.progress(root)
                    let end = try await Child.exercise(
                        Self.tracer(call, "error=\(error)", number, root), [root.path] + flow.arguments)
                    let after = try await flow.progress(root)
                    let context: Comment = "\(call) \(number) \(error): \(end.output)"
                    if end.code == 0 {
                        #expect(after == before + 1, context)
                        // Some failures are survived (a lock that is given back anyhow); two in a row are the end.
                        if number > 1 { break }
                        continue
                    }
                    failures += 1
                    #expect(end.code == 1, context)
                    // Once the new name is there, or the archive has the version, a later failure does not undo it.
                    let mayBeNew = call == "fsync" || flow.isProfile
                    #expect(after == before || (mayBeNew && after == before + 1), context)
                    #expect(try root.abandoned() == [], context)
                    let next = try await Child.exercise([], [root.path] + flow.arguments)
                    #expect(next.code == 0, "\(next.output)")
                    let final = try await flow.progress(root)
                    #expect(final == after + 1, context)
                }
            }
        }
        #expect(failures >= 5)
    }

    @Test(.enabled(if: Child.canTrace), arguments: ["000", "777"])
    func `No octet is ever readable by others, whatever the umask is`(umask: String) async throws {
        for flow in Flow.allCases {
            let root = try await flow.prepare()
            let log = "\(root.scratch.path)/log"
            let end = try await Child.exercise(
                [
                    "/bin/sh", "-c", "umask \(umask); exec \"$@\"", "sh", "/usr/bin/strace", "-f", "-qq", "-o", log,
                    "-e", "trace=openat,mkdirat,fchmod,fchmodat,chmod",
                ], [root.path] + flow.arguments)
            #expect(end.code == 0, "\(end.output)")
            try root.expectPrivate("under umask \(umask)")
            #expect(chmod(log, 0o644) == 0)
            let octets = try #require(
                try root.scratch.open().readFile("log", limit: 1 << 24, permissions: .everyoneReads))
            var created = 0
            for line in String(decoding: octets, as: UTF8.self).split(separator: "\n") {
                if line.contains("O_CREAT") {
                    created += 1
                    #expect(line.contains(", 0600)"), "\(line)")
                    #expect(line.contains("O_EXCL"), "\(line)")
                }
                if line.contains("mkdirat(") { #expect(line.contains(", 0700)"), "\(line)") }
                if line.contains("chmod") {
                    #expect(umask == "777", "\(line)")
                    #expect(line.contains("0600") || line.contains("0700"), "\(line)")
                }
            }
            #expect(created > 0 || flow == .journalAppend)
        }
    }

    @Test func `Two processes that change the registry 2,000 times each lose no update`() async throws {
        let root = try Root()
        try await withThrowingTaskGroup(of: Child.End.self) { group in
            for name in ["one", "two"] {
                group.addTask { try await Child.exercise([], [root.path, "count", "2000", name]) }
            }
            for try await end in group { #expect(end.code == 0, "\(end.output)") }
        }
        #expect(try await root.count() == 4_000)
        #expect(try await root.count("one") == 2_000)
        #expect(try await root.count("two") == 2_000)
    }

    @Test func `Two processes that change a large registry lose no update either`() async throws {
        let root = try Root()
        try await root.fill()
        try await withThrowingTaskGroup(of: Child.End.self) { group in
            for name in ["one", "two"] {
                group.addTask { try await Child.exercise([], [root.path, "count", "1000", name]) }
            }
            for try await end in group { #expect(end.code == 0, "\(end.output)") }
        }
        #expect(try await root.count() == 2_000)
        #expect(try await root.count("one") == 1_000)
    }

    @Test func `A full disk is noSpace, and nothing is lost`() async throws {
        let scratch = try Scratch()
        let mount = try Child.run(["/bin/mount", "-t", "tmpfs", "-o", "size=128k,mode=700", "none", scratch.path])
        guard mount.code == 0 else {
            print("no file system may be mounted here: the test of a full one does not run (\(mount.output))")
            return
        }
        defer { _ = try? Child.run(["/bin/umount", scratch.path]) }
        let home = HomeDirectory(mode: Self.mode, path: "\(scratch.path)/root")
        let registry = JSONRegistry(mode: home.mode, path: home.path) { try home.root(create: $0) }
        let path = RegistryPath(literal: "Count")
        var kept = 0
        let error = await #expect(throws: PlatformError.self) {
            for number in 0..<1_000 {
                let text = String(repeating: "x", count: 1_000)
                try await registry.modify { try $0.set(.string(text), "value \(number)", at: path) }
                kept = number + 1
            }
        }
        #expect(error?.code == .noSpace)
        #expect(kept > 10)
        let fresh = JSONRegistry(mode: home.mode, path: home.path) { try home.root(create: $0) }
        for registry in [registry, fresh] {
            let count = try await registry.read { $0.valueNames(at: path).count }
            #expect(count == kept)
        }
        // Room again: it goes on.
        _ = try await registry.modify { try $0.removeKey(at: RegistryPath(literal: "Nothing")) }
        #expect(try home.root(create: false)?.names().contains { $0.hasPrefix(".new-") } == false)
    }
}
