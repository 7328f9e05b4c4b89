import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshHomeDirectory
import MeshInMemory
import MeshKeyFiles
import MeshLinuxPlatform
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// A household with an account, something in its stores, and something that waits to be sent.
struct TransferScene: Sendable {
    static let address = "alice@example.com"
    static let file = "alice.dare"
    let home: Household
    let machine: any MeshPlatform
    let alice: PersonalSession
    /// Where exports are written.
    let shelf = InMemoryContainerDirectory(path: "shelf")

    init(on machine: (any MeshPlatform)? = nil) async throws {
        let home = try await Household()
        self.home = home
        // A real machine has a clock of its own, and may be slow.
        self.machine = machine.map { PatientPlatform($0, clock: home.clock) } ?? home.machine()
        alice = try await home.session(self.machine).createAccount(Self.address, name: "alice")
        for service in ["a.example", "b.example"] { try await alice.store(.credential).add(Self.credential(service)) }
        _ = try await alice.sync()
        try await alice.store(.bookmark).add(Self.bookmark("https://c.example"))
    }

    static func credential(_ service: String) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = service
        entry.username = "alice"
        entry.password = "secret of \(service)"
        return entry
    }

    static func bookmark(_ uri: String) -> CatalogedBookmark { CatalogedBookmark(uid: uri, uri: uri) }

    /// Imports the export on `platform`.
    @discardableResult
    func bring(
        _ made: ProfileExport, to platform: any MeshPlatform, from directory: (any ContainerDirectory)? = nil,
        portal: (any MeshPortal)? = nil
    ) async throws -> ProfileImport {
        try await MeshSession(platform, portal: portal ?? home.portal).importPersonalProfile(
            from: Self.file, in: directory ?? shelf, secret: made.secret)
    }

    /// The octets of the export.
    func octets() throws -> [UInt8] {
        let file = try #require(try shelf.openFile(Self.file, .read))
        var octets = [UInt8](repeating: 0, count: try file.length())
        _ = try octets.withUnsafeMutableBytes { try file.read(at: 0, into: $0) }
        return octets
    }

    /// That a machine has everything, and works.
    func requireWhole(_ platform: any MeshPlatform) async throws {
        let session = try await home.session(platform).personalSession(Self.address)
        #expect(session.udf == alice.udf)
        #expect(try await session.accounts().map(\.canonical) == [Self.address])
        #expect(try await session.store(.credential).entries().count == 2)
        #expect(try await session.store(.bookmark).entries().count == 1)
        _ = try await session.sync()
        #expect(try await session.sync().isEmpty)
        #expect(try await session.store(.credential).entries().count == 2)
        #expect(try await session.store(.bookmark).entries().map(\.isPending) == [false])
        #expect(try await session.conflicts().isEmpty)
    }
}

