import Foundation
import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import MeshLinuxSSH
import MeshPlatforms
import MeshSSH
import MeshTestSupport
import Testing

/// `meshclient ssh`, as a person uses it.
struct SSHCommandTests {
    /// Two machines that reach one portal and are connected to one account, with a home directory each.
    private func household(_ scratch: Scratch) async throws -> (first: Tool, second: Tool) {
        let portals = TestPortals()
        var first = Tool(portals: portals, portalVariable: "dir:/portal")
        var second = Tool(portals: portals, portalVariable: "dir:/portal")
        first.ssh = Self.files(scratch("first"))
        second.ssh = Self.files(scratch("second"))
        try #require(await first("portal", "create", "/portal", "--domain", "example.com").status == 0)
        try #require(await first("account", "create", "alice@example.com").status == 0)
        let asked = await second("device", "request", "alice@example.com")
        let witness = try #require(asked.lines.first, "\(asked.errors)")
        try #require(await first("device", "accept", "--witness", witness).status == 0)
        try #require(await second("device", "complete").status == 0)
        return (first, second)
    }

    private static func files(_ home: String) -> CommandSSH {
        CommandSSH(
            install: { lines, owner, file, path in
                let directory = SSHUserDirectory(path ?? "\(home)/.ssh")
                let kind = try #require(SSHUserDirectory.File(rawValue: file.rawValue))
                return ("\(directory.path)/\(kind.rawValue)", try await directory.install(lines, of: owner, in: kind))
            },
            agentSocket: { _, _ in "\(home)/agent/socket" },
            serve: { path, agent, ready in try await SSHAgentServer(path: path, agent: agent).run(ready: ready) })
    }

