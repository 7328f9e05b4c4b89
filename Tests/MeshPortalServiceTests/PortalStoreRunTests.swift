import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import Testing

/// Containers of signed runs in a portal's store.
struct PortalStoreRunTests {
    private static let partition = PortalPartition.account(
        UDF(type: .digestSHA2, value: [UInt8](repeating: 6, count: 32)))
    private static let log = "MMM_Bookmark"

    /// Two runs, the second of 6 frames.
    private struct Runs {
        let first: [[UInt8]]
        let second: [[UInt8]]

        init() throws {
            let key = try PrivateKey.generate(.ed448, from: SeededRandomSource(seed: 3))
            let signer = RunSigner(RunScope(account: key.publicKey.udf, store: log), key: key)
            let contents = (0..<9).map { FrameContent([UInt8](repeating: UInt8($0), count: 600)) }
            first = try DARESequence.prepare(
                new: SequenceOptions(.chain), Array(contents[..<3]), signedBy: signer
            ).frames
            let copy = try DARESequence.create("copy", in: InMemoryContainerDirectory(), verbatim: first)
            second = try copy.prepare(Array(contents[3...]), signedBy: signer).frames
        }
    }

    /// Containers of one account on a simulated disk.
    private struct DiskContainers: ContainerStore {
        let disk: SimulatedDisk
        let name = "disk"

        func root(create: Bool) throws -> (any ContainerDirectory)? { nil }
        func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? { disk.directory }
        func accounts() throws -> [UDF] { [] }
        func removeEmptyDirectory(of account: UDF) throws -> Bool { false }
        func eraseTestData(options: CallOptions) async throws {}
    }

    private func frames(_ store: any PortalStore) async throws -> [[UInt8]] {
        try await store.frames(of: Self.log, from: 0, limit: .max, octets: .max, in: Self.partition)
    }

    @Test("A container of signed runs takes whole runs alone, in every store", arguments: [false, true])
    func wholeRuns(isInFiles: Bool) async throws {
        let store: any PortalStore =
            isInFiles ? DAREPortalStore(InMemoryContainerStore()) : InMemoryPortalStore()
        let runs = try Runs()
        func expectRefused(_ frames: [[UInt8]], _ count: Int, _ what: String) async throws {
            await #expect(throws: PortalStoreError(.invalidFrames, ""), "\(what)") {
                _ = try await store.append(frames, to: Self.log, expecting: count, in: Self.partition)
            }
        }
        try await expectRefused(runs.first + [runs.second[0]], 0, "a part of a run in a new container")
        _ = try await store.append(runs.first, to: Self.log, expecting: 0, in: Self.partition)
        try await expectRefused(Array(runs.second[..<5]), runs.first.count, "a part of a run")
        #expect(try await frames(store) == runs.first)
        _ = try await store.append(runs.second, to: Self.log, expecting: runs.first.count, in: Self.partition)
        let all = runs.first + runs.second
        #expect(try await frames(store) == all)
        let state = try await store.runState(of: Self.log, in: Self.partition)
        #expect(state.count == all.count && state.octets == all.joined().count)
        #expect(try await store.state(of: Self.log, in: Self.partition).digest == state.digest)
        #expect(try await store.runState(of: "MMM_Device", in: Self.partition).count == 0)
    }

    @Test("After a power cut at any call of an append, the container has whole runs, and the next append is taken")
    func powerCuts() async throws {
        let runs = try Runs()
        var unfinished = 0
        for call in 1... {
            let disk = SimulatedDisk(seed: UInt64(call))
            let store = DAREPortalStore(DiskContainers(disk: disk))
            _ = try await store.append(runs.first, to: Self.log, expecting: 0, in: Self.partition)
            disk.stop(atCall: call)
            let isStopped: Bool
            do {
                _ = try await store.append(runs.second, to: Self.log, expecting: runs.first.count, in: Self.partition)
                isStopped = false
            } catch { isStopped = true }
            guard isStopped else { break }
            for seed in UInt64(1)...8 {
                let plain = try DARESequence.open(
                    "\(Self.log).dcat", in: disk.afterPowerCut(seed: seed).directory)
                let count = try #require(plain).count
                if count > runs.first.count, count < runs.first.count + runs.second.count { unfinished += 1 }
                let store = DAREPortalStore(DiskContainers(disk: disk.afterPowerCut(seed: seed)))
                let state = try await store.state(of: Self.log, in: Self.partition)
                let found = try await frames(store)
                #expect(found == runs.first || found == runs.first + runs.second, "call \(call), seed \(seed)")
                #expect(state.count == found.count)
                if found == runs.first {
                    _ = try await store.append(
                        runs.second, to: Self.log, expecting: found.count, in: Self.partition)
                }
                #expect(try await frames(store) == runs.first + runs.second, "call \(call), seed \(seed)")
            }
        }
        // What this is about does happen.
        #expect(unfinished > 0)
    }

    @Test("The state that the next run is checked against is the last frame's, verified, however long the container is")
    func runState() async throws {
        let containers = InMemoryContainerStore()
        let store = DAREPortalStore(containers)
        let runs = try Runs()
        _ = try await store.append(runs.first + runs.second, to: Self.log, expecting: 0, in: Self.partition)
        let account = try #require(Self.partition.account)
        let directory = try #require(try containers.directory(of: account, create: false))
        let file = try #require(try directory.openFile("\(Self.log).dcat", .append))
        // In the payload of the last frame.
        let place = try file.length() - runs.second[5].count + runs.second[5].count / 3
        var octet: UInt8 = 0
        try withUnsafeMutableBytes(of: &octet) { _ = try file.read(at: place, into: $0) }
        try withUnsafeBytes(of: octet ^ 1) { try file.write($0, at: place) }
        await #expect(throws: PortalStoreError(.corrupt, "")) {
            _ = try await DAREPortalStore(containers).runState(of: Self.log, in: Self.partition)
        }
    }
}
