import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

/// Stores that are named by rights: who gets them, who writes them, how many there are.
struct SharedStoreTests {
    private static let notes = Right(rawValue: "notes")
    private static let editor = Right(rawValue: "editor")

    private static func store(_ readers: Right, _ writers: Right) throws -> StoreName {
        try #require(StoreName.ofApplications(readers: readers, writers: writers))
    }

    private static func frames(
        _ store: StoreName, by key: PrivateKey?, of person: TestPerson, count: Int = 1
    ) throws -> PreparedFrames {
        let entry = CatalogedApplication(.other, key: "x")
        let name = person.portal.random.bytes(8)
        return try person.prepare(store, by: key) { transaction in
            for number in 0..<count { try transaction.add("\(name)\(number)", CatalogFrame(entry.encoded.compact)) }
        }
    }

    private static func status(
        _ update: ContainerUpdate, of person: TestPerson, by signer: Signer
    ) async throws -> PortalStatus? {
        try await person.portal.status(TransactRequest(account: person.address, updates: [update]), by: signer)
    }

    /// What a device may do with a store.
    private enum Access: Equatable {
        case nothing, reading, writing
    }

    @Test("Who may do what with a store, its name says", arguments: [false, true])
    func matrix(hasFrames: Bool) async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let askers: [(rights: [Right], device: TestDevice)] = try await {
            var devices: [(rights: [Right], device: TestDevice)] = [([.administrator], alice.device)]
            for rights in [
                [.member], [Self.notes], [Self.editor], [Self.notes, Self.editor], [.member, Self.editor], [.threshold],
                [Right(rawValue: "note"), Right(rawValue: "notes2")],
            ] as [[Right]] {
                devices.append((rights, try await alice.connect(TestDevice(portal, "device"), rights: rights)))
            }
            return devices
        }()
        let revoked = try await alice.connect(TestDevice(portal, "revoked"), rights: [Self.notes, Self.editor])
        try await alice.remove(revoked)
        let bob = try await TestPerson.joined(portal, "bob@example.com")
        var stranger = bob.administrator
        stranger.account = alice.address
        let stores = try [
            Self.store(Self.notes, Self.notes), Self.store(Self.notes, Self.editor),
            Self.store(Self.notes, .administrator),
            Self.store(.member, Self.editor), Self.store(Self.editor, .member), Self.store(.messages, .messages),
        ]
        for store in stores {
            if hasFrames {
                let frames = try Self.frames(store, by: alice.device.keys?.signature, of: alice)
                #expect(
                    try await Self.status(alice.update(store, frames), of: alice, by: alice.administrator) == .success)
                try alice.take(store, frames)
            }
            for asker in askers {
                let reads = store.right.map(asker.rights.give) ?? true
                let access: Access = !reads ? .nothing : asker.rights.give(store.writersRight) ? .writing : .reading
                try await check(store, access, alice, asker.device, "\(asker.rights) \(store)")
            }
            for (signer, device, expected) in [
                (alice.signer(revoked), revoked, PortalStatus.gone), (stranger, bob.device, .unauthorized),
            ] {
                let before = try await portal.snapshot(alice.udf)
                let frames = try Self.frames(store, by: device.keys?.signature, of: alice)
                #expect(try await Self.status(alice.update(store, frames), of: alice, by: signer) == expected)
                // What they have signed is not taken from others either.
                #expect(
                    try await Self.status(alice.update(store, frames), of: alice, by: alice.administrator) == .invalid)
                #expect(try await portal.snapshot(alice.udf) == before)
            }
        }
    }

    private func check(
        _ store: StoreName, _ access: Access, _ alice: TestPerson, _ device: TestDevice, _ what: String
    ) async throws {
        let (portal, signer) = (alice.portal, alice.signer(device))
        let before = try await portal.snapshot(alice.udf)
        let all = try await portal.success(StatusRequest(account: alice.address), by: signer).containers ?? []
        let named = try await portal.success(
            StatusRequest(account: alice.address, containers: [store.containerName]), by: signer
        ).containers
        let isThere = try await portal.store.state(of: store.containerName, in: .account(alice.udf)).count > 0
        #expect(all.contains { $0.container == store.containerName } == (access != .nothing && isThere), "\(what)")
        #expect(named?.count == (access == .nothing ? 0 : 1), "\(what)")
        let select = [FrameSelection(container: store.containerName, from: 0)]
        let given = try await portal.status(DownloadRequest(account: alice.address, select: select), by: signer)
        #expect(given == (access == .nothing ? .unauthorized : .success), "\(what)")
        let frames = try Self.frames(store, by: device.keys?.signature, of: alice)
        let update = alice.update(store, frames)
        if access == .writing {
            // Signed by it, and brought by it.
            #expect(try await Self.status(update, of: alice, by: signer) == .success, "\(what)")
            try alice.take(store, frames)
            return
        }
        #expect(try await Self.status(update, of: alice, by: signer) == .unauthorized, "\(what)")
        // Brought by who may, it is still signed by one who may not.
        #expect(try await Self.status(update, of: alice, by: alice.administrator) == .invalid, "\(what)")
        let others = try Self.frames(store, by: alice.device.keys?.signature, of: alice)
        #expect(try await Self.status(alice.update(store, others), of: alice, by: signer) == .unauthorized, "\(what)")
        #expect(try await portal.snapshot(alice.udf) == before, "\(what)")
    }

    @Test("Names that are no store's are refused")
    func names() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let frames = try Self.frames(Self.store(Self.notes, Self.notes), by: alice.device.keys?.signature, of: alice)
        let before = try await portal.snapshot(alice.udf)
        for name in [
            "MMM_Shared_", "MMM_Shared_member", "MMM_Shared_administrator_notes", "MMM_Shared_notes_notes",
            "MMM_Shared_Notes",
            "MMM_Shared_threshold", "MMM_Shared_a_b_c", "MMM_Shared_../x",
            "MMM_Shared_" + String(repeating: "x", count: 65),
        ] {
            var update = try alice.update(Self.store(Self.notes, Self.notes), frames)
            update.container = name
            #expect(try await Self.status(update, of: alice, by: alice.administrator) == .badRequest, "\(name)")
            let select = [FrameSelection(container: name, from: 0)]
            #expect(
                try await portal.status(
                    DownloadRequest(account: alice.address, select: select), by: alice.administrator)
                    == .badRequest)
        }
        #expect(try await portal.snapshot(alice.udf) == before)
    }

    @Test("An account has 64 of them, a transfer gives them all, and a further one is refused without a trace")
    func atMost() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let key = alice.device.keys?.signature
        for number in 0..<64 {
            let store = try Self.store(Right(rawValue: "r\(number % 8)"), Right(rawValue: "w\(number / 8)"))
            let frames = try Self.frames(store, by: key, of: alice)
            #expect(try await Self.status(alice.update(store, frames), of: alice, by: alice.administrator) == .success)
            try alice.take(store, frames)
        }
        try await portal.restart()
        let before = try await portal.snapshot(alice.udf, versions: false)
        let further = try Self.store(Self.notes, Self.notes)
        let frames = try Self.frames(further, by: key, of: alice)
        let refused = try await portal.send(
            TransactRequest(account: alice.address, updates: [alice.update(further, frames)]), by: alice.administrator)
        #expect(refused.status == .tooMany)
        #expect(refused.statusDescription?.contains("64") == true)
        #expect(try await portal.snapshot(alice.udf, versions: false) == before)
        // Those that are there grow.
        let first = try Self.store(Right(rawValue: "r0"), Right(rawValue: "w0"))
        let more = try Self.frames(first, by: key, of: alice)
        #expect(try await Self.status(alice.update(first, more), of: alice, by: alice.administrator) == .success)

        let listed = try await portal.success(StatusRequest(account: alice.address), by: alice.administrator).containers
        var page: String?
        var moved: [String: Int] = [:]
        repeat {
            let answer = try await portal.success(
                TransferRequest(account: alice.address, pageKey: page), by: alice.administrator)
            for update in answer.updates ?? [] { moved[update.container, default: 0] += update.frames.count }
            page = answer.pageKey
        } while page != nil
        #expect(moved.count == 65)
        #expect(moved == Dictionary(uniqueKeysWithValues: (listed ?? []).map { ($0.container, $0.index) }))
    }

    @Test("Several that write the first frames of different stores at once: all are there, or refused")
    func atOnce() async throws {
        let portal = try await TestPortal()
        let alice = try await TestPerson.joined(portal, "alice@example.com")
        let updates = try (0..<16).map { number in
            let store = try Self.store(Right(rawValue: "r\(number)"), Right(rawValue: "r\(number)"))
            return alice.update(store, try Self.frames(store, by: alice.device.keys?.signature, of: alice))
        }
        let (address, signer) = (alice.address, alice.administrator)
        let taken = try await withThrowingTaskGroup(of: String?.self) { group in
            for update in updates {
                group.addTask {
                    let status = try await portal.status(
                        TransactRequest(account: address, updates: [update]), by: signer)
                    return status == .success ? update.container : nil
                }
            }
            return try await group.reduce(into: Set<String>()) { if let name = $1 { $0.insert(name) } }
        }
        let listed = try await portal.success(StatusRequest(account: address), by: signer).containers ?? []
        #expect(Set(listed.map(\.container)) == taken.union(["MMM_Device"]))
        #expect(!taken.isEmpty)
    }
}
