import Glibc
import MeshCore
import MeshPlatforms
import Testing

/// A process that a test starts, and waits for off the cooperative pool.
struct Child {
    /// What a process said and how it ended.
    struct End: Sendable {
        let output: String
        /// Its exit code; nil if a signal ended it.
        let code: Int32?
        let signal: Int32
    }

    /// The program beside the test bundle that works on logs.
    static let exerciser: String = {
        var path = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = path.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        }
        // The test runner is beside the bundle with some toolchains; the bundle's own path is an argument with others.
        let candidates =
            [CommandLine.arguments.first { $0.contains(".xctest") }].compactMap { $0 }
            + [String(decoding: path.prefix(max(0, count)), as: UTF8.self)]
        for candidate in candidates {
            var directory = candidate[...]
            while let slash = directory.lastIndex(of: "/") {
                directory = directory[..<slash]
                let program = "\(directory)/mesh-dare-exerciser"
                if access(program, X_OK) == 0 { return program }
            }
        }
        return "mesh-dare-exerciser"
    }()

    /// Whether system calls of children can be counted, changed and made fatal.
    static let canTrace: Bool = {
        let isThere = access("/usr/bin/strace", X_OK) == 0
        guard isThere, let end = try? run(["/usr/bin/strace", "-o", "/dev/null", "/bin/true"]) else {
            print("no strace, or it may not trace: the tests that need it do not run")
            return false
        }
        return end.code == 0
    }()

    /// Runs `arguments` to the end.
    static func run(_ arguments: [String]) throws -> End {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let failure = posix_spawn(&child, arguments[0], &actions, nil, &words, environ)
        close(ends[1])
        defer { close(ends[0]) }
        try #require(failure == 0, "cannot start \(arguments[0])")
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(ends[0], &buffer, buffer.count)
            if count > 0 { output += buffer[..<count] } else if count == 0 || errno != EINTR { break }
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7F
        return End(
            output: String(decoding: output, as: UTF8.self), code: signal == 0 ? (status >> 8) & 0xFF : nil,
            signal: signal)
    }

    /// Starts `arguments`, which say nothing; the caller waits for the process.
    static func start(_ arguments: [String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        try #require(posix_spawn(&child, arguments[0], &actions, nil, &words, environ) == 0)
        return child
    }

    /// Runs the exerciser off the cooperative pool, behind `prefix` (a tracer, say).
    static func exercise(_ prefix: [String] = [], _ arguments: [String]) async throws -> End {
        try await BlockingCalls(store: "child").run(deadline: .seconds(120)) {
            try run(prefix + [exerciser] + arguments)
        }
    }
}
