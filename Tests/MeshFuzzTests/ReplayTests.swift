import Foundation
import MeshFuzzTargets
import Testing

/// What fuzzing found stays found: every input that once failed, and the corpus, is read again by the program that fuzzes,
/// which stops at whatever must not happen and measures time and memory.
struct ReplayTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Fuzz")

    @Test(arguments: FuzzTarget.all.map(\.name))
    func everyInputThatIsKeptIsRead(target: String) throws {
        let folders = ["Corpus", "Failures"].map { Self.folder.appending(path: "\($0)/\(target)").path }
            .filter { FileManager.default.fileExists(atPath: $0) }
        try #require(!folders.isEmpty, "There is no corpus of \(target).")
        let run = try replay(["replay", target] + folders)
        #expect(run.status == 0, "\(run.words.suffix(2000))")
        #expect(run.words.contains("\(target) "), "No input was replayed.")
    }

    /// The corpus has no folder of a target that is gone.
    @Test func everyFolderIsOfATarget() throws {
        for kind in ["Corpus", "Failures"] {
            let path = Self.folder.appending(path: kind).path
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where !name.hasPrefix(".") {
                #expect(FuzzTarget.named(name) != nil, "\(kind)/\(name)")
            }
        }
    }

    /// The replay itself notices what it is there for.
    @Test(arguments: ["trap", "memory"])
    func theReplayNoticesDefects(defect: String) throws {
        let run = try replay(["replay", "planted-\(defect)", #filePath])
        #expect(run.status != 0, "\(run.words)")
    }

    /// With a limit that the planted work exceeds, and one that it does not.
    @Test func theReplayNoticesTime() throws {
        let arguments = ["planted-time", #filePath]
        let slow = try replay(["replay", "--seconds", "0.001"] + arguments)
        #expect(slow.status != 0 && slow.words.contains("s of a processor"), "\(slow.words)")
        let quick = try replay(["replay"] + arguments)
        #expect(quick.status == 0, "\(quick.words)")
    }

    private func replay(_ arguments: [String]) throws -> (status: Int32, words: String) {
        let process = Process()
        let words = Pipe()
        process.executableURL = try #require(Self.program as URL?, "mesh-fuzz was not built beside the tests.")
        process.arguments = arguments
        process.standardOutput = words
        process.standardError = words
        // A crash is reported by its signal: no report of Swift's, which takes seconds.
        process.environment = ["SWIFT_BACKTRACE": "enable=no"]
        try process.run()
        let octets = try words.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: octets, as: UTF8.self))
    }

    /// The test runner is beside the tests with some toolchains; their own path is an argument with others.
    private static let program: URL? = {
        let starts = CommandLine.arguments.filter { $0.contains(".xctest") } + ["/proc/self/exe"]
        for start in starts {
            var folder = URL(filePath: start).resolvingSymlinksInPath()
            while folder.path != "/" {
                folder.deleteLastPathComponent()
                let program = folder.appending(path: "mesh-fuzz")
                if FileManager.default.isExecutableFile(atPath: program.path) { return program }
            }
        }
        return nil
    }()
}
