import Foundation
import MeshEncoding
import Testing

/// The credential helper with key files that want a passphrase, while git has its standard input and output: at a real terminal.
struct GitPassphraseTests {
    private let scratch: Scratch
    private static let programs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs").path

    init() throws {
        scratch = try Scratch()
        for (command, input) in [
            (["portal", "create", scratch("portal"), "--domain", "example.com"], ""),
            (["account", "create", "alice@example.com", "--mode", "test:git"], "open sesame\n"),
            (
                ["credential", "add", "example.com", "--username", "alice", "--mode", "test:git"],
                "open sesame\nswordfish\n"
            ),
        ] {
            let end = try Child.tool(command, input: Array(input.utf8), environment: environment)
            try #require(end.status == 0, "\(end.words)")
        }
    }

    private var environment: [String: String] {
        [
            "HOME": scratch.path, "MESH_TEST_HOME": scratch("mesh"), "MESH_KEYSTORE": "files",
            "MESH_PORTAL": "dir:\(scratch("portal"))", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LC_ALL": "C",
        ]
    }

    private static let question = Array("protocol=https\nhost=example.com\n\n".utf8)
    private static let answer = "username=alice\npassword=swordfish\n"

    /// Runs a program at a terminal at which somebody types.
    private func atTerminal(_ typed: String, _ command: [String]) throws -> JSONValue {
        let end = try Child.run(
            ["python3", "\(Self.programs)/at-terminal.py", typed] + command, input: Self.question,
            environment: environment)
        try #require(end.status == 0, "\(end.words)")
        return try JSONValue(parsing: end.output)
    }

    private func helper() throws -> [String] {
        [try #require(Child.tool).path, "credential", "helper", "--mode", "test:git", "get"]
    }

    @Test func thePassphraseIsAskedForAtTheTerminal() throws {
        let said = try atTerminal("open sesame", try helper())
        #expect(said["status"] == 0 && said["output"]?.string == Self.answer, "\(said)")
        #expect(said["errors"] == "" && said["wasSilent"] == true && said["isRestored"] == true)
        let shown = said["terminal"]?.string ?? ""
        #expect(shown.contains("Passphrase of the keys in ") && !shown.contains("sesame"))
    }

    @Test func gitItselfGetsThePassword() throws {
        let program = try #require(Child.tool).path
        let said = try atTerminal(
            "open sesame",
            ["git", "-c", "credential.helper=!'\(program)' credential helper --mode test:git", "credential", "fill"])
        #expect(said["status"] == 0 && said["output"]?.string?.contains("password=swordfish\n") == true, "\(said)")
    }

    @Test func givenUpTheTerminalIsAsItWas() throws {
        for (typed, status) in [("ctrl-c", 6), ("wrong", 6), ("signal", -SIGTERM)] {
            let said = try atTerminal(typed, try helper())
            #expect(said["status"]?.integer == Int64(status) && said["output"] == "", "\(typed): \(said)")
            #expect(said["wasSilent"] == true && said["isRestored"] == true, "\(typed): \(said)")
        }
    }

    @Test func withoutATerminalItFailsAtOnce() throws {
        let end = try Child.run(["setsid", "--wait"] + helper(), input: Self.question, environment: environment)
        #expect(end.status == 6 && end.output.isEmpty, "\(end.words)")
        #expect(end.errors.contains("Run it in a terminal."))
    }
}
