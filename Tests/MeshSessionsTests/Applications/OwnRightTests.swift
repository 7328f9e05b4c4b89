import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

@testable import MeshSessions

/// Rights of applications of their own, and the stores that are named by them.
struct OwnRightTests {
    private static let notes = Right(rawValue: "notes")
    private static let photos = Right(rawValue: "com.example.photos")
    private static let name = "com.example.notes"

    /// What an application keeps, by its keys.
    private static func values(
        _ session: PersonalSession, readers: Right = notes, writers: Right? = nil
    ) async throws -> [String: String] {
        let items = try await session.application(name, of: String.self, readers: readers, writers: writers).values()
        return Dictionary(uniqueKeysWithValues: items.map { ($0.key, $0.value) })
    }

    private static func put(
        _ value: String, as key: String, _ session: PersonalSession, readers: Right = notes, writers: Right? = nil
    ) async throws {
        try await session.application(name, of: String.self, readers: readers, writers: writers).add(value, as: key)
    }

    private static func device(_ session: PersonalSession) async throws -> UDF {
        try await session.context().record.device
    }

    /// What is in a store at the portal, opened with a device's real keys: how many frames open.
    private static func opened(_ container: String, at den: Den, _ account: UDF, with keys: StoreKeys) throws -> Int {
        let frames = den.store.contents.frames(of: container, in: .account(account))
        let sequence = try DARESequence.create(
            "stolen.dcat", in: InMemoryContainerDirectory(), verbatim: frames,
            keys: SequenceKeys(DecryptionKeys(keys.groups.map(\.key) + [keys.encryption])))
        return (1..<max(1, frames.count)).count { index in
            (try? sequence.content(of: sequence.frame(at: index)))?.isEmpty == false
        }
    }

    @Test func onlyTheDevicesWithTheRightReadIt() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let other = try await den.connect(den.session(), to: alice)
        // Nobody has it yet: not even an administrator has a key of it.
        for session in [alice, other] {
            await #expect(throws: SessionError(.rightMissing, "")) { try await Self.values(session) }
        }
        let reader = try await den.connect(den.session(), to: alice, rights: [.member, Self.notes])
        let both = try await den.connect(den.session(), to: alice, rights: [Self.photos, Self.notes])
        try await Self.put("milk", as: "a", reader)
        try await Self.put("me", as: "b", both, readers: Self.photos)
        try await Self.put("all", as: "c", reader, readers: .member)
        #expect(try await reader.readableStores().last?.rawValue == "Shared_notes")
        for session in [reader, both, alice, other, reader] { _ = try await session.sync() }
        for session in [alice, reader, both] { #expect(try await Self.values(session) == ["a": "milk"]) }
        for session in [alice, both] {
            #expect(try await Self.values(session, readers: Self.photos) == ["b": "me"])
        }
        #expect(try await Self.values(other, readers: .member) == ["c": "all"])
        for (session, right) in [(other, Self.notes), (other, Self.photos), (reader, Self.photos), (both, .member)] {
            await #expect(throws: SessionError(.rightMissing, "")) { try await Self.values(session, readers: right) }
        }

        // The portal tells a device of the stores that it may read, and of no other; it does not even say that there are some.
        func listed(_ session: PersonalSession) async throws -> Set<String> {
            let status = try await session.context().client(session.portal).status()
            return Set((status.containers ?? []).map(\.container).filter { $0.hasPrefix("MMM_Shared") })
        }
        #expect(try await listed(alice) == ["MMM_Shared_notes", "MMM_Shared_com.example.photos"])
        #expect(try await listed(both) == ["MMM_Shared_notes", "MMM_Shared_com.example.photos"])
        #expect(try await listed(reader) == ["MMM_Shared_notes"])
        #expect(try await listed(other) == [])
        let client = try await other.context().client(other.portal)
        for container in ["MMM_Shared_notes", "MMM_Shared_nothing"] {
            await #expect(throws: PortalError(.unauthorized, "")) {
                try await client.download([FrameSelection(container: container, from: 0)])
            }
            #expect(try await client.status(of: [container]).containers == [])
        }
        let keys = try await other.context().storeKeys
        #expect(try Self.opened("MMM_Shared_notes", at: den, alice.udf, with: keys) == 0)
        let own = try await reader.context().storeKeys
        #expect(try Self.opened("MMM_Shared_notes", at: den, alice.udf, with: own) == 1)

