import Glibc
import MeshCore
import MeshDARE
import MeshInMemory
import MeshLinuxSSH
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSSH
import MeshSSHTestSupport
import MeshSessions
import MeshTestSupport
import Testing

/// A real server of OpenSSH's, on a loopback port, and its real client: who gets in.
@Suite(.enabled(if: LocalServer.canRun, "there is no sshd, or it cannot run here"))
struct ServerLoginTests {
    /// Two devices of an account, each with its key entered.
    private func devices() async throws -> (desk: PersonalSession, laptop: PersonalSession) {
        let portal = MeshPortalDirect(
            "example.com",
            try await PortalService.open(
                domain: "example.com", store: InMemoryPortalStore(), keys: InMemoryKeyStore()))
        let desk = try await MeshSession(MeshMachineCached(), portal: portal).createAccount("alice@example.com")
        let machine = MeshSession(MeshMachineCached(), portal: portal)
        let request = try await machine.connect(to: "alice@example.com")
        let pending = try #require(try await desk.connectPending().first)
        _ = try await desk.connectClose(pending, .accept())
        let laptop = try await machine.awaitConnection(request)
        for session in [desk, laptop] {
            _ = try await session.ssh.publish()
            _ = try await session.sync()
        }
        _ = try await desk.sync()
        return (desk, laptop)
    }

    @Test func aDeviceLogsInUntilItIsRemoved() async throws {
        let (desk, laptop) = try await devices()
        let directory = try TemporaryDirectory()
        let (serverHome, clientHome) = (
            SSHUserDirectory(directory.file("server/.ssh")), SSHUserDirectory(directory.file("client/.ssh"))
        )
        let server = try LocalServer(directory, authorizedKeys: "\(serverHome.path)/authorized_keys")

        let user = server.user
        // What each side has of it comes from the account, through the files that are installed.
        let owner = desk.udf.text
        func authorize() async throws {
            _ = try await desk.sync()
            _ = try await serverHome.install(
                try await desk.ssh.authorizedKeys().map(\.line), of: owner, in: .authorizedKeys)
        }
        try await authorize()
        let hostKey = try #require(try AuthorizedKey.read(directory.octets("host.pub")).first)
        let name = KnownHost.name("127.0.0.1", port: server.port)
        _ = try await desk.ssh.add([try #require(KnownHost(hosts: name, key: hostKey.key))])
        _ = try await desk.ssh.set(
            try #require(
                SSHHostSettings(alias: "desk", address: "127.0.0.1", port: server.port, user: user)))
        _ = try await desk.sync()
        _ = try await laptop.sync()
        _ = try await clientHome.install(try await laptop.ssh.knownHosts().map(\.line), of: owner, in: .knownHosts)

        /// Logs in through an agent that is served at a socket of its own.
        func login(_ agent: SSHAgent, _ socket: String) async throws -> Command {
            let agent = try await ServedAgent(agent, at: directory.file("\(socket)/agent"), in: directory)
            _ = try await clientHome.install(
                SSHHostSettings.config(try await laptop.ssh.hosts(), agent: agent.path), of: owner, in: .config)
            let home = clientHome.path
            let run = try await blocking {
                try Command(
                    "env", "-u", "SSH_AUTH_SOCK", "ssh", "-F", "\(home)/config", "-o",
                    "UserKnownHostsFile=\(home)/known_hosts", "-o", "GlobalKnownHostsFile=/dev/null", "-o",
                    "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "-o", "IdentityFile=\(home)/none", "-o",
                    "PreferredAuthentications=publickey", "desk", "echo", "logged in as", user)
            }
            try await agent.stop()
            return run
        }

        func login(_ session: PersonalSession, _ socket: String) async throws -> Command {
            try await login(SSHAgent(try await session.ssh.signer()), socket)
        }

        for (session, socket) in [(laptop, "a"), (desk, "b")] {
            let run = try await login(session, socket)
            #expect(run.status == 0 && run.output.contains("logged in as \(user)"), "\(run.output)")
        }

        // A key that is none of the account's.
        let stranger = try await login(SSHAgent(try testSigner(seed: 99)), "c")
        #expect(stranger.status == 255 && stranger.output.contains("Permission denied"), "\(stranger.output)")

        let lost = try #require(try await laptop.connectedDevices().first(where: \.isThis)?.udf)
        _ = try await desk.remove(lost)
        _ = try await desk.sync()
        try await authorize()
        let refused = try await login(laptop, "d")
        #expect(refused.status == 255 && refused.output.contains("Permission denied"), "\(refused.output)")
        let still = try await login(desk, "e")
        #expect(still.status == 0, "\(still.output)")

        // A host that has another key than is known is not talked to.
        _ = try await clientHome.install(
            ["\(name) \(hostKey.key.algorithm) \(SSHKeyBlob(try await laptop.ssh.publicKey()).base64)"], of: owner,
            in: .knownHosts)
        let unknown = try await login(desk, "f")
        #expect(
            unknown.status == 255 && unknown.output.contains("REMOTE HOST IDENTIFICATION HAS CHANGED"),
            "\(unknown.output)")
        withExtendedLifetime(server) {}
    }
}