    private func status(_ run: ToolRun, _ expected: ToolStatus) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)")
    }

    private func json(_ run: ToolRun) throws -> JSONValue {
        try #require(run.status == 0, "\(run.errors)")
        return try JSONValue(parsing: run.output)
    }

    @Test func keysAreShownEnteredAndInstalled() async throws {
        let scratch = try Scratch()
        let (first, second) = try await household(scratch)
        let line = try #require(await first("ssh", "key").lines.first)
        let key = try SSHPublicKey(openSSHLine: line)
        #expect(await first("ssh", "key", "--openssh").lines == [line])
        #expect(try SSHPublicKey(rfc4716: await first("ssh", "key", "--rfc4716").output) == key)
        #expect(try json(await first("ssh", "key", "--json"))["fingerprint"]?.string == key.fingerprint)
        status(await first("ssh", "key", "--rfc4716", "--openssh"), .usage)

        #expect(await first("ssh", "keys").output.isEmpty)
        for tool in [first, second] { status(await tool("ssh", "add"), .done) }
        status(await first("ssh", "add"), .done)
        let listed = await first("ssh", "keys")
        #expect(listed.lines.count == 2 && listed.output.contains(key.fingerprint))
        #expect(try json(await second("ssh", "keys", "--json"))["keys"]?.array?.count == 2)

        // Nothing of the person's is touched unless that is said.
        let printed = await second("ssh", "authorized-keys")
        #expect(printed.lines.count == 2 && printed.output.contains(line))
        #expect(scratch.names.isEmpty)
        try scratch.makeDirectory("second/.ssh")
        try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: scratch("second/.ssh"))
        try scratch.write(Array("ssh-ed25519 AAAA mine".utf8), to: "second/.ssh/authorized_keys")
        let installed = try json(await second("ssh", "authorized-keys", "--install", "--json"))
        #expect(installed["changed"] == true && installed["lines"] == 2)
        let file = String(decoding: try #require(scratch.read("second/.ssh/authorized_keys")), as: UTF8.self)
        #expect(file.hasPrefix("ssh-ed25519 AAAA mine\n# BEGIN mmm ") && file.contains(line))
        #expect(try json(await second("ssh", "authorized-keys", "--install", "--json"))["changed"] == false)
        status(await second("ssh", "authorized-keys", "--directory", scratch("other")), .usage)
        status(await second("ssh", "authorized-keys", "--install", "--directory", scratch("other")), .done)
        #expect(scratch.read("other/authorized_keys") != nil)

        // Without a portal it is said how old this is.
        var alone = second
        alone.portalVariable = nil
        #expect(await alone("ssh", "authorized-keys").errors.contains("last meshclient sync"))
        #expect(await alone("ssh", "authorized-keys", "--offline").errors.isEmpty)
        status(await first("ssh", "keys", "prune"), .done)
        #expect(await first("ssh", "keys").lines.count == 2)
    }

    @Test func hostsAreEnteredAndInstalled() async throws {
        let scratch = try Scratch()
        let (first, second) = try await household(scratch)
        let keys = try (1...3).map {
            try SSHPrivateKey.generate(comment: "root@host", random: SeededRandomSource(seed: $0)).publicKey
        }
        try scratch.write(Array("\(keys[0].openSSHLine)\n".utf8), to: "host.pub", mode: 0o644)
        status(await first("ssh", "known", "add", "a.example", scratch("host.pub")), .done)
        status(await first("ssh", "known", "add", "a b", scratch("host.pub")), .usage)
        status(await first("ssh", "known", "add", "a.example", scratch("none")), .notFound)
        let other = Array("\(keys[1].openSSHLine)\n".utf8)
        status(await first("ssh", "known", "add", "a.example", "-", input: other), .refused)
        status(await first("ssh", "known", "add", "a.example", "-", "--replace", input: other), .done)

        let hidden = KnownHost.hashed("hidden.example", random: SystemRandomSource())
        let file = """
            # mine
            \(hidden) \(SSHAlgorithm.ed25519) \(SSHKeyBlob(keys[2]).base64)
            b.example,10.0.0.1 \(SSHAlgorithm.ed25519) \(SSHKeyBlob(keys[0]).base64)

            """
        try scratch.write(Array(file.utf8), to: "known_hosts", mode: 0o644)
        status(await second("sync"), .done)
        status(await second("ssh", "known", "import", scratch("known_hosts"), "--host", "hidden.example"), .done)
        status(await second("ssh", "known", "import", scratch("known_hosts"), "--host", "other.example"), .notFound)
        status(await second("ssh", "known", "import", scratch("known_hosts")), .done)
        status(await first("sync"), .done)
        let hosts = try json(await first("ssh", "known", "list", "--json"))["hosts"]?.array
        #expect(
            hosts?.compactMap { $0["address"]?.string } == [
                "a.example", "hidden.example", hidden, "b.example", "10.0.0.1",
            ])
        #expect(hosts?.first?["fingerprint"]?.string == keys[1].fingerprint)
        status(await first("ssh", "known", "remove", "10.0.0.1"), .done)
        status(await first("ssh", "known", "remove", "10.0.0.1"), .notFound)
        #expect(await first("ssh", "known").lines.count == 4)
        status(await first("ssh", "known-hosts", "--install"), .done)
        let installed = try KnownHost.read(try #require(scratch.read("first/.ssh/known_hosts")))
        #expect(installed.map(\.hosts) == ["a.example", "hidden.example", hidden, "b.example"])

        status(
            await first(
                "ssh", "host", "set", "build", "--address", "build.example.com", "--port", "2222", "--user", "a"), .done
        )
        status(await first("ssh", "host", "set", "bu ild"), .usage)
        #expect(
            await second("ssh", "config").output
                == "Host build\n  HostName build.example.com\n  Port 2222\n  User a\nMatch all\n")
        #expect(await second("ssh", "host").output == "build  a@[build.example.com]:2222\n")
        #expect(
            await second("ssh", "config", "--agent").output.contains(
                "IdentityAgent \"\(scratch("second"))/agent/socket\""))
        status(await second("ssh", "config", "--install", "--socket", "/run/x"), .done)
        #expect(
            String(decoding: scratch.read("second/.ssh/config") ?? [], as: UTF8.self).contains(
                "IdentityAgent \"/run/x\""))
        status(await first("ssh", "host", "remove", "build"), .done)
        status(await second("ssh", "config", "--install"), .done)
        #expect(scratch.read("second/.ssh/config")?.isEmpty == true)
    }

    /// The program itself: its agent, asked by OpenSSH's, until it is told to end.
    @Test func theAgentServesUntilItIsToldToEnd() async throws {
        let scratch = try Scratch()
        try scratch.makeDirectory("run")
        let environment = [
            "/usr/bin/env", "MESH_HOME=\(scratch("home"))", "MESH_KEYSTORE=files-clear",
            "MESH_PORTAL=dir:\(scratch("portal"))",
            "XDG_RUNTIME_DIR=\(scratch("run"))",
        ]
        let tool = environment + [MeshTestSupport.Child.program("meshclient")]
        func run(_ arguments: [String]) async throws -> MeshTestSupport.Child.End {
            try await MeshTestSupport.Child.finish(arguments)
        }
        for arguments in [
            ["portal", "create", scratch("portal"), "--domain", "example.com"],
            ["account", "create", "alice@example.com"],
        ] {
            let made = try await run(tool + arguments)
            try #require(made.code == 0, "\(made.output)")
        }
        let key = try await run(tool + ["ssh", "key"]).output
        for signal in [SIGTERM, SIGINT] {
            let agent = try RunningChild(tool + ["ssh", "agent"])
            var said = ""
            while !said.contains("echo Agent pid"), let octets = try agent.read() {
                said += String(decoding: octets, as: UTF8.self)
            }
            let path = try #require(
                said.split(separator: ";").first?.split(separator: "=").last.map(String.init), "\(said)")
            #expect(path.hasPrefix(scratch("run/mesh/ssh-")), "\(said)")
            let listed = try await run(["/usr/bin/env", "SSH_AUTH_SOCK=\(path)", "ssh-add", "-L"])
            #expect(listed.output == key)
            // A second one does not take its place.
            let other = try await run(tool + ["ssh", "agent", "--json"])
            #expect(
                other.code == ToolStatus.refused.rawValue && other.output.contains("already-exists"), "\(other.output)")
            agent.send(signal)
            let end = try agent.end()
            #expect(end.code == 0, "\(end.output)")
            #expect(!FileManager.default.fileExists(atPath: path))
        }
        // Killed, it leaves a socket that the next one replaces.
        let killed = try RunningChild(tool + ["ssh", "agent", "--socket", scratch("own/socket")])
        var said = ""
        while !said.contains("echo Agent pid"), let octets = try killed.read() {
            said += String(decoding: octets, as: UTF8.self)
        }
        killed.kill()
        #expect(FileManager.default.fileExists(atPath: scratch("own/socket")))
        let next = try RunningChild(tool + ["ssh", "agent", "--socket", scratch("own/socket")])
        said = ""
        while !said.contains("echo Agent pid"), let octets = try next.read() {
            said += String(decoding: octets, as: UTF8.self)
        }
        #expect(said.contains("echo Agent pid"), "\(said)")
        next.send(SIGTERM)
        #expect(try next.end().code == 0)
        #expect(!FileManager.default.fileExists(atPath: scratch("own/socket")))
    }
}
