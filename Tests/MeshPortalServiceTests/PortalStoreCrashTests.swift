import MeshCore
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import Testing

/// A portal's store on a disk that loses power, and one whose files are damaged.
@Suite struct PortalStoreCrashTests {
    static let partition = PortalPartition.account(UDF(type: .digestSHA2, value: [UInt8](repeating: 6, count: 32)))
    static let log = "MMM_Device"

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

    struct Content: Equatable {
        var records: [String: [UInt8]] = [:]
        var frames = 0
    }

    private func content(_ store: DAREPortalStore) async throws -> Content {
        var content = Content()
        for record in try await store.records("", after: nil, limit: .max, in: Self.partition) {
            content.records[record.key] = record.octets
        }
        let frames = try await store.frames(
            of: Self.log, from: 0, limit: .max, octets: .max, in: Self.partition)
        content.frames = frames.count
        #expect(frames == Array(try Self.frames[..<frames.count]))
        return content
    }

    static var frames: [[UInt8]] {
        get throws {
            try DARESequence.prepare(new: SequenceOptions(.chain), (0..<40).map { FrameContent([UInt8($0)]) }).frames
        }
    }

    /// A life: random commits, appends and removals until the disk stops.
    ///
    /// - Returns: the states that may be found: the last that was acknowledged, and the one that was being made.
    private func live(
        _ disk: SimulatedDisk, from start: Content, _ random: SeededRandomSource, _ frames: [[UInt8]]
    ) async -> [Content] {
        func below(_ limit: Int) -> Int { Int(random.bytes(2).reduce(0) { $0 << 8 | Int($1) }) % limit }
        let store = DAREPortalStore(DiskContainers(disk: disk))
        var content = start
        for _ in 0..<10 {
            var next = content
            do {
                switch below(8) {
                case 0:
                    next = Content()
                    _ = try await store.remove(Self.partition)
                case 1, 2, 3:
                    let count = min(1 + below(3), frames.count - content.frames)
                    next.frames += count
                    let added = Array(frames[content.frames..<next.frames])
                    _ = try await store.append(added, to: Self.log, expecting: content.frames, in: Self.partition)
                default:
                    var changes: [PortalChange] = []
                    for key in ["k/0", "k/1", "k/2"].prefix(1 + below(3)) {
                        let octets = below(3) == 0 ? nil : random.bytes(below(400))
                        next.records[key] = octets
                        changes.append(
                            octets.map { .put(key: key, octets: $0, expecting: nil) }
                                ?? .remove(key: key, expecting: nil))
                    }
                    try await store.commit(changes, in: Self.partition)
                }
            } catch {
                return [content, next]
            }
            content = next
        }
        return [content]
    }

