import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshSSH

struct SSHPrivateKeyTests {
    static func key() throws -> SSHPrivateKey {
        try SSHPrivateKey.generate(comment: "alice@example.com", random: SeededRandomSource(seed: 1))
    }

    @Test func comesBack() throws {
        let key = try Self.key()
        for encryption in [SSHKeyEncryption.none, .passphrase(passphrase("secret"), rounds: 1)] {
            let text = try key.openSSHText(encryption, random: SystemRandomSource())
            let read = try SSHPrivateKey(openSSHText: text, passphrase: passphrase("secret"))
            #expect(read.publicKey == key.publicKey)
            #expect(read.fields.octets() == key.fields.octets())
        }
    }

    /// The key is the same one that the Mesh makes of its octets.
    @Test func lendsMeshOctets() throws {
        let key = try Self.key()
        try key.withMeshOctets { octets in
            let mesh = try PrivateKey(algorithm: .ed25519, octets: octets)
            #expect(mesh.publicKey == key.publicKey.meshKey)
        }
        let scalar = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        let curve = try SSHPrivateKey(.p256, scalar: scalar)
        let isSame = try curve.withMeshOctets { $0.isEqual(to: scalar) }
        #expect(isSame)
    }

    @Test func namesPassphraseErrors() throws {
        let key = try Self.key()
        let text = try key.openSSHText(.passphrase(passphrase("secret"), rounds: 1), random: SystemRandomSource())
        #expect(code { _ = try SSHPrivateKey(openSSHText: text) } == .passphraseNeeded)
        for wrong in ["Secret", "secret ", ""] {
            #expect(
                code { _ = try SSHPrivateKey(openSSHText: text, passphrase: passphrase(wrong)) } == .wrongPassphrase)
        }
        #expect(
            code { _ = try key.openSSHText(.passphrase(passphrase(""), rounds: 1), random: SystemRandomSource()) }
                == .invalidArgument)
    }

    /// Cut at every length, and after its end: never a key, never a trap.
    @Test func refusesTruncation() throws {
        let container = try Self.key().openSSHContainer(random: SeededRandomSource(seed: 2))
        for length in 0..<container.count {
            #expect(
                code { _ = try SSHPrivateKey(openSSHContainer: container.duplicate(0..<length)) } == .corrupt,
                "cut at \(length)")
        }
        let longer = SecretBytes(copying: container.octets() + [0])
        #expect(code { _ = try SSHPrivateKey(openSSHContainer: longer) } == .corrupt)
        let text = try Self.key().openSSHText(random: SeededRandomSource(seed: 2))
        for length in 0..<(text.count - 1) {
            #expect(
                code { _ = try SSHPrivateKey(openSSHText: text.duplicate(0..<length)) } == .corrupt,
                "cut at \(length)")
        }
    }

    /// Every bit of an unencrypted key flipped: an error, or the same key where nothing checks the octets.
    @Test func refusesDamage() throws {
        let key = try Self.key()
        let container = try key.openSSHContainer(random: SeededRandomSource(seed: 2)).octets()
        var accepted = 0
        for place in container.indices {
            for bit in 0..<8 {
                var damaged = container
                damaged[place] ^= 1 << UInt8(bit)
                do {
                    let read = try SSHPrivateKey(openSSHContainer: SecretBytes(copying: damaged))
                    #expect(read.publicKey.wire == key.publicKey.wire && read.fields.octets() == key.fields.octets())
                    accepted += 1
                } catch let error as PlatformError {
                    #expect([.corrupt, .unsupported].contains(error.code), "octet \(place) bit \(bit): \(error)")
                }
            }
        }
        // The comment's octets go unchecked, and one length of it: that which takes in the padding to the last octet.
        #expect(accepted <= 8 * key.publicKey.comment.utf8.count + 1)
    }

    @Test func refusesHostileLengths() throws {
        let container = try Self.key().openSSHContainer(random: SeededRandomSource(seed: 2)).octets()
        for place in 0..<(container.count - 4) {
            for hostile in [[0xFF, 0xFF, 0xFF, 0xFF], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0]] as [[UInt8]] {
                var damaged = container
                damaged.replaceSubrange(place..<place + 4, with: hostile)
                do {
                    let read = try SSHPrivateKey(openSSHContainer: SecretBytes(copying: damaged))
                    // Only the comment can be changed unnoticed.
                    #expect(read.publicKey.wire == (try Self.key().publicKey.wire))
                } catch let error as PlatformError {
                    #expect([.corrupt, .unsupported].contains(error.code))
                }
            }
        }
        #expect(
            code { _ = try SSHPrivateKey(openSSHContainer: SecretBytes(copying: [UInt8](repeating: 0, count: 65_537))) }
                == .tooLarge)
    }

    /// A file that asks for more work than a person waits for is refused before any work is done.
    @Test func refusesCostlyRounds() throws {
        let text = try Self.key().openSSHContainer(
            .passphrase(passphrase("secret"), rounds: 1), random: SystemRandomSource()
        ).octets()
        let bcrypt = try #require(text.firstRange(of: Array("bcrypt".utf8)))
        // length of options, length of salt, salt, then the rounds
        let place = bcrypt.upperBound + 4 + 4 + 16
        for (rounds, expected) in [
            ([0xFF, 0xFF, 0xFF, 0xFF], PlatformError.Code.unsupported), ([0, 0, 0x27, 0x11], .unsupported),
            ([0, 0, 0, 0], .corrupt),
        ] as [([UInt8], PlatformError.Code)] {
            var costly = text
            costly.replaceSubrange(place..<place + 4, with: rounds)
            #expect(
                code {
                    _ = try SSHPrivateKey(
                        openSSHContainer: SecretBytes(copying: costly), passphrase: passphrase("secret"))
                } == expected)
        }
    }

    @Test func namesOtherForms() {
        for (text, expected) in [
            ("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", PlatformError.Code.unsupported),
            ("-----BEGIN PRIVATE KEY-----\n", .unsupported), ("", .corrupt), ("PuTTY-User-Key-File-3", .corrupt),
            ("-----BEGIN OPENSSH PRIVATE KEY-----", .corrupt),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----", .corrupt),
        ] {
            #expect(code { _ = try SSHPrivateKey(openSSHText: SecretBytes(text: text)) } == expected, "\(text)")
        }
    }

    @Test func refusesSeedsOfOtherLengths() {
        for count in [0, 31, 33, 57] {
            #expect(
                code {
                    _ = try SSHPrivateKey(ed25519Seed: SecretBytes(copying: [UInt8](repeating: 1, count: count)))
                } == .invalidArgument)
        }
        let zero = SecretBytes(copying: [UInt8](repeating: 0, count: 32))
        #expect(code { _ = try SSHPrivateKey(.p256, scalar: zero) } == .invalidArgument)
        #expect(code { _ = try SSHPrivateKey(.ed25519, scalar: zero) } == .invalidArgument)
    }
}
