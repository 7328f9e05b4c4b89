import Foundation
import MeshTestSupport
import Testing

/// git itself, with a server that wants a password which only the helper knows.
struct GitHelperTests {
    private let scratch: Scratch
    private static let programs = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Programs").path

    init() throws { scratch = try Scratch() }

    private var environment: [String: String] {
        [
            "HOME": scratch.path, "MESH_TEST_HOME": scratch("mesh"), "MESH_KEYSTORE": "files-clear",
            "MESH_PORTAL": "dir:\(scratch("portal"))", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0",
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin", "LC_ALL": "C",
            "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.com", "GIT_COMMITTER_NAME": "a",
            "GIT_COMMITTER_EMAIL": "a@example.com", "TEST_NAME": "alice", "TEST_PASSWORD": "open sesame",
        ]
    }

    private func mesh(_ arguments: String..., input: String = "") throws -> Child.End {
        try Child.tool(arguments + ["--mode", "test:git"], input: Array(input.utf8), environment: environment)
    }

    private func git(_ arguments: String..., asking: Bool = false) throws -> Child.End {
        var environment = environment
        if asking { environment["GIT_ASKPASS"] = "\(Self.programs)/git-askpass" }
        let program = try #require(Child.tool).path
        let helper = "!'\(program)' credential helper --mode test:git"
        return try Child.run(
            ["git", "-c", "credential.helper=", "-c", "credential.helper=\(helper)"] + arguments,
            environment: environment)
    }

    @Test func gitFetchesWithThePasswordThatIsKept() throws {
        for command in [["init", "-q", "work"], ["-C", "work", "commit", "-q", "--allow-empty", "-m", "first"]] {
            let end = try Child.run(["git", "-C", scratch.path] + command, environment: environment)
            try #require(end.status == 0, "\(end.words)")
        }
        try scratch.makeDirectory("served")
        for command in [
            ["clone", "-q", "--bare", scratch("work"), scratch("served/a.git")],
            ["-C", scratch("served/a.git"), "update-server-info"],
        ] {
            let end = try Child.run(["git"] + command, environment: environment)
            try #require(end.status == 0, "\(end.words)")
        }
        let server = try RunningChild([
            "/usr/bin/env", "python3", "\(Self.programs)/git-server.py", scratch("served"), "alice", "open sesame",
        ])
        var said: [UInt8] = []
        while !said.contains(0x0A), let more = try server.read() { said += more }
        let port = try #require(Int(String(decoding: said.prefix { $0 != 0x0A }, as: UTF8.self)))
        let host = "127.0.0.1:\(port)"
        let url = "http://\(host)/a.git"

        let portal = try Child.tool(
            ["portal", "create", scratch("portal"), "--domain", "example.com"], environment: environment)
        try #require(portal.status == 0, "\(portal.words)")
        let account = try mesh("account", "create", "alice@example.com")
        try #require(account.status == 0, "\(account.words)")

        // Nobody knows the password.
        #expect(try git("ls-remote", url).status != 0)
        let added = try mesh(
            "credential", "add", host, "--protocol", "http", "--username", "alice", input: "open sesame\n")
        #expect(added.status == 0, "\(added.words)")
        let listed = try git("ls-remote", url)
        #expect(listed.status == 0 && listed.output.contains("refs/heads/"), "\(listed.words)")
        #expect(try Child.run(["git", "init", "-q", scratch("copy")], environment: environment).status == 0)
        let fetched = try git("-C", scratch("copy"), "fetch", "-q", url)
        #expect(fetched.status == 0 && fetched.errors.isEmpty, "\(fetched.words)")
        let head = try Child.run(["git", "-C", scratch("copy"), "rev-parse", "FETCH_HEAD"], environment: environment)
        #expect(head.status == 0 && listed.output.hasPrefix(head.output.prefix(40)))

        // A wrong one is refused by the server, and taken away; what it was is in the history.
        #expect(try mesh("credential", "update", host, "--password", input: "wrong\n").status == 0)
        let refused = try git("ls-remote", url)
        #expect(refused.status != 0 && !refused.words.contains("wrong"), "\(refused.words)")
        #expect(try mesh("credential", "show", host).status == 3)
        let history = try mesh("credential", "history", "http:\(host)", "--reveal")
        #expect(history.output.contains("password  wrong") && history.output.contains("password  open sesame"))

        // What a person types is kept when the server has taken it, and not before.
        #expect(try git("ls-remote", url, asking: true).status == 0)
        #expect(try mesh("credential", "show", host, "--to", "-").output == "open sesame\n")
        #expect(try git("ls-remote", url).status == 0)
    }
}