/// A server of a test's own, on a loopback port that was free. It is killed with the value.
final class LocalServer {
    static let program = "/usr/sbin/sshd"
    let port: Int
    let user: String
    private let child: RunningChild

    /// Whether there is a server, and one can be begun here: else the tests that need it say so, and do not run.
    static let canRun: Bool = {
        guard access(program, X_OK) == 0, access("/usr/bin/ssh", X_OK) == 0 else {
            print("no sshd: the tests that log in do not run")
            return false
        }
        do {
            let directory = try TemporaryDirectory()
            _ = try LocalServer(directory, authorizedKeys: "none")
            return true
        } catch {
            print("sshd cannot run here, so the tests that log in do not: \(error)")
            return false
        }
    }()

    /// Returns when it listens. Its files are `host`, `host.pub` and `sshd_config` in the directory.
    init(_ directory: TemporaryDirectory, authorizedKeys: String) throws {
        // Where the server of the system has it made when it begins.
        if geteuid() == 0 { mkdir("/run/sshd", 0o755) }
        guard let entry = getpwuid(geteuid()) else {
            throw PlatformError(.notFound, store: "sshd", "The user of the tests has no name.")
        }
        user = String(cString: entry.pointee.pw_name)
        let made = try Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", directory.file("host"))
        guard made.status == 0 else { throw PlatformError(.unavailable, store: "ssh-keygen", made.output) }
        var words = ""
        for _ in 0..<10 {
            let port = try Self.freePort()
            let settings = """
                Port \(port)
                ListenAddress 127.0.0.1
                HostKey \(directory.file("host"))
                AuthorizedKeysFile \(authorizedKeys)
                PidFile none
                StrictModes no
                UsePAM no
                PermitRootLogin prohibit-password
                AuthenticationMethods publickey
                PasswordAuthentication no
                KbdInteractiveAuthentication no

                """
            try directory.write(Array(settings.utf8), "sshd_config")
            let child = try RunningChild([Self.program, "-D", "-e", "-f", directory.file("sshd_config")])
            words = ""
            while let said = try child.read() {
                words += String(decoding: said, as: UTF8.self)
                if words.contains("Server listening on 127.0.0.1") {
                    self.port = port
                    self.child = child
                    return
                }
            }
            // Another process was faster to take the port: take another one.
            child.wait()
        }
        throw PlatformError(.unavailable, store: "sshd", "It does not listen: \(words)")
    }

    private static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 ? getsockname(descriptor, $0, &size) : -1
            }
        }
        guard result == 0 else { throw PlatformError(.unavailable, store: "sshd", "No port is free: \(errno).") }
        return Int(address.sin_port.bigEndian)
    }
}
