import Foundation
import Testing

/// The program `guide-tour`, as it was built beside the tests.
final class TourProcess {
    private let process = Process()
    private let output: URL
    private let errors: URL

    /// Starts it. What it says goes to files in `directory`, so that no pipe fills.
    init(_ arguments: [String], environment: [String: String], in directory: String) throws {
        let program = try #require(Self.program as URL?, "guide-tour was not built beside the tests.")
        func file(_ name: String) throws -> URL {
            let url = URL(filePath: directory).appending(path: "\(name)-\(UUID())")
            try Data().write(to: url)
            return url
        }
        output = try file("output")
        errors = try file("errors")
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
    }

    /// Waits for its end.
    func end() throws -> (status: Int32, output: String, errors: String) {
        process.waitUntilExit()
        func text(_ url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
        return (process.terminationStatus, try text(output), try text(errors))
    }

    deinit { if process.isRunning { process.terminate() } }

    /// The test runner is beside the tools with some toolchains; the tests' own path is an argument with others.
    private static let program: URL? = {
        for start in CommandLine.arguments.filter({ $0.contains(".xctest") }) + ["/proc/self/exe"] {
            var folder = URL(filePath: start).resolvingSymlinksInPath()
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                let program = folder.appending(path: "guide-tour")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            }
        }
        return nil
    }()
}

/// A directory of a test, gone with the value.
final class TourDirectory: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "guide-tour-\(UUID())").path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
