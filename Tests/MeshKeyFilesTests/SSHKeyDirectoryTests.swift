import MeshCore
import MeshPlatforms
import MeshSSH
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

struct SSHKeyDirectoryTests {
    static func key() throws -> SSHPrivateKey {
        try SSHPrivateKey.generate(comment: "alice@example.com", random: SystemRandomSource())
    }

    /// The public half of the private key in a file; nil if there is no such file.
    static func publicHalf(_ name: String, _ directory: SSHKeyDirectory) async throws -> SSHPublicKey? {
        guard let key = try await directory.readPrivateKey(name) else { return nil }
        return key.publicKey
    }

    @Test func writesCustomaryFiles() async throws {
        let directory = try TemporaryDirectory()
        let ssh = SSHKeyDirectory(root: directory.path)
        let key = try Self.key()
        let files = try await ssh.write(key, encryption: .none)
        #expect(
            files.paths == ["id_ed25519", "id_ed25519.pub", "id_ed25519.rfc4716"].map { directory.file("ssh/\($0)") })
        #expect(try directory.mode("ssh") == 0o700)
        #expect(try directory.mode("ssh/id_ed25519") == 0o600)
        #expect(try directory.mode("ssh/id_ed25519.pub") == 0o644)
        #expect(try directory.mode("ssh/id_ed25519.rfc4716") == 0o644)
        #expect(try await Self.publicHalf("id_ed25519", ssh) == key.publicKey)
        for name in ["id_ed25519.pub", "id_ed25519.rfc4716"] {
            #expect(try await ssh.readPublicKey(name) == key.publicKey)
        }
        #expect(try await ssh.readPublicKey("absent") == nil)
        #expect(try await Self.publicHalf("absent", ssh) == nil)
        if hasSSHKeygen {
            let listed = try Command("ssh-keygen", "-y", "-f", directory.file("ssh/id_ed25519"))
            #expect(listed.output == (try directory.text("ssh/id_ed25519.pub")))
        }
    }

    @Test func overwritesOnlyWhenAsked() async throws {
        let directory = try TemporaryDirectory()
        let ssh = SSHKeyDirectory(root: directory.path)
        let first = try Self.key()
        let second = try Self.key()
        try await ssh.write(first, encryption: .none)
        let before = try directory.snapshot()
        #expect(await code { _ = try await ssh.write(second, encryption: .none) } == .alreadyExists)
        #expect(try directory.snapshot() == before)
        _ = try Command("rm", directory.file("ssh/id_ed25519"), directory.file("ssh/id_ed25519.pub"))
        let partial = try directory.snapshot()
        #expect(await code { _ = try await ssh.write(second, encryption: .none) } == .alreadyExists)
        #expect(try directory.snapshot() == partial)
        try await ssh.write(second, encryption: .none, overwrites: true)
        #expect(try await Self.publicHalf("id_ed25519", ssh) == second.publicKey)
    }

    @Test(arguments: ["authorized_keys", "known_hosts", "config", "../x", "a/b", "", ".", "..", "-f", ".x", "a\nb"])
    func refusesNames(name: String) async throws {
        let directory = try TemporaryDirectory()
        let key = try Self.key()
        let found = await code {
            _ = try await SSHKeyDirectory(root: directory.path).write(key, name: name, encryption: .none)
        }
        #expect(found == .invalidArgument)
    }

    @Test func refusesWhatOthersMayRead() async throws {
        let directory = try TemporaryDirectory()
        let ssh = SSHKeyDirectory(root: directory.path)
        let key = try Self.key()
        try await ssh.write(key, encryption: .none)
        _ = try Command("chmod", "644", directory.file("ssh/id_ed25519"))
        #expect(await code { _ = try await ssh.readPrivateKey("id_ed25519") } == .insecurePermissions)
        _ = try Command("chmod", "666", directory.file("ssh/id_ed25519.pub"))
        #expect(await code { _ = try await ssh.readPublicKey("id_ed25519.pub") } == .insecurePermissions)
    }

    @Test func goesThroughAKeyStore() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.unlocked()
        let key = try Self.key()
        let item = try await store.importSSHKey(key, account: "alice@example.com")
        #expect(item.identifier == key.publicKey.udf && item.keyClass == .application && item.isExportable)
        #expect(item.label == "alice@example.com")
        #expect(await code { _ = try await store.importSSHKey(key) } == .alreadyExists)
        let taken = try await store.exportSSHKey(item.identifier)
        #expect(taken.publicKey == key.publicKey)
        #expect(try taken.withMeshOctets { $0.octets() } == key.withMeshOctets { $0.octets() })
    }

    @Test func exportIsRefused() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        let key = try Self.key()
        let container = try key.openSSHContainer(random: SystemRandomSource()).octets()
        let bound = try KeyItem(identifier: key.publicKey.udf, keyClass: .device)
        try await store.put(container, as: bound)
        #expect(await code { _ = try await store.exportSSHKey(bound.identifier) } == .notExportable)
        let (seed, foreign) = (try newItem(.master), try newItem())
        try await store.put([1, 2, 3], as: seed)
        #expect(await code { _ = try await store.exportSSHKey(seed.identifier) } == .unsupported)
        try await store.put(container, as: foreign)
        #expect(await code { _ = try await store.exportSSHKey(foreign.identifier) } == .corrupt)
        #expect(await code { _ = try await store.exportSSHKey(newItem().identifier) } == .notFound)
    }
}
