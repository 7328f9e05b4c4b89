import Glibc
import MeshCore
import MeshCryptography
import MeshLinuxSSH
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

/// The agent at its socket: with OpenSSH's own program, and with clients of the worst kind.
struct AgentServerTests {
    @Test(.enabled(if: hasSSHKeygen, "OpenSSH's programs are not installed"))
    func theirProgramUsesIt() async throws {
        let directory = try TemporaryDirectory()
        let signer = try testSigner(seed: 1)
        let key = try #require(try await signer.identities().first)
        let served = try await ServedAgent(SSHAgent(signer), in: directory)
        #expect(try directory.mode("agent") == 0o700)
        #expect(try directory.mode("agent/socket") == 0o600)
        let socket = "SSH_AUTH_SOCK=\(served.path)"
        try directory.write(Array("words".utf8), "message")
        try directory.write(Array("\(key.openSSHLine)\n".utf8), "key.pub", mode: 0o644)
        try directory.write(Array("alice \(key.openSSHLine)\n".utf8), "allowed", mode: 0o644)
        let path = directory.path
        try await blocking {
            #expect(try Command("env", socket, "ssh-add", "-L").output == key.openSSHLine + "\n")
            let listed = try Command("env", socket, "ssh-add", "-l").output
            #expect(listed == "256 \(key.fingerprint) \(key.comment) (ED25519)\n")
            // It tells that the agent does sign with the key.
            #expect(try Command("env", socket, "ssh-add", "-T", "\(path)/key.pub").status == 0)
            // A signature of a file, verified by them.
            let signed = try Command(
                "env", socket, "ssh-keygen", "-Y", "sign", "-n", "test", "-f", "\(path)/key.pub", "\(path)/message")
            #expect(signed.status == 0, "\(signed.output)")
            let verified = try Command(
                "sh", "-c",
                "cd '\(path)' && ssh-keygen -Y verify -f allowed -I alice -n test -s message.sig < message")
            #expect(verified.status == 0, "\(verified.output)")
            // Nothing can be put in, taken out or locked.
            let made = try Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(path)/theirs")
            #expect(made.status == 0)
            for arguments in [["\(path)/theirs"], ["-D"], ["-d", "\(path)/key.pub"], ["-t", "60", "\(path)/theirs"]] {
                let refused = try Command(arguments: ["env", socket, "ssh-add"] + arguments)
                #expect(refused.status != 0, "\(arguments): \(refused.output)")
            }
            #expect(try Command("env", socket, "ssh-add", "-L").output == key.openSSHLine + "\n")
        }
        try await served.stop()
        #expect(!directory.exists("agent/socket"))
    }

