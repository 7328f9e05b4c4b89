import MeshCore
import MeshCryptography
import MeshPlatformTesting
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

/// What is left of a secret in the memory of the process when it is no longer used: nothing.
struct MemoryTests {
    @Test func secretsAreWiped() async throws {
        let directory = try TemporaryDirectory()
        let needles = try await Self.useSecrets(directory)
        for needle in needles { #expect(try ProcessMemory.lacks(needle), "\(needle.name) is still in memory") }
        // The search finds what is there.
        let present = SecretBytes(random: 32, from: SystemRandomSource())
        let needle = present.withUnsafeBytes { ProcessMemory.Needle("present", $0[...]) }
        #expect(try ProcessMemory.count(needle) > 0)
        _ = present.count
    }

    /// Uses a key in every way there is, and tells what must be gone.
    private static func useSecrets(_ directory: TemporaryDirectory) async throws -> [ProcessMemory.Needle] {
        let random = SystemRandomSource()
        let sealed = try await directory.unlocked()
        let seed = SecretBytes(random: 32, from: random)
        let words = SecretBytes(random: 32, from: random)
        var needles = [
            seed.withUnsafeBytes { ProcessMemory.Needle("seed", $0[...]) },
            words.withUnsafeBytes { ProcessMemory.Needle("words", $0[...]) },
        ]
        let key = try SSHPrivateKey(ed25519Seed: seed, comment: "alice")
        let text = try key.openSSHText(random: random)
        // The part of the text in which the seed stands: octets 161 to 192 of the container, behind 36 characters of heading
        // and three line ends. The public half behind it stands in the .pub file too, and is no secret.
        text.withUnsafeBytes { text in
            for start in stride(from: 256, through: 280, by: 2) {
                needles.append(ProcessMemory.Needle("text at \(start)", text[start...]))
            }
        }
        let item = try await sealed.importSSHKey(key)
        let taken = try await sealed.exportSSHKey(item.identifier)
        let passphrase = SharedSecret(words.duplicate())
        let encrypted = try taken.openSSHText(.passphrase(passphrase, rounds: 1), random: random)
        let read = try SSHPrivateKey(openSSHText: encrypted, passphrase: passphrase)
        #expect(read.publicKey == key.publicKey)
        let ssh = SSHKeyDirectory(root: directory.path)
        try await ssh.write(read, encryption: .none)
        _ = try await SSHKeyDirectoryTests.publicHalf("id_ed25519", ssh)
        let plain = try newItem()
        let clear = KeyFileStore(root: directory.file("clear"), mode: ci, sealing: .clear)
        try await clear.store(seed, as: plain)
        let same = try await clear.withKey(plain.identifier) { _ in true }
        #expect(same == true)
        try await sealed.changePassphrase(
            by: GivenPassphrase(passphrase), options: CallOptions(deadline: .seconds(300)))
        try await sealed.lock(options: CallOptions())
        return needles
    }
}
