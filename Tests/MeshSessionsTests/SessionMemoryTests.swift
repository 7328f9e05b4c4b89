import MeshCore
import MeshCryptography
import MeshHomeDirectory
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatformTesting
import MeshPlatforms
import MeshSessions
import Synchronization
import Testing

/// Randomness that remembers, in disguise, each seed it gave.
private final class RememberingSource: RandomSource {
    private let system = SystemRandomSource()
    private let given = Mutex<[ProcessMemory.Needle]>([])

    var needles: [ProcessMemory.Needle] { given.withLock { $0 } }

    func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        system.fill(buffer)
        // Seeds are the only thing of this size that a session asks for.
        guard buffer.count == SecretSeed.defaultSize else { return }
        let octets = UnsafeRawBufferPointer(buffer)
        let needles = [
            ProcessMemory.Needle("beginning of a seed", octets[..<16]),
            ProcessMemory.Needle("end of a seed", octets[16...]),
        ]
        given.withLock { $0 += needles }
    }
}

/// After the story is told and the machine is gone, no seed is left in the memory of the process.
@Suite(.serialized)
struct SessionMemoryTests {
    private static func prove(_ source: RememberingSource) throws {
        let needles = source.needles
        #expect(needles.count >= 4)
        for needle in needles { #expect(try ProcessMemory.lacks(needle), "\(needle.name) is still in memory") }
    }

    @Test func noSeedIsLeftByAMachineInMemory() async throws {
        let source = RememberingSource()
        do {
            let machine = MeshMachineCached(random: source)
            try await tellTheStory(on: machine, foundBy: machine)
            let kept = try #require(source.needles.first)
            // As long as a key is kept in memory, the search finds it.
            let found = try ProcessMemory.count(kept)
            withExtendedLifetime(machine) { #expect(found > 0) }
        }
        try Self.prove(source)
    }

    @Test func noSeedIsLeftByKeyFiles() async throws {
        let source = RememberingSource()
        do {
            let directory = try TemporaryDirectory()
            let home = directory.home()
            let keys = KeyFileStore(
                mode: home.mode, path: home.path, directory: { try home.root(create: $0) },
                sealing: .passphrase(
                    GivenPassphrase(SharedSecret(SecretBytes(copying: Array("correct horse".utf8)))),
                    cost: try Scrypt(cost: 1 << 10, blockSize: 8, parallelization: 1)))
            try await keys.unlock(.withoutPrompt, options: CallOptions())
            let machine = LinuxPlatform(home: home, keys: keys, random: source)
            try await tellTheStory(on: machine, foundBy: machine)
        }
        try Self.prove(source)
    }
}