    @Test func manyClientsAreServedAtOnce() async throws {
        let directory = try TemporaryDirectory()
        let signer = try testSigner(seed: 2)
        let key = try #require(try await signer.identities().first)
        let served = try await ServedAgent(SSHAgent(signer), in: directory)
        let path = served.path
        // One that begins and says no more keeps nobody waiting.
        let idle = try RawClient(path)
        idle.send([0, 0, 0, 5, 13])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await blocking {
                        let client = try RawClient(path)
                        for round in 0..<5 {
                            let message = Array("\(number) \(round)".utf8)
                            let answer = try #require(client.ask(signRequest(key, message)))
                            #expect(isSignature(answer, key, message))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        withExtendedLifetime(idle) {}
        try await served.stop()
    }

    @Test func moreClientsThanAreServedWait() async throws {
        let directory = try TemporaryDirectory()
        let served = try await ServedAgent(SSHAgent(try testSigner(seed: 3)), in: directory)
        let path = served.path
        try await blocking {
            var clients: [RawClient] = []
            for _ in 0..<SSHAgentServer.maximumClients {
                let client = try RawClient(path)
                #expect(client.ask([11])?.first == 12)
                clients.append(client)
            }
            let late = try RawClient(path)
            late.send(SSHAgentStream.framed([11]))
            // One that goes makes room.
            clients.removeLast()
            #expect(late.receive()?.first == 12)
        }
        try await served.stop()
    }

    @Test func messagesMayArriveInAnyPieces() async throws {
        let directory = try TemporaryDirectory()
        let signer = try testSigner(seed: 4)
        let key = try #require(try await signer.identities().first)
        let served = try await ServedAgent(SSHAgent(signer), in: directory)
        let path = served.path
        try await blocking {
            let client = try RawClient(path)
            // Several at once are answered one after the other; then octet by octet, and the end of what is said comes first.
            let messages = [[11], signRequest(key, [1, 2, 3]), [11], [99]]
            client.send(messages.flatMap { SSHAgentStream.framed($0) })
            #expect((0..<4).map { _ in client.receive()?.first } == [12, 14, 12, 5])
            for octet in SSHAgentStream.framed(signRequest(key, [4])) { client.send([octet]) }
            client.finish()
            #expect(client.receive()?.first == 14)
            #expect(client.receive() == nil)
            // The largest message that is taken, and one that is too large.
            let room = SSHAgentStream.limit - signRequest(key, []).count
            let large = [UInt8](repeating: 7, count: room)
            let other = try RawClient(path)
            let answer = try #require(other.ask(signRequest(key, large)))
            #expect(isSignature(answer, key, large))
            other.send([0, 4, 0, 1, 11])
            #expect(other.receive() == nil)
            let empty = try RawClient(path)
            empty.send([0, 0, 0, 0])
            #expect(empty.receive() == nil)
        }
        try await served.stop()
    }

    /// Whatever is said, the agent goes on serving others.
    @Test func hostileClientsHarmNobody() async throws {
        let directory = try TemporaryDirectory()
        let signer = try testSigner(seed: 5)
        let key = try #require(try await signer.identities().first)
        let served = try await ServedAgent(SSHAgent(signer), in: directory)
        let path = served.path
        let seed = UInt64.random(in: 0 ... .max)
        print("hostile clients: seed \(seed)")
        try await blocking {
            var random = SeededGenerator(seed: seed)
            for _ in 0..<300 {
                let client = try RawClient(path)
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    var message =
                        Bool.random(using: &random)
                        ? signRequest(key, [1]) : [UInt8.random(in: 0...255, using: &random)]
                    for _ in 0..<Int.random(in: 0...3, using: &random) {
                        let place = Int.random(in: 0..<message.count, using: &random)
                        switch Int.random(in: 0..<3, using: &random) {
                        case 0: message[place] = UInt8.random(in: 0...255, using: &random)
                        case 1: message.removeSubrange(place...)
                        default: message.insert(UInt8.random(in: 0...255, using: &random), at: place)
                        }
                        if message.isEmpty { message = [0] }
                    }
                    var octets = SSHAgentStream.framed(message)
                    if Int.random(in: 0..<4, using: &random) == 0 {
                        octets[Int.random(in: 0..<4, using: &random)] = UInt8.random(in: 0...255, using: &random)
                    }
                    guard client.send(octets) else { break }
                    // Some go away without waiting for what is answered.
                    if Bool.random(using: &random) { break }
                }
            }
            #expect(try RawClient(path).ask([11])?.first == 12, "seed \(seed)")
        }
        try await served.stop()
    }

    // MARK: The socket

    @Test func aSocketIsServedByOne() async throws {
        let directory = try TemporaryDirectory()
        let agent = SSHAgent(try testSigner(seed: 6))
        let first = try await ServedAgent(agent, in: directory)
        #expect(await code { _ = try await ServedAgent(agent, in: directory) } == .alreadyExists)
        // The one that was there is not disturbed.
        let path = first.path
        #expect(try await blocking { try RawClient(path).ask([11])?.first } == 12)
        try await first.stop()
        #expect(!directory.exists("agent/socket"))
        let second = try await ServedAgent(agent, in: directory)
        try await second.stop()
    }

    /// Several that begin at once at a place where one has died: one serves.
    @Test func ofSeveralThatBeginOneServes() async throws {
        let directory = try TemporaryDirectory()
        let agent = SSHAgent(try testSigner(seed: 7))
        try leaveStaleSocket(directory)
        let served = await withTaskGroup(of: ServedAgent?.self) { group in
            for _ in 0..<8 { group.addTask { try? await ServedAgent(agent, in: directory) } }
            var served: [ServedAgent] = []
            for await one in group { if let one { served.append(one) } }
            return served
        }
        #expect(served.count == 1)
        for one in served { try await one.stop() }
        #expect(!directory.exists("agent/socket"))
    }

    @Test func whatIsNoSocketOfOursIsNotTouched() async throws {
        let directory = try TemporaryDirectory()
        let agent = SSHAgent(try testSigner(seed: 8))
        mkdir(directory.file("agent"), 0o700)
        try directory.write([1], "agent/socket")
        #expect(await code { _ = try await ServedAgent(agent, in: directory) } == .unexpectedFileType)
        #expect(try directory.octets("agent/socket") == [1])
        unlink(directory.file("agent/socket"))
        symlink(directory.file("elsewhere"), directory.file("agent/socket"))
        #expect(await code { _ = try await ServedAgent(agent, in: directory) } == .unexpectedFileType)
        unlink(directory.file("agent/socket"))
        // A directory that others may look into.
        chmod(directory.file("agent"), 0o750)
        #expect(await code { _ = try await ServedAgent(agent, in: directory) } == .insecurePermissions)
        chmod(directory.file("agent"), 0o700)
        #expect(
            await code { _ = try await ServedAgent(agent, at: "/tmp/mesh-agent", in: directory) }
                == .insecurePermissions)
        let long = directory.file(String(repeating: "a", count: 120))
        #expect(await code { _ = try await ServedAgent(agent, at: long, in: directory) } == .invalidArgument)
    }