struct ProfileTransferTests {
    @Test func everythingComesBackOnAnotherMachine() async throws {
        let scene = try await TransferScene()
        let chosen = try await scene.alice.defaults(.web, of: CatalogedCredential.self).set("b.example", .thisMachine)
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        #expect(made.keys.count == 2 && made.unsent == 1 && made.versions == 2)
        #expect(made.stores[.device] != nil && made.stores[.credential] != nil)
        let other = scene.home.machine()
        let brought = try await scene.bring(made, to: other)
        #expect(brought.canRead && brought.session.udf == scene.alice.udf)
        #expect(brought.changes.list.contains(.init(.profile, .created, scene.alice.udf.text)))
        #expect(brought.changes.list.filter { $0.subject == .key }.count == 2)
        #expect(
            try await brought.session.defaults(.web, of: CatalogedCredential.self).current()?.item.key == chosen.key)
        // Octet by octet, and so the history that was seen: a portal cannot show this machine another one.
        let (ours, theirs) = (
            try scene.machine.containers.directory(of: scene.alice.udf, create: false),
            try other.containers.directory(of: scene.alice.udf, create: false)
        )
        let names = try #require(ours).names()
        #expect(try theirs?.names() == names)
        #expect(
            try await other.profiles.archive(of: scene.alice.udf) == scene.machine.profiles.archive(of: scene.alice.udf)
        )
        // What waits is sent once, by whichever machine is first.
        _ = try await scene.alice.sync()
        try await scene.requireWhole(other)
        try await scene.requireWhole(scene.machine)
        _ = try await brought.session.escrow(quorum: 1, shares: 1)
        // Done again, nothing is changed.
        await #expect(throws: SessionError(.exportOutdated, "")) { try await scene.bring(made, to: other) }
    }

    @Test func doneAgainItChangesNothing() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        let other = scene.home.machine()
        try await scene.bring(made, to: other)
        let before = try await MachineState(other)
        #expect(try await scene.bring(made, to: other).changes.isEmpty)
        #expect(try await scene.bring(made, to: scene.machine).changes.isEmpty)
        let after = try await MachineState(other)
        #expect(before == after, "\(before.difference(from: after))")
    }

    @Test func homeDirectoriesWithKeyFiles() async throws {
        let directory = try TemporaryDirectory()
        func machine(_ name: TestName) async throws -> LinuxPlatform {
            try await MeshLinux.initialize(
                test: name, keyStore: KeyFileStore.clearName, environment: ["MESH_TEST_HOME": directory.path])
        }
        let scene = try await TransferScene(on: try await machine("one"))
        let shelf = try #require(try await machine("shelf").containers.root(create: true))
        let made = try await scene.alice.export(to: TransferScene.file, in: shelf, withKeys: true)
        let other = PatientPlatform(try await machine("two"), clock: scene.home.clock)
        #expect(try await scene.bring(made, to: other, from: shelf).canRead)
        try await scene.requireWhole(other)
        // The device is called after the host.
        let device = try await MeshSession(try await machine("one")).device()
        #expect(device.profile.content.description == (try await machine("one")).machineName)
    }

    @Test func withoutKeysThereIsNothingToReadWith() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf)
        #expect(made.keys.isEmpty)
        let other = scene.home.machine()
        let brought = try await scene.bring(made, to: other)
        #expect(!brought.canRead && brought.keys.isEmpty)
        await #expect(throws: SessionError(.keyMissing, "")) { try await brought.session.store(.credential).entries() }
        #expect(try await other.keys.list().items.isEmpty)
        // Connected as a device of its own, it goes on with what is here.
        let session = scene.home.session(other)
        let request = try await session.connect(to: TransferScene.address)
        _ = try await scene.alice.connectClose(try #require(try await scene.alice.connectPending().first), .accept())
        guard case .connected(let connected) = try await session.complete(request) else {
            Issue.record("not connected")
            return
        }
        #expect(try await connected.store(.credential).entries().count == 2)
        // What was never sent only the device opens that made it.
        #expect(try await connected.store(.bookmark).entries().isEmpty)
        // On the machine that has the keys, it puts back what is lost.
        let directory = try #require(try scene.machine.containers.directory(of: scene.alice.udf, create: false))
        for name in try directory.names() { _ = try directory.remove(name) }
        let again = try await scene.bring(made, to: scene.machine)
        #expect(again.canRead)
        try await scene.requireWhole(scene.machine)
    }

    @Test func aProfileWithoutAnAccount() async throws {
        let home = try await Household()
        let shelf = InMemoryContainerDirectory()
        let machine = home.machine()
        let bob = try await home.session(machine).createPersonalProfile(name: "bob")
        _ = try await bob.escrow(quorum: 2, shares: 3)
        let made = try await bob.export(to: "bob", in: shelf, withKeys: true)
        let other = home.machine()
        let brought = try await home.session(other).importPersonalProfile(from: "bob", in: shelf, secret: made.secret)
        #expect(try await home.session(other).personalSession("bob").udf == bob.udf)
        #expect(try await brought.session.recovery() == bob.recovery())
        _ = try await home.session(other).createAccount("bob@example.com", for: brought.session)
    }

    @Test func aWrongSecretOpensNothing() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        let another = try await scene.alice.export(to: "another", in: scene.shelf)
        let other = scene.home.machine()
        let before = try await MachineState(other)
        let seed = SecretSeed(.profileAccount, from: SystemRandomSource())
        let texts = [another.secret, SharedSecret(seed.text()), SharedSecret(SecretBytes(copying: Array("ZZ".utf8)))]
        for secret in texts {
            await #expect(throws: SessionError(.wrongSecret, "")) {
                try await scene.home.session(other).importPersonalProfile(
                    from: TransferScene.file, in: scene.shelf, secret: secret)
            }
        }
        await #expect(throws: PlatformError(.notFound, store: "", "")) {
            try await scene.home.session(other).importPersonalProfile(
                from: "nothing", in: scene.shelf, secret: made.secret)
        }
        #expect(try await MachineState(other) == before)
        // Nothing of the secrets is in the file.
        let octets = try scene.octets()
        let text = made.secret.bytes.withUnsafeBytes { Array($0.prefix(20)) }
        #expect(!octets.indices.contains { octets[$0...].starts(with: text) })
    }

    @Test func changedOrCutOffItIsRefused() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        let octets = try scene.octets()
        let other = scene.home.machine()
        let before = try await MachineState(other)
        var random = SystemRandomNumberGenerator()
        let seed = UInt64.random(in: .min ... .max, using: &random)
        var places = SplitMix(seed)
        func refused(_ changed: [UInt8], _ what: String) async throws {
            let shelf = InMemoryContainerDirectory()
            try shelf.createFile(TransferScene.file, with: changed)
            do {
                try await scene.bring(made, to: other, from: shelf)
                Issue.record("\(what) was taken (seed \(seed))")
            } catch let error as SessionError {
                #expect([.exportDamaged, .wrongSecret].contains(error.code), "\(what) (seed \(seed)): \(error)")
            } catch {
                Issue.record(error, "\(what) (seed \(seed))")
            }
        }
        for _ in 0..<60 {
            let place = Int(places.next() % UInt64(octets.count))
            var changed = octets
            changed[place] ^= 1 << UInt8(places.next() % 8)
            try await refused(changed, "a bit at \(place)")
        }
        for _ in 0..<20 {
            let end = Int(places.next() % UInt64(octets.count))
            try await refused(Array(octets[..<end]), "the first \(end) octets")
        }
        try await refused(octets + [0], "one octet more")
        try await refused(octets + octets, "the file twice")
        // A part of it that is whole: cut off between frames.
        var end = octets.count
        while end > 0 {
            end -= try octets[..<end].withUnsafeBytes { try JBCDFrame.frameTail($0).frameSize }
            if end > 0 { try await refused(Array(octets[..<end]), "whole frames, \(end) octets") }
        }
        let after = try await MachineState(other)
        #expect(before == after, "\(before.difference(from: after))")
        #expect(try await scene.bring(made, to: other).canRead)
    }

    @Test func whatIsNewerStays() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        // Sent meanwhile: the copy here is longer.
        _ = try await scene.alice.sync()
        var before = try await MachineState(scene.machine)
        await #expect(throws: SessionError(.exportOutdated, "")) { try await scene.bring(made, to: scene.machine) }
        var after = try await MachineState(scene.machine)
        #expect(before == after, "\(before.difference(from: after))")
        // A change that was made after the export, on a machine that is as far else.
        let other = scene.home.machine()
        try await scene.bring(made, to: other, portal: MeshPortalDirect([:]))
        let there = try await scene.home.session(other).personalSession()
        try await there.store(.credential).add(TransferScene.credential("d.example"))
        before = try await MachineState(other)
        await #expect(throws: SessionError(.exportOutdated, "")) { try await scene.bring(made, to: other) }
        after = try await MachineState(other)
        #expect(before == after, "\(before.difference(from: after))")
        // A newer export over an older state.
        let newer = try await scene.alice.export(to: "newer", in: scene.shelf, withKeys: true)
        await #expect(throws: SessionError(.unsentChanges, "")) {
            try await scene.home.session(other).importPersonalProfile(
                from: "newer", in: scene.shelf, secret: newer.secret)
        }
        let third = scene.home.machine()
        try await scene.bring(made, to: third)
        let brought = try await scene.home.session(third).importPersonalProfile(
            from: "newer", in: scene.shelf, secret: newer.secret)
        #expect(brought.changes.list.contains(.init(.store, .updated, "Outbox")))
        try await scene.requireWhole(third)
    }

    @Test func changesThatWaitOnBothSidesAreBroughtTogether() async throws {
        let scene = try await TransferScene()
        let first = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        let other = scene.home.machine()
        try await scene.bring(first, to: other)
        try await scene.alice.store(.credential).add(TransferScene.credential("d.example"))
        let second = try await scene.alice.export(to: "second", in: scene.shelf)
        let brought = try await scene.home.session(other).importPersonalProfile(
            from: "second", in: scene.shelf, secret: second.secret)
        #expect(brought.changes.list == [.init(.store, .updated, "Outbox")])
        #expect(try await brought.session.store(.credential).entries().count == 3)
        #expect(try await brought.session.sync().sent == [.bookmark: 1, .credential: 1])
        // Both have sent or received everything since, each in its own way; then something waits on one of them.
        _ = try await scene.alice.sync()
        try await scene.alice.store(.credential).add(TransferScene.credential("e.example"))
        let third = try await scene.alice.export(to: "third", in: scene.shelf)
        let merged = try await scene.home.session(other).importPersonalProfile(
            from: "third", in: scene.shelf, secret: third.secret)
        #expect(merged.changes.list == [.init(.store, .updated, "Outbox")])
        #expect(try await merged.session.sync().sent == [.credential: 1])
        #expect(try await scene.alice.sync().sent.isEmpty)
        #expect(try await scene.alice.store(.credential).entries().count == 4)
    }

    @Test func nothingOfAnotherIsReplaced() async throws {
        let scene = try await TransferScene()
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        // A machine that is another device of the account.
        let laptop = scene.home.machine()
        let session = scene.home.session(laptop)
        let request = try await session.connect(to: TransferScene.address)
        _ = try await scene.alice.connectClose(try #require(try await scene.alice.connectPending().first), .accept())
        _ = try await session.complete(request)
        let newest = try await scene.alice.export(to: "newest", in: scene.shelf, withKeys: true)
        var before = try await MachineState(laptop)
        await #expect(throws: SessionError(.occupied, "")) {
            try await session.importPersonalProfile(from: "newest", in: scene.shelf, secret: newest.secret)
        }
        #expect(try await MachineState(laptop) == before)
        // A machine on which the address is another profile's.
        let foreign = try await Household()
        let stranger = scene.home.machine()
        _ = try await foreign.session(stranger).createAccount(TransferScene.address)
        before = try await MachineState(stranger)
        await #expect(throws: SessionError(.occupied, "")) { try await scene.bring(made, to: stranger) }
        #expect(try await MachineState(stranger) == before)
        // A key store that is locked says nothing: nothing is changed.
        let locked = scene.home.machine()
        before = try await MachineState(locked)
        locked.faults.next(.locked, on: FaultScope(.keys, .read))
        await #expect(throws: PlatformError(.locked, store: "", "")) { try await scene.bring(made, to: locked) }
        #expect(try await MachineState(locked) == before)
    }

    @Test func keysThatAreNotHereAreNotExported() async throws {
        let scene = try await TransferScene()
        _ = try await scene.alice.deleteMasterKey(evenIfUnrecoverable: true)
        let made = try await scene.alice.export(to: TransferScene.file, in: scene.shelf, withKeys: true)
        #expect(made.keys.count == 1 && made.keys != [scene.alice.udf])
        let other = scene.home.machine()
        #expect(try await scene.bring(made, to: other).canRead)
        try await scene.requireWhole(other)
        #expect(try await other.keys.read(scene.alice.udf) == nil)
        await #expect(throws: PlatformError(.alreadyExists, store: "", "")) {
            try await scene.alice.export(to: TransferScene.file, in: scene.shelf)
        }
    }
}

/// Numbers that follow from a seed.
private struct SplitMix {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
