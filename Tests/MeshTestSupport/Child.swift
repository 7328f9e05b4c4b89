import Glibc
import MeshCore
import MeshPlatforms

/// A process that a test runs to its end, waited for off the cooperative pool.
public enum Child {
    /// What a process said and how it ended.
    public struct End: Sendable {
        public let output: String
        /// Its exit code; nil if a signal ended it.
        public let code: Int32?
        public let signal: Int32

        init(output: [UInt8], status: Int32) {
            self.output = String(decoding: output, as: UTF8.self)
            signal = status & 0x7F
            code = signal == 0 ? (status >> 8) & 0xFF : nil
        }
    }

    /// The path of a program that was built beside the tests.
    public static func program(_ name: String) -> String {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count)
        // The test runner is beside the bundle with some toolchains; the bundle's own path is an argument with others.
        let candidates =
            [CommandLine.arguments.first { $0.contains(".xctest") }].compactMap { $0 }
            + [String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)]
        for candidate in candidates {
            var directory = candidate[...]
            while let slash = directory.lastIndex(of: "/") {
                directory = directory[..<slash]
                let program = "\(directory)/\(name)"
                if access(program, X_OK) == 0 { return program }
            }
        }
        return name
    }

    /// Whether system calls of children can be counted, changed and made fatal.
    public static let canTrace: Bool = {
        let isThere = access("/usr/bin/strace", X_OK) == 0
        guard isThere, let end = try? run(["/usr/bin/strace", "-o", "/dev/null", "/bin/true"]) else {
            print("no strace, or it may not trace: the tests that need it do not run")
            return false
        }
        return end.code == 0
    }()

    /// Runs `arguments` to the end. Blocks.
    public static func run(_ arguments: [String]) throws -> End { try RunningChild(arguments).end() }

    /// Runs `arguments` to the end, off the cooperative pool, until `deadline` at most.
    public static func finish(_ arguments: [String], deadline: Duration = .seconds(900)) async throws -> End {
        try await BlockingCalls(store: "child").run(deadline: deadline) { try run(arguments) }
    }
}