    /// A socket that took the place of ours is not removed with ours.
    @Test func anotherSocketStays() async throws {
        let directory = try TemporaryDirectory()
        let served = try await ServedAgent(SSHAgent(try testSigner(seed: 9)), in: directory)
        unlink(served.path)
        try directory.write([1], "agent/socket")
        try await served.stop()
        #expect(try directory.octets("agent/socket") == [1])
    }

    /// Another user's program is not answered, whatever the permissions say.
    @Test(.enabled(if: geteuid() == 0, "only root can be another user"))
    func anotherUserIsNotServed() async throws {
        let directory = try TemporaryDirectory()
        let served = try await ServedAgent(SSHAgent(try testSigner(seed: 10)), in: directory)
        for name in [directory.path, directory.file("agent"), served.path] { chmod(name, 0o777) }
        let path = served.path
        let run = try await blocking {
            try Command(
                "setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "SSH_AUTH_SOCK=\(path)",
                "ssh-add", "-L")
        }
        #expect(run.status != 0 && !run.output.contains("ssh-ed25519"), "\(run.output)")
        #expect(try await blocking { try RawClient(path).ask([11])?.first } == 12)
        try await served.stop()
    }

    /// What keeps the signer from signing is told to the person, not to the client.
    @Test func aStoreThatIsLockedIsAFailure() async throws {
        struct Locked: SSHSigner {
            func identities() async throws -> [SSHPublicKey] {
                throw PlatformError(.locked, store: "keys", "The store is locked.")
            }
            func sign(_ message: [UInt8], with key: SSHPublicKey) async throws -> SSHSignature {
                SSHSignature(ed25519: [])
            }
        }
        let directory = try TemporaryDirectory()
        let (errors, continuation) = AsyncStream<any Error>.makeStream()
        let served = try await ServedAgent(SSHAgent(Locked()) { continuation.yield($0) }, in: directory)
        let path = served.path
        #expect(try await blocking { try RawClient(path).ask([11]) } == [5])
        var iterator = errors.makeAsyncIterator()
        #expect((await iterator.next() as? PlatformError)?.code == .locked)
        try await served.stop()
    }

    /// A socket whose server has died.
    private func leaveStaleSocket(_ directory: TemporaryDirectory) throws {
        mkdir(directory.file("agent"), 0o700)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = directory.file("agent/socket")
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
        close(descriptor)
    }
}

/// A request to sign.
func signRequest(_ key: SSHPublicKey, _ message: [UInt8], flags: UInt32 = 0) -> [UInt8] {
    func string(_ octets: [UInt8]) -> [UInt8] { SSHAgentStream.framed(octets) }
    return [13] + string(key.wire) + string(message) + [0, 0, 0, UInt8(flags & 0xFF)]
}

/// Whether an answer holds the signature of a message.
func isSignature(_ answer: [UInt8], _ key: SSHPublicKey, _ message: [UInt8]) -> Bool {
    answer.first == 14 && answer.count == 1 + 4 + 4 + 11 + 4 + 64
        && key.meshKey.isValidSignature(Array(answer.suffix(64)), for: message)
}
