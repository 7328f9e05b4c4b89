import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

/// The protocol of agents, without a socket.
struct SSHAgentTests {
    private static func string(_ octets: [UInt8]) -> [UInt8] { SSHAgentStream.framed(octets) }

    private static func agent() throws -> (SSHAgent, SSHPublicKey) {
        let key = try PrivateKey.generate(.ed25519, from: SeededRandomSource(seed: 1))
        let publicKey = try SSHPublicKey(key.publicKey, comment: "mmm:a@example.com [desk]")
        return (SSHAgent(BorrowedKeySigner(publicKey) { key }), publicKey)
    }

    private static func request(_ wire: [UInt8], _ message: [UInt8], flags: UInt32 = 0) -> [UInt8] {
        [13] + string(wire) + string(message) + (0..<4).map { UInt8(truncatingIfNeeded: flags >> (24 - 8 * $0)) }
    }

    @Test func identitiesAreListed() async throws {
        let (agent, key) = try Self.agent()
        let expected = [12, 0, 0, 0, 1] + Self.string(key.wire) + Self.string(Array(key.comment.utf8))
        #expect(await agent.answer([11]) == expected)
        #expect(await agent.answer([11, 0]) == [5])
    }

    @Test func signaturesVerify() async throws {
        let (agent, key) = try Self.agent()
        for message in [[], [1], [UInt8](repeating: 7, count: 100_000)] {
            // The flags choose hashes for RSA keys, and say nothing to others.
            for flags: UInt32 in [0, 2, 4, 6] {
                let answer = await agent.answer(Self.request(key.wire, message, flags: flags))
                let signature = Array(answer.suffix(64))
                #expect(answer == [14] + Self.string(Self.string(Array("ssh-ed25519".utf8)) + Self.string(signature)))
                #expect(key.meshKey.isValidSignature(signature, for: message))
            }
        }
    }

    @Test func whatIsNotDoneFails() async throws {
        let (agent, key) = try Self.agent()
        // Another key, flags that are not known, anything missing or too much.
        let good = Self.request(key.wire, [1, 2, 3])
        #expect(await agent.answer(Self.request(key.wire + [0], [1])) == [5])
        #expect(await agent.answer(Self.request([], [1])) == [5])
        for flags: UInt32 in [1, 8, 0x8000_0000] {
            #expect(await agent.answer(Self.request(key.wire, [1], flags: flags)) == [5])
        }
        for count in 0..<good.count { #expect(await agent.answer(Array(good.prefix(count))) == [5], "\(count)") }
        #expect(await agent.answer(good + [0]) == [5])
        // To take in, to forget, to lock, cards, extensions, and all that nobody has thought of yet.
        for kind in UInt8.min...UInt8.max where kind != 11 && kind != 13 {
            #expect(await agent.answer([kind]) == [5])
            #expect(await agent.answer([kind] + Self.string(key.wire)) == [5])
        }
        #expect(await agent.answer([]) == [5])
    }

    /// A key store that lends another key than it should.
    @Test func anotherKeyThanTheOneAskedForDoesNotSign() async throws {
        let keys = try (1...2).map { try PrivateKey.generate(.ed25519, from: SeededRandomSource(seed: $0)) }
        let publicKey = try SSHPublicKey(keys[0].publicKey)
        let (errors, continuation) = AsyncStream<any Error>.makeStream()
        let other = keys[1]
        let agent = SSHAgent(BorrowedKeySigner(publicKey) { other }) { continuation.yield($0) }
        #expect(await agent.answer(Self.request(publicKey.wire, [1])) == [5])
        var iterator = errors.makeAsyncIterator()
        #expect((await iterator.next() as? PlatformError)?.code == .corrupt)
    }

    // MARK: Streams

    @Test func messagesAreCutFromAnyPieces() throws {
        let messages: [[UInt8]] = [[11], [13, 0, 0], [UInt8](repeating: 9, count: SSHAgentStream.limit), [1]]
        let octets = messages.flatMap { SSHAgentStream.framed($0) }
        let seed = UInt64.random(in: 0 ... .max)
        print("pieces: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            var stream = SSHAgentStream()
            var rest = octets[...]
            var read: [[UInt8]] = []
            while !rest.isEmpty {
                let size = min(rest.count, Int.random(in: 1...70_000, using: &random))
                stream.append(rest.prefix(size))
                rest = rest.dropFirst(size)
                while let message = try stream.next() { read.append(message) }
            }
            #expect(read == messages, "seed \(seed)")
            #expect(stream.count == 0)
        }
    }

    @Test func lengthsAreBounded() throws {
        for header: [UInt8] in [[0, 0, 0, 0], [0, 4, 0, 1], [0xFF, 0xFF, 0xFF, 0xFF], [0x80, 0, 0, 0]] {
            var stream = SSHAgentStream()
            stream.append(header.prefix(3))
            #expect(try stream.next() == nil)
            stream.append(header.suffix(1))
            #expect(throws: SSHAgentStream.Violation.self) { try stream.next() }
        }
    }

    /// Whatever is asked, there is an answer, and it is one of the protocol.
    @Test func anythingIsAnswered() async throws {
        let (agent, key) = try Self.agent()
        let seed = UInt64.random(in: 0 ... .max)
        print("messages: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        let good = Self.request(key.wire, [1, 2, 3])
        for _ in 0..<2000 {
            var message = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 0..<message.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: message[place] = UInt8.random(in: 0...255, using: &random)
                case 1: message.removeSubrange(place...)
                default: message.insert(UInt8.random(in: 0...255, using: &random), at: place)
                }
                if message.isEmpty { message = [13] }
            }
            let answer = await agent.answer(message)
            #expect(answer == [5] || [12, 14].contains(answer.first), "seed \(seed)")
        }
    }
}
