import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

/// `authorized_keys`, `known_hosts` and `config`: read, written, and taken by OpenSSH's programs.
struct SSHFileTests {
    static let keys = (1...3).compactMap { seed in
        try? SSHPrivateKey.generate(comment: "key \(seed)", random: SeededRandomSource(seed: UInt64(seed))).publicKey
    }

    private func keys() throws -> [SSHPublicKey] {
        try #require(Self.keys.count == 3)
        return Self.keys
    }

    // MARK: authorized_keys

    @Test func authorizedKeysAreRead() throws {
        let key = try keys()[0]
        let bare = try #require(AuthorizedKey(key.openSSHLine))
        #expect(bare == AuthorizedKey(key))
        #expect(bare.line == key.openSSHLine && bare.options.isEmpty && bare.comment == "key 1")
        for options in ["restrict", "command=\"echo \\\"a b\\\" c\",no-pty", "from=\"10.0.0.?, *.example\"", "a=\"#\""]
        {
            let line = "\(options) \(key.openSSHLine)"
            let read = try #require(AuthorizedKey("  \t\(line)\r"))
            #expect(read.options == options && read.key == SSHKeyBlob(key) && read.comment == "key 1")
            #expect(read.line == line)
        }
        let other = try #require(AuthorizedKey("\(key.algorithm)\t \(SSHKeyBlob(key).base64)"))
        #expect(other.comment.isEmpty)
        for wrong in [
            "", "# \(key.openSSHLine)", "ssh-ed25519", "ssh-rsa \(SSHKeyBlob(key).base64)", "restrict",
            "command=\"x \(key.openSSHLine)", "ssh-ed25519 AAAA!", "\(key.openSSHLine)\n\(key.openSSHLine)",
        ] { #expect(AuthorizedKey(wrong) == nil, "\(wrong)") }
        let file = "# mine\n\n\(key.openSSHLine)\nnonsense\n\u{FF}\nrestrict \(key.openSSHLine)"
        #expect(try AuthorizedKey.read(Array(file.utf8)).count == 2)
    }

    /// Comments come from other devices: none makes a line of its own.
    @Test func commentsStayInTheirLine() throws {
        let key = try keys()[0].commented("a\nssh-ed25519 AAAA\r\u{2028}b")
        let line = AuthorizedKey(key).line
        #expect(!line.contains("\n") && !line.contains("\r"))
        #expect(try AuthorizedKey.read(Array(line.utf8)).count == 1)
        let host = try #require(KnownHost(hosts: "a", key: SSHKeyBlob(key), comment: "b\nc"))
        #expect(try KnownHost.read(Array(host.line.utf8)) == [host])
    }

    // MARK: known_hosts

    @Test func knownHostsAreReadAndMatched() throws {
        let key = SSHKeyBlob(try keys()[0])
        func host(_ hosts: String, _ marker: String = "") throws -> KnownHost {
            try #require(KnownHost("\(marker)\(hosts) \(key.algorithm) \(key.base64) words here"))
        }
        let plain = try host("Example.com,[10.0.0.1]:2222,*.lan,!bad.lan")
        #expect(plain.comment == "words here" && plain.marker == nil)
        for name in ["example.com", "EXAMPLE.COM", "[10.0.0.1]:2222", "a.lan", "a.b.lan"] {
            #expect(plain.matches(name))
        }
        for name in ["10.0.0.1", "bad.lan", "lan", "example.com.", ""] { #expect(!plain.matches(name)) }
        #expect(plain.separated == [plain])
        let two = try host("a,b?", "@revoked ")
        #expect(two.marker == .revoked && two.matches("bc") && !two.matches("b"))
        #expect(two.separated.map(\.hosts) == ["a", "b?"] && two.separated.allSatisfy { $0.marker == .revoked })
        #expect(try KnownHost.read(Array("\(two.line)\n".utf8)) == [two])
        for wrong in [
            "", "#a x y", "@other a \(key.algorithm) \(key.base64)", "a \(key.algorithm)",
            "a,,b \(key.algorithm) \(key.base64)",
            "|1|x|y \(key.algorithm) \(key.base64)", "a;b \(key.algorithm) \(key.base64)",
            "! \(key.algorithm) \(key.base64)",
        ] { #expect(KnownHost(wrong) == nil, "\(wrong)") }
        for wrong in ["", "a b", "a\n", "#a", "@a", "é", "a,"] {
            #expect(KnownHost(hosts: wrong, key: key) == nil, "\(wrong)")
        }
        #expect(KnownHost.name("a") == "a" && KnownHost.name("a", port: 2222) == "[a]:2222")
    }

    /// A pattern that costs a careless matcher for ever.
    @Test func manyStarsCostLittle() throws {
        let key = SSHKeyBlob(try keys()[0])
        let pattern = String(repeating: "*a", count: 2000) + "b"
        let host = try #require(KnownHost(hosts: pattern, key: key))
        #expect(!host.matches(String(repeating: "a", count: 20_000)))
    }

    @Test(.enabled(if: hasSSHKeygen, "ssh-keygen is not installed"))
    func theirProgramFindsOurHosts() throws {
        let directory = try TemporaryDirectory()
        let keys = try keys()
        let random = SystemRandomSource()
        let hosts = [
            KnownHost(hosts: "plain.example", key: SSHKeyBlob(keys[0]), comment: "one"),
            KnownHost(hosts: KnownHost.hashed("Hashed.example", random: random), key: SSHKeyBlob(keys[1])),
            KnownHost(hosts: KnownHost.name("port.example", port: 2222), key: SSHKeyBlob(keys[2])),
            KnownHost(marker: .certificateAuthority, hosts: "*.ca.example", key: SSHKeyBlob(keys[0])),
        ].compactMap { $0 }
        try #require(hosts.count == 4)
        let lines = try KeptBlock("M-A").merged(hosts.map(\.line), into: Array("# mine\n".utf8))
        try directory.write(lines, "known_hosts")
        for (name, key) in [("plain.example", keys[0]), ("hashed.example", keys[1]), ("[port.example]:2222", keys[2])] {
            let found = try Command("ssh-keygen", "-l", "-F", name, "-f", directory.file("known_hosts"))
            #expect(found.status == 0 && found.output.contains(key.fingerprint), "\(name): \(found.output)")
        }
        #expect(try Command("ssh-keygen", "-F", "other.example", "-f", directory.file("known_hosts")).status != 0)
        let authority = try Command("ssh-keygen", "-l", "-F", "a.ca.example", "-f", directory.file("known_hosts"))
        #expect(authority.status == 0 && authority.output.contains(" CA"), "\(authority.output)")
        // And what they hash is found here, with whatever else was in the file.
        let hashed = try Command("ssh-keygen", "-H", "-f", directory.file("known_hosts"))
        try #require(hashed.status == 0)
        let read = try KnownHost.read(try directory.octets("known_hosts"))
        #expect(read.count == 4)
        #expect(read.filter { $0.isHashed }.count == 3)
        for (name, key) in [("plain.example", keys[0]), ("hashed.example", keys[1]), ("[port.example]:2222", keys[2])] {
            #expect(read.filter { $0.matches(name) }.map(\.key) == [SSHKeyBlob(key)], "\(name)")
        }
        // `authorized_keys`, plain and with options.
        let authorized = keys.map { AuthorizedKey($0).line } + ["restrict,command=\"x y\" \(keys[0].openSSHLine)"]
        try directory.write(try KeptBlock("M-A").merged(authorized, into: []), "authorized_keys")
        let them = try Command("ssh-keygen", "-l", "-f", directory.file("authorized_keys"))
        #expect(them.output.split(separator: "\n").count == 4, "\(them.output)")
        for key in keys { #expect(them.output.contains("\(key.fingerprint) \(key.comment) (ED25519)")) }
    }

    // MARK: config

    @Test func settingsAreWhatTheySay() {
        for wrong in ["", "a b", "-a", "a\nb", "*", "é", "a\"b", "a,b", "!a"] {
            #expect(SSHHostSettings(alias: wrong) == nil, "\(wrong)")
            #expect(SSHHostSettings(alias: "a", address: wrong) == nil)
        }
        for wrong in ["", "a b", "-oProxyCommand=x", "a\nb", "$a", "a%h"] {
            #expect(SSHHostSettings(alias: "a", user: wrong) == nil)
        }
        for wrong in [0, -1, 65_536] { #expect(SSHHostSettings(alias: "a", port: wrong) == nil) }
        #expect(SSHHostSettings.config([]).isEmpty)
    }

    @Test(.enabled(if: hasSSHKeygen, "ssh is not installed"))
    func theirProgramTakesOurConfiguration() throws {
        let directory = try TemporaryDirectory()
        let settings = [
            SSHHostSettings(alias: "build", address: "build.example.com", port: 2222, user: "alice"),
            SSHHostSettings(alias: "six", address: "fe80::1"), SSHHostSettings(alias: "mine", user: "other"),
        ].compactMap { $0 }
        try #require(settings.count == 3)
        let lines = SSHHostSettings.config(settings, agent: "/run/user/1/a b/socket")
        let theirs = Array("Host mine\n  User me\n".utf8)
        let file = try KeptBlock("M-A").merged(lines, into: theirs) + Array("Compression yes\n".utf8)
        try directory.write(file, "config")
        func effective(_ host: String) throws -> Set<String> {
            let run = try Command("ssh", "-G", "-F", directory.file("config"), host)
            try #require(run.status == 0, "\(run.output)")
            return Set(run.output.split(separator: "\n").map(String.init))
        }
        let build = try effective("build")
        for line in ["hostname build.example.com", "port 2222", "user alice", "identityagent /run/user/1/a b/socket"] {
            #expect(build.contains(line), "\(line)")
        }
        // What is theirs counts first, and what follows our lines is for all hosts again.
        #expect(try effective("mine").contains("user me"))
        for host in ["build", "six", "mine", "unknown"] { #expect(try effective(host).contains("compression yes")) }
        #expect(try effective("six").contains("hostname fe80::1"))
        #expect(!SSHHostSettings.config(settings, agent: "/a\"b").joined().contains("IdentityAgent"))
    }
}
