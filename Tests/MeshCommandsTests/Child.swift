import Foundation
import Testing

/// Programs that a test runs: the tool as it is installed, and the reader in another language.
enum Child {
    struct End {
        let status: Int32
        let output: String
        let errors: String

        var words: String { "\(output.suffix(1500))\(errors.suffix(1500))" }
    }

    /// Runs meshclient.
    ///
    /// - Parameters:
    ///   - interruptAfter: after so many octets of input the process gets a signal, and its input stays open.
    static func tool(
        _ arguments: [String], input: [UInt8] = [], interruptAfter: Int? = nil, by signal: Int32 = SIGINT,
        environment: [String: String]? = nil
    ) throws -> End {
        let program = try #require(tool as URL?, "meshclient was not built beside the tests.")
        return try run(program, arguments, input, interruptAfter, signal, environment)
    }

    /// Runs a program that is found by its name.
    static func run(_ arguments: [String], input: [UInt8] = [], environment: [String: String]) throws -> End {
        try run(URL(filePath: "/usr/bin/env"), arguments, input, nil, 0, environment)
    }

    /// Runs the reader that shares no code with the package. It must be there: scripts/setup installs what it takes.
    static func reader(_ arguments: [String]) throws -> End {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let end = try run(root.appending(path: "scripts/foreign-reader"), arguments, [], nil, 0, nil)
        try #require(end.status != 69, "\(end.errors)")
        return end
    }

    private static func run(
        _ program: URL, _ arguments: [String], _ input: [UInt8], _ interruptAfter: Int?, _ signal: Int32,
        _ environment: [String: String]?
    ) throws -> End {
        let process = Process()
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.executableURL = program
        process.arguments = arguments
        if let environment { process.environment = environment }
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        // What is written and read here is less than a pipe holds, or the program reads it first.
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.prefix(interruptAfter ?? .max)))
        if interruptAfter != nil {
            // It has read everything when the pipe is empty; then it waits for more.
            var waiting: Int32 = 1
            while waiting > 0, process.isRunning {
                try #require(ioctl(stdin.fileHandleForWriting.fileDescriptor, UInt(FIONREAD), &waiting) == 0)
            }
            kill(process.processIdentifier, signal)
        } else {
            try stdin.fileHandleForWriting.close()
        }
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        let errors = try stderr.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return End(
            status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
            output: String(decoding: output, as: UTF8.self), errors: String(decoding: errors, as: UTF8.self))
    }

    /// The test runner is beside the tools with some toolchains; the tests' own path is an argument with others.
    static let tool: URL? = {
        let starts = CommandLine.arguments.filter { $0.contains(".xctest") } + ["/proc/self/exe"]
        for start in starts {
            var folder = URL(filePath: start).resolvingSymlinksInPath()
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                let program = folder.appending(path: "meshclient")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            }
        }
        return nil
    }()
}
