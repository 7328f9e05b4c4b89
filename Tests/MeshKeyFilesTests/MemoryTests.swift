import Glibc
import MeshCore
import MeshCryptography
import MeshPlatforms
import Testing

@testable import MeshKeyFiles

/// What is left of a secret in the memory of the process when it is no longer used: nothing.
struct MemoryTests {
    private static let mask: UInt8 = 0xA5

    /// 16 octets that must not be found, kept so that the keeping is not what is found.
    private struct Needle {
        let name: String
        let masked: [UInt8]

        init(_ name: String, _ octets: UnsafeRawBufferPointer.SubSequence) {
            self.name = name
            masked = octets.prefix(16).map { $0 ^ mask }
        }
    }

    @Test func secretsAreWiped() async throws {
        let directory = try TemporaryDirectory()
        let needles = try await Self.useSecrets(directory)
        for needle in needles { #expect(try Self.isGone(needle), "\(needle.name) is still in memory") }
        // The search finds what is there.
        let present = SecretBytes(random: 32, from: SystemRandomSource())
        let needle = present.withUnsafeBytes { Needle("present", $0[...]) }
        #expect(try Self.count(needle) > 0)
        _ = present.count
    }

    /// Whether the octets of a needle are gone. A thread that has just given its result back may hold the work, and what
    /// the work had borrowed, for a moment longer: so it is looked for again a few times.
    private static func isGone(_ needle: Needle) throws -> Bool {
        for _ in 0..<50 {
            if try count(needle) == 0 { return true }
            sched_yield()
        }
        return false
    }

    /// Uses a key in every way there is, and tells what must be gone.
    private static func useSecrets(_ directory: TemporaryDirectory) async throws -> [Needle] {
        let random = SystemRandomSource()
        let sealed = try await directory.unlocked()
        let seed = SecretBytes(random: 32, from: random)
        let words = SecretBytes(random: 32, from: random)
        var needles = [
            seed.withUnsafeBytes { Needle("seed", $0[...]) }, words.withUnsafeBytes { Needle("words", $0[...]) },
        ]
        let key = try SSHPrivateKey(ed25519Seed: seed, comment: "alice")
        let text = try key.openSSHText(random: random)
        // The lines of the text in which the seed stands.
        text.withUnsafeBytes { text in
            for start in stride(from: 180, to: text.count - 60, by: 24) {
                needles.append(Needle("text at \(start)", text[start...]))
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
        try await sealed.changePassphrase(by: GivenPassphrase(passphrase), options: CallOptions(deadline: .seconds(20)))
        try await sealed.lock(options: CallOptions())
        return needles
    }

    /// How often the octets of a needle are in the memory that this process can read.
    private static func count(_ needle: Needle) throws -> Int {
        let maps = try octets(of: "/proc/self/maps")
        let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw PlatformError(.accessDenied, store: "memory", "It cannot be read.") }
        defer { close(memory) }
        let size = 1 << 20
        var buffer = [UInt8](repeating: 0, count: size + 16)
        var found = 0
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            let ends = parts[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard parts[1].hasPrefix("rw"), ends.count == 2, !line.hasSuffix("[vvar]") else { continue }
            let own = UInt(bitPattern: buffer.withUnsafeBytes { $0.baseAddress })
            var start = ends[0]
            while start < ends[1] {
                let read = pread(
                    memory, &buffer, Int(min(UInt(size + 16), ends[1] - start)), off_t(bitPattern: start))
                guard read > 0 else { break }
                // The buffer itself is in this memory: what was read before is not counted again.
                if own >= start + UInt(size) || own + UInt(size) <= start {
                    found += occurrences(of: needle.masked, in: buffer, upTo: read)
                }
                start += UInt(size)
            }
        }
        buffer.withUnsafeMutableBytes { if let base = $0.baseAddress { explicit_bzero(base, $0.count) } }
        return found
    }

    private static func occurrences(of masked: [UInt8], in buffer: [UInt8], upTo count: Int) -> Int {
        guard count >= masked.count else { return 0 }
        let first = masked[0] ^ mask
        return buffer.withUnsafeBytes { buffer in
            var found = 0
            var position = 0
            while position <= count - masked.count, let base = buffer.baseAddress,
                let hit = memchr(base + position, Int32(first), count - masked.count + 1 - position)
            {
                position = hit - UnsafeMutableRawPointer(mutating: base)
                var index = 1
                while index < masked.count, buffer[position + index] ^ mask == masked[index] { index += 1 }
                if index == masked.count { found += 1 }
                position += 1
            }
            return found
        }
    }

    private static func octets(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw PlatformError(.accessDenied, store: path, "It cannot be read.") }
        defer { fclose(file) }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&part, 1, part.count, file), count > 0 { all += part.prefix(count) }
        return all
    }
}