        // Given later, it opens what was written before.
        _ = try await alice.setRights(of: try await Self.device(other), to: [.member, Self.photos])
        _ = try await other.sync()
        #expect(try await Self.values(other, readers: Self.photos) == ["b": "me"])
    }

    @Test func whoeverMayReadOnlyChangesNothing() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let editor = Right(rawValue: "editor")
        let machine = den.machine()
        let reader = try await den.connect(den.session(machine), to: alice, rights: [Self.notes])
        let writer = try await den.connect(den.session(), to: alice, rights: [Self.notes, editor])
        let blind = try await den.connect(den.session(), to: alice, rights: [editor])
        try await Self.put("one", as: "a", writer, writers: editor)
        for session in [writer, reader, blind, alice] { _ = try await session.sync() }
        #expect(try await Self.values(reader, writers: editor) == ["a": "one"])
        let list = try await reader.application(Self.name, of: String.self, readers: Self.notes, writers: editor)
        let read = try #require(try await list.find("a"))
        for change in [
            { _ = try await list.add("two", as: "b") },
            { _ = try await list.update("two", as: "a", from: read.version) },
            { try await list.remove("a", from: nil) },
        ] as [() async throws -> Void] {
            await #expect(throws: SessionError(.rightMissing, "")) { try await change() }
        }
        #expect(try await Self.values(reader, writers: editor) == ["a": "one"])
        #expect(try await reader.sync().sent.isEmpty)
        // Who may write and not read has no key to write with; administrators may always.
        await #expect(throws: SessionError(.rightMissing, "")) { try await Self.values(blind, writers: editor) }
        try await Self.put("admin", as: "z", alice, writers: editor)
        for session in [alice, reader, writer] { _ = try await session.sync() }
        #expect(try await Self.values(reader, writers: editor) == ["a": "one", "z": "admin"])
        // It is another store than the one that readers write.
        #expect(try await Self.values(reader).isEmpty)

        // A program that was changed to write all the same: the portal refuses it,
        let context = try await reader.context()
        let store = try #require(StoreName.ofApplications(readers: Self.notes, writers: editor))
        let signer = RunSigner(context.storeKeys.scope(store), key: context.keys.signature)
        let entry = CatalogedApplication(.other, key: "application/\(Self.name)/evil")
        let opened = try OpenedStore(store, keys: context.storeKeys, platform: machine)
        let run = try #require(opened.replica).prepareRun(signedBy: signer) { try $0.add(entry) }.frames
        let update = ContainerUpdate(
            container: store.containerName, index: run.first, digest: run.before.digest, frames: run.frames)
        let client = try await context.client(reader.portal)
        await #expect(throws: PortalError(.unauthorized, "")) { try await client.transact([update]) }
        // also if an administrator's device is made to bring it,
        let brought = try await alice.context().client(alice.portal)
        await #expect(throws: PortalError(.rejected, "")) { try await brought.transact([update]) }
        // and so do the other devices, if a portal gives it out.
        den.portal.lies = [
            .service(StatusRequest.self) { answer, _ in
                guard let index = answer.containers?.firstIndex(where: { $0.container == store.containerName }) else {
                    return
                }
                answer.containers?[index] = ContainerStatus(
                    container: store.containerName, index: run.after.count, digest: run.after.digest)
            },
            .service(DownloadRequest.self) { answer, asked in
                guard let asked = asked.select.first, asked.container == store.containerName else { return }
                answer.status = .success
                answer.updates = [
                    ContainerUpdate(
                        container: store.containerName, index: asked.indexMin, digest: run.before.digest,
                        frames: Array(run.frames.dropFirst(asked.indexMin - run.first)))
                ]
            },
        ]
        for session in [writer, alice] {
            await #expect(throws: PortalError(.unauthenticated, "")) { try await session.sync() }
        }
        den.portal.lies = []
        #expect(try await Self.values(writer, writers: editor)["evil"] == nil)

        // What was written by who may write no longer stays, also for who comes later; and the readers' key with it.
        _ = try await alice.setRights(of: try await Self.device(writer), to: [Self.notes])
        let late = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        _ = try await late.sync()
        #expect(try await Self.values(late, writers: editor) == ["a": "one", "z": "admin"])
        let groups = try await alice.context().keys.groups
        #expect(groups.newest(of: editor)?.generation == 2 && groups.newest(of: Self.notes)?.generation == 1)
        // From its loss on, no run of it is taken.
        let former = try await writer.context()
        let own = try OpenedStore(store, keys: former.storeKeys, platform: writer.platform)
        let more = try #require(own.replica).prepareRun(
            signedBy: RunSigner(former.storeKeys.scope(store), key: former.keys.signature)
        ) { try $0.add(entry) }.frames
        let book = try await late.context().synchronizer(client).working { [profile = late.profile] in
            try $0.book(of: profile)
        }
        var verifier = RunVerifier(former.storeKeys.scope(store), from: more.before)
        #expect(throws: ReplicaError.self) {
            for frame in more.frames {
                _ = try verifier.take(frame) { claim in book.key(for: claim, of: store) { _ in [] } }
            }
        }
    }

    @Test func whatIsWrittenAfterARightWasLostDoesNotOpen() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let kept = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        let lost = try await den.connect(den.session(), to: alice, rights: [.member, Self.notes])
        let removed = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        try await Self.put("before", as: "a", lost)
        try await Self.put("read only", as: "r", alice, writers: .administrator)
        _ = try await lost.sync()
        _ = try await alice.sync()
        let keys = [try await lost.context().storeKeys, try await removed.context().storeKeys]
        let progress = Progress()
        _ = try await alice.setRights(of: try await Self.device(lost), to: [.member]) { progress.note($0.store) }
        _ = try await alice.remove(try await Self.device(removed)) { progress.note($0.store) }
        #expect(Set(progress.stores.map(\.rawValue)).isSuperset(of: ["Shared_notes", "Shared_notes_administrator"]))
        #expect(try await alice.context().storeKeys.groups.newest(of: Self.notes)?.generation == 3)
        try await Self.put("after", as: "b", alice)
        _ = try await alice.sync()
        _ = try await kept.sync()
        try await Self.put("kept", as: "c", kept)
        _ = try await kept.sync()
        #expect(try await Self.values(kept) == ["a": "before", "b": "after", "c": "kept"])
        for keys in keys {
            #expect(try Self.opened("MMM_Shared_notes", at: den, alice.udf, with: keys) == 1)
            #expect(try Self.opened("MMM_Shared_notes_administrator", at: den, alice.udf, with: keys) == 1)
        }
        #expect(try await !alice.hasUnfinishedRemovals())
        _ = try await lost.sync()
        await #expect(throws: SessionError(.rightMissing, "")) { try await Self.values(lost) }
        // Whoever comes later reads all of it by the newest key, and takes what the others wrote while they might.
        let late = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        _ = try await late.sync()
        #expect(try await Self.values(late) == ["a": "before", "b": "after", "c": "kept"])
        #expect(try await Self.values(late, writers: .administrator) == ["r": "read only"])
    }

    private final class Progress: Sendable {
        private let list = Mutex<[StoreName]>([])
        var stores: [StoreName] { list.withLock { $0 } }
        func note(_ store: StoreName) { list.withLock { $0.append(store) } }
    }

    @Test func changesOfADeviceThatMayNotWriteAnyMoreWait() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let editor = Right(rawValue: "editor")
        let device = try await den.connect(den.session(), to: alice, rights: [.member, Self.notes, editor])
        try await Self.put("offline", as: "a", device, writers: editor)
        try await Self.put("other", as: "a", device, readers: .member)
        let udf = try await Self.device(device)
        _ = try await alice.setRights(of: udf, to: [.member, Self.notes])
        let report = try await device.sync()
        #expect(report.withheld.values.reduce(0, +) == 1 && report.sent[.application] == 1)
        _ = try await alice.setRights(of: udf, to: [.member])
        #expect(try await device.sync().withheld.count == 1)
        _ = try await alice.setRights(of: udf, to: [.member, Self.notes, editor])
        #expect(try await device.sync().withheld.isEmpty)
        _ = try await alice.sync()
        #expect(try await Self.values(alice, writers: editor) == ["a": "offline"])
    }

    @Test func whoRecoversTheProfileReadsIt() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let shares = try await alice.escrow(quorum: 2, shares: 3)
        // The first key is kept, too, when no device but the administrator's has it.
        try await alice.makeKeys(of: [Self.photos])
        try await Self.put("p", as: "p", alice, readers: Self.photos)
        let reader = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        let gone = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        try await Self.put("one", as: "a", reader)
        _ = try await reader.sync()
        _ = try await alice.remove(try await Self.device(gone))
        try await Self.put("two", as: "b", alice)
        _ = try await alice.sync()
        let recovered = try await den.session().recover(
            from: Array(shares.keyShares.prefix(2)), at: "alice@example.com"
        )
        .session
        #expect(try await Self.values(recovered) == ["a": "one", "b": "two"])
        #expect(try await Self.values(recovered, readers: Self.photos) == ["p": "p"])
        let late = try await den.connect(den.session(), to: recovered, rights: [Self.notes])
        _ = try await late.sync()
        #expect(try await Self.values(late) == ["a": "one", "b": "two"])
    }

    @Test func namesThatCannotBe() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let member = try await den.connect(den.session(), to: alice)
        let device = try await Self.device(member)
        let before = den.store.contents.frames(of: "MMM_Device", in: .account(alice.udf)).count
        for name in ["", "Notes", "a b", "../x", "a_b", "\u{E9}", String(repeating: "x", count: 65)] {
            let wrong = Right(rawValue: name)
            let invalid = SessionError(.invalidRight, "")
            await #expect(throws: invalid) { try await alice.setRights(of: device, to: [.member, wrong]) }
            await #expect(throws: invalid) { try await alice.makeKeys(of: [wrong]) }
            await #expect(throws: invalid) { try await alice.makePIN(rights: [wrong]) }
            await #expect(throws: invalid) { try await Self.values(alice, readers: wrong) }
            await #expect(throws: invalid) { try await Self.values(alice, readers: .member, writers: wrong) }
        }
        await #expect(throws: SessionError(.invalidRight, "")) { try await Self.values(alice, readers: .threshold) }
        await #expect(throws: SessionError(.notAdministrator, "")) { try await member.makeKeys(of: [Self.notes]) }
        #expect(den.store.contents.frames(of: "MMM_Device", in: .account(alice.udf)).count == before)
        // As many as there may be, in one run; and no more.
        let rights = (0..<Right.mostOwn).map { Right(rawValue: "r\($0)") }
        try await alice.makeKeys(of: rights)
        #expect(den.store.contents.frames(of: "MMM_Device", in: .account(alice.udf)).count == before + 1)
        await #expect(throws: SessionError(.invalidRight, "")) { try await alice.makeKeys(of: [Self.notes]) }
        _ = try await alice.setRights(of: device, to: rights)
        _ = try await alice.setRights(of: device, to: [.member])
        _ = try await alice.setRights(of: device, to: rights)
        _ = try await member.sync()
        try await Self.put("x", as: "x", member, readers: rights[31])
        _ = try await member.sync()
        _ = try await alice.sync()
        #expect(try await Self.values(alice, readers: rights[31]) == ["x": "x"])
    }

    @Test func aPINGivesARightThatIsNew() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let pin = try await alice.makePIN(rights: [Self.notes])
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com", pin: pin.pin)
        _ = try await alice.acceptProven()
        let device = try await session.awaitConnection(request, polling: Household.polling)
        try await Self.put("x", as: "x", device)
        _ = try await device.sync()
        _ = try await alice.sync()
        #expect(try await Self.values(alice) == ["x": "x"])
    }

    @Test("Two administrators give a new right at the same time: there is one key of it", arguments: [false, true])
    func twoAdministrators(isRemoving: Bool) async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let second = try await den.connect(den.session(), to: alice, rights: [.administrator])
        var devices: [PersonalSession] = []
        for _ in 0..<2 { devices.append(try await den.connect(den.session(), to: alice, rights: [.member])) }
        let lost = try await den.connect(den.session(), to: alice, rights: [.member, Self.notes])
        let others = try await [Self.device(devices[0]), Self.device(devices[1])]
        _ = try await second.sync()
        if isRemoving {
            // The second hears nothing of it before it gives the right that has newer keys by now.
            _ = try await alice.remove(try await Self.device(lost))
        }
        async let one = alice.setRights(of: others[0], to: [.member, Self.notes, Self.photos])
        async let two = second.setRights(of: others[1], to: [.member, Self.notes, Self.photos])
        _ = try await (one, two)
        for session in [alice, second] + devices { _ = try await session.sync() }
        var keys: Set<String> = []
        for session in [alice, second] + devices {
            for right in [Self.notes, Self.photos] {
                keys.insert(
                    try #require(try await session.context().keys.groups.newest(of: right)).key.publicKey.udf.text)
            }
        }
        #expect(keys.count == 2)
        try await Self.put("x", as: "x", devices[0], readers: Self.photos)
        _ = try await devices[0].sync()
        _ = try await devices[1].sync()
        #expect(try await Self.values(devices[1], readers: Self.photos) == ["x": "x"])
    }

    @Test func exportedImportedAndRegisteredElsewhere() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let reader = try await den.connect(den.session(), to: alice, rights: [Self.notes])
        try await Self.put("one", as: "a", reader)
        try await Self.put("ro", as: "a", alice, writers: .administrator)
        _ = try await reader.sync()
        _ = try await alice.sync()
        _ = try await reader.sync()
        // Compared, devices that were shown other histories of the store find it out.
        try await alice.check(try await reader.historyStatement().envelope.value)
        #expect(
            try await reader.historyStatement().content.points.contains { $0.store == "MMM_Shared_notes_administrator" }
        )
        let directory = InMemoryContainerDirectory()
        try await Self.put("unsent", as: "b", alice)
        let export = try await alice.export(to: "alice.darc", in: directory, withKeys: true)
        #expect(export.stores.keys.contains { $0.rawValue == "Shared_notes" } && export.unsent == 1)
        let machine = den.machine()
        _ = try await den.session(machine).importPersonalProfile(
            from: "alice.darc", in: directory, secret: export.secret)
        let imported = try await den.session(machine).personalSession()
        #expect(try await Self.values(imported) == ["a": "one", "b": "unsent"])
        _ = try await imported.sync()
        #expect(try await Self.values(imported, writers: .administrator) == ["a": "ro"])
    }
}
