import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshSSH

/// Both ways against OpenSSH's own program.
@Suite(.enabled(if: hasSSHKeygen, "ssh-keygen is not installed"))
struct SSHKeygenTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        let type: String
        let bits: String
        let algorithm: SSHAlgorithm
        var testDescription: String { "\(type) \(bits)" }
    }

    static let kinds = [
        Kind(type: "ed25519", bits: "256", algorithm: .ed25519), Kind(type: "rsa", bits: "2048", algorithm: .rsa),
        Kind(type: "rsa", bits: "3072", algorithm: .rsa), Kind(type: "ecdsa", bits: "256", algorithm: .p256),
        Kind(type: "ecdsa", bits: "384", algorithm: .p384), Kind(type: "ecdsa", bits: "521", algorithm: .p521),
    ]

    @Test("K21: what is written of a key is read by ssh-keygen, and the other way round", arguments: kinds)
    func readsAndIsRead(kind: Kind) throws {
        let directory = try TemporaryDirectory()
        let theirs = directory.file("theirs")
        let made = try Command(
            "ssh-keygen", "-q", "-t", kind.type, "-b", kind.bits, "-N", "", "-C", "bob@example.com", "-f", theirs)
        try #require(made.status == 0, "\(made.output)")

        let key = try SSHPrivateKey(openSSHText: directory.secret("theirs"))
        #expect(key.publicKey.algorithm == kind.algorithm)
        #expect(key.publicKey.comment == "bob@example.com")
        #expect(key.publicKey.openSSHLine + "\n" == (try directory.text("theirs.pub")))
        #expect(try SSHPublicKey(openSSHLine: directory.text("theirs.pub")) == key.publicKey)

        let listed = try Command("ssh-keygen", "-l", "-f", theirs)
        #expect(listed.output.contains(" \(key.publicKey.fingerprint) "))

        // Written here, plain and encrypted, and read by them: `-y` needs the passphrase.
        for (name, words) in [("plain", ""), ("sealed", "correct horse battery staple")] {
            let encryption: SSHKeyEncryption = words.isEmpty ? .none : .passphrase(passphrase(words), rounds: 2)
            try directory.write(try key.openSSHText(encryption, random: SystemRandomSource()).octets(), name)
            let read = try Command("ssh-keygen", "-y", "-P", words, "-f", directory.file(name))
            #expect(read.output == key.publicKey.openSSHLine + "\n")
        }
        #expect(try Command("ssh-keygen", "-y", "-P", "wrong", "-f", directory.file("sealed")).status != 0)

        // The other form of public keys, both ways.
        let exported = try Command("ssh-keygen", "-e", "-m", "RFC4716", "-f", theirs + ".pub")
        #expect(try SSHPublicKey(rfc4716: exported.output).wire == key.publicKey.wire)
        try directory.write(Array(key.publicKey.rfc4716.utf8), "ours.rfc4716")
        let imported = try Command("ssh-keygen", "-i", "-m", "RFC4716", "-f", directory.file("ours.rfc4716"))
        #expect(imported.output == key.publicKey.commented("").openSSHLine + "\n")
    }

    @Test(arguments: ["aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com"]) func readsCiphers(cipher: String) throws {
        let directory = try TemporaryDirectory()
        let made = try Command(
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "pass phrase", "-a", "2", "-Z", cipher, "-C", "c", "-f",
            directory.file("key"))
        try #require(made.status == 0, "\(made.output)")
        let text = try directory.secret("key")
        let key = try SSHPrivateKey(openSSHText: text, passphrase: passphrase("pass phrase"))
        #expect(key.publicKey.openSSHLine + "\n" == (try directory.text("key.pub")))
        #expect(code { _ = try SSHPrivateKey(openSSHText: text) } == .passphraseNeeded)
        #expect(
            code { _ = try SSHPrivateKey(openSSHText: text, passphrase: passphrase("pass")) } == .wrongPassphrase)
    }

    @Test func refusesOtherCiphers() throws {
        let directory = try TemporaryDirectory()
        let made = try Command(
            "ssh-keygen", "-q", "-t", "ed25519", "-N", "pass phrase", "-a", "1", "-Z",
            "chacha20-poly1305@openssh.com", "-f", directory.file("key"))
        try #require(made.status == 0, "\(made.output)")
        let text = try directory.secret("key")
        #expect(
            code { _ = try SSHPrivateKey(openSSHText: text, passphrase: passphrase("pass phrase")) } == .unsupported)
    }

    /// What is made here from octets, rather than read, is read by them.
    @Test func readsKeysMadeHere() throws {
        let directory = try TemporaryDirectory()
        let random = SystemRandomSource()
        func check(_ key: borrowing SSHPrivateKey) throws {
            try directory.write(try key.openSSHText(random: random).octets(), "key")
            let read = try Command("ssh-keygen", "-y", "-f", directory.file("key"))
            #expect(read.output == key.publicKey.openSSHLine + "\n")
        }
        try check(SSHPrivateKey.generate(comment: "made here", random: random))
        for (algorithm, size) in [(SSHAlgorithm.p256, 32), (.p384, 48), (.p521, 66)] {
            var octets = random.bytes(size)
            octets[0] = 0
            octets[1] |= 0x80
            try check(SSHPrivateKey(algorithm, scalar: SecretBytes(copying: octets), comment: "made here"))
        }
        try check(SSHPrivateKey(PrivateKey.generate(.ed25519, from: random), comment: "made here"))
        for algorithm in [KeyAlgorithm.ed448, .x25519, .x448] {
            let key = try PrivateKey.generate(algorithm, from: random)
            #expect(code { _ = try SSHPrivateKey(key) } == .unsupported)
            #expect(code { _ = try SSHPublicKey(key.publicKey) } == .unsupported)
        }
    }

    /// An RSA key made of the primes of one of theirs signs what their public half verifies.
    @Test func makesRSAKeysOfPrimes() throws {
        let directory = try TemporaryDirectory()
        let made = try Command(
            "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "", "-f", directory.file("theirs"))
        try #require(made.status == 0, "\(made.output)")
        let theirs = try SSHPrivateKey(openSSHText: directory.secret("theirs"))
        let ours = try theirs.withMeshOctets { primes in try SSHPrivateKey(rsaPrimes: primes) }
        #expect(ours.publicKey == theirs.publicKey)
        try directory.write(try ours.openSSHText(random: SystemRandomSource()).octets(), "ours")
        try directory.write(Array("words".utf8), "message")
        try directory.write(Array("alice \(theirs.publicKey.openSSHLine)\n".utf8), "allowed", mode: 0o644)
        let signed = try Command(
            "ssh-keygen", "-Y", "sign", "-n", "test", "-f", directory.file("ours"), directory.file("message"))
        #expect(signed.status == 0, "\(signed.output)")
        let verified = try Command(
            "sh", "-c",
            "cd '\(directory.path)' && ssh-keygen -Y verify -f allowed -I alice -n test -s message.sig < message")
        #expect(verified.status == 0, "\(verified.output)")
        for count in [0, 255, 256, 257] {
            let other = SecretBytes(copying: [UInt8](repeating: 0xFF, count: count))
            #expect(code { _ = try SSHPrivateKey(rsaPrimes: other) } == .invalidArgument)
        }
    }

    /// Each number of an RSA key changed: none goes unnoticed, for a wrong one gives the primes away.
    @Test func refusesDamagedRSANumbers() throws {
        let directory = try TemporaryDirectory()
        let made = try Command(
            "ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-C", "", "-f", directory.file("theirs"))
        try #require(made.status == 0, "\(made.output)")
        let key = try SSHPrivateKey(openSSHText: directory.secret("theirs"))
        let container = try key.openSSHContainer(random: SeededRandomSource(seed: 1)).octets()
        for place in stride(from: container.count - 1, through: 0, by: -7) {
            var damaged = container
            damaged[place] ^= 4
            let found = code { _ = try SSHPrivateKey(openSSHContainer: SecretBytes(copying: damaged)) }
            #expect(found == .corrupt || found == .unsupported, "octet \(place)")
        }
    }
}