    @Test func `Stopped at any call, a store has what was acknowledged, in every state that was drawn`() async throws {
        let seed = SystemRandomSource().bytes(4).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let random = SeededRandomSource(seed: seed)
        func draw() -> UInt64 { random.bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) } | 1 }
        let frames = try Self.frames
        var states = 0
        for story in 0..<25 {
            var disk = SimulatedDisk(seed: draw())
            var start = Content()
            for life in 0..<3 {
                disk.stop(atCall: 1 + Int(draw() % 80))
                let possible = await live(disk, from: start, random, frames)
                var next = disk.afterKill()
                for number in 0..<5 {
                    let after = number == 0 ? disk.afterKill() : disk.afterPowerCut(seed: draw())
                    states += 1
                    let store = DAREPortalStore(DiskContainers(disk: after))
                    let found = try await content(store)
                    // Only a power cut may leave a part of the frames that were being appended.
                    let isPart =
                        number > 0 && possible.count == 2 && possible.allSatisfy { $0.records == found.records }
                        && possible[0].frames < found.frames && found.frames < possible[1].frames
                    #expect(
                        possible.contains(found) || isPart,
                        "seed \(seed), story \(story), life \(life), draw \(number)")
                    // It goes on working.
                    let frames = Array(frames[found.frames..<found.frames + 1])
                    _ = try await store.append(frames, to: Self.log, expecting: found.frames, in: Self.partition)
                    try await store.commit(
                        [.put(key: "after/", octets: [], expecting: found.records["after/"] == nil ? 0 : nil)],
                        in: Self.partition)
                    if number == 1 { next = after }
                }
                disk = next
                start = try await content(DAREPortalStore(DiskContainers(disk: disk)))
            }
        }
        print("\(states) states of a portal's store, seed \(seed)")
    }

    // MARK: Damage

    /// A store in memory with some records and frames.
    private func filled() async throws -> (InMemoryContainerStore, any ContainerDirectory, Content) {
        let containers = InMemoryContainerStore()
        let store = DAREPortalStore(containers)
        for number in 0..<4 {
            try await store.commit(
                [.put(key: "k/\(number)", octets: [UInt8](repeating: UInt8(number), count: 20), expecting: 0)],
                in: Self.partition)
        }
        _ = try await store.append(Array(try Self.frames[..<4]), to: Self.log, expecting: 0, in: Self.partition)
        let account = try #require(Self.partition.account)
        let directory = try #require(try containers.directory(of: account, create: false))
        return (containers, directory, try await content(store))
    }

    @Test(arguments: ["account.dcat", "MMM_Device.dcat"])
    func `A changed bit anywhere is found, and names the file; it is never taken for nothing`(name: String) async throws
    {
        let (containers, directory, before) = try await filled()
        let file = try #require(try directory.openFile(name, .append))
        let length = try file.length()
        var found = 0
        for position in stride(from: 0, to: length, by: 7) {
            var octet: UInt8 = 0
            try withUnsafeMutableBytes(of: &octet) { _ = try file.read(at: position, into: $0) }
            let changed = octet ^ 0x10
            try withUnsafeBytes(of: changed) { try file.write($0, at: position) }
            do {
                let content = try await content(DAREPortalStore(containers))
                #expect(content == before, "octet \(position) of \(name)")
            } catch let error as PortalStoreError {
                found += 1
                #expect(error.code == .corrupt, "octet \(position) of \(name): \(error)")
                #expect("\(error)".contains(name), "octet \(position) of \(name): \(error)")
            }
            try withUnsafeBytes(of: octet) { try file.write($0, at: position) }
        }
        // What was not found changed nothing.
        #expect(found > length / 7 / 2)
        #expect(try await content(DAREPortalStore(containers)) == before)
    }

    @Test func `Containers without their catalog are damage; they can be removed`() async throws {
        let (containers, directory, _) = try await filled()
        #expect(try directory.remove("account.dcat"))
        let store = DAREPortalStore(containers)
        let damage = PortalStoreError(.corrupt, "")
        await #expect(throws: damage) { try await store.record("k/0", in: Self.partition) }
        await #expect(throws: damage) { try await store.state(of: Self.log, in: Self.partition) }
        await #expect(throws: damage) {
            try await store.commit([.put(key: "k/0", octets: [], expecting: 0)], in: Self.partition)
        }
        #expect(try directory.names() == ["MMM_Device.dcat"])
        #expect(try await store.remove(Self.partition))
        #expect(try await store.record("k/0", in: Self.partition) == nil)
    }

    @Test func `A container under a name of earlier times is found`() async throws {
        let (containers, directory, before) = try await filled()
        try directory.rename("MMM_Device.dcat", to: "CatalogDevice.dcat")
        let store = DAREPortalStore(containers)
        #expect(try await content(store) == before)
        await #expect(throws: PortalStoreError(.conflict, "")) {
            _ = try await store.append(Array(try Self.frames[..<4]), to: Self.log, expecting: 0, in: Self.partition)
        }
        _ = try await store.append([try Self.frames[4]], to: Self.log, expecting: 4, in: Self.partition)
        #expect(try directory.names() == ["CatalogDevice.dcat", "account.dcat"])
    }
}
