import MeshCore
import MeshDARE
import MeshInMemory
import MeshLight
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// The free functions, on machines in memory.
struct LightTests {
    private static let account = "alice@example.com"
    private static let content = Array(
        #"{"CatalogedCredential":{"Protocol":"https","Service":"example.com","Password":"first"}}"#.utf8)
    private static let key = "https:example.com"

    private struct Scene {
        let alice: PersonalSession
        let second: LightContext
        let pin: SharedSecret
    }

    /// An account with one device, and a machine that is connected to nothing.
    private static func scene() async throws -> Scene {
        let portal = MeshPortalDirect("example.com", try await PortalService.inMemory(domain: "example.com"))
        let alice = try await MeshSession(MeshMachineCached(), portal: portal).createAccount(account, name: "alice")
        return Scene(
            alice: alice, second: LightContext(MeshMachineCached(), portal: portal), pin: try await alice.makePIN().pin)
    }

    private static func connected() async throws -> Scene {
        let scene = try await scene()
        try await requestConnection(scene.second, to: account, expecting: scene.alice.udf, pin: scene.pin)
        #expect(try await !pollConnection(scene.second, to: account))
        _ = try await scene.alice.acceptProven()
        try await waitForConnection(scene.second, to: account)
        return scene
    }

    private func code(_ work: () async throws -> Void) async -> LightCode {
        do { try await work() } catch { return LightCode(error) }
        return .ok
    }

    @Test func connects() async throws {
        let scene = try await Self.connected()
        let profile = try await personalProfile(scene.second)
        #expect(profile.udf == scene.alice.udf.text && profile.accounts == [Self.account])
        #expect(profile.device == (try await device(scene.second).text))
        #expect(profile.rights.contains("member") && !profile.rights.contains("administrator"))
        #expect(await code { _ = try await pollConnection(scene.second, to: Self.account) } == .notFound)
        #expect(await code { try await requestConnection(scene.second, to: Self.account) } == .alreadyExists)
    }

    @Test func aRequestIsComparedAbandonedAndRefused() async throws {
        let scene = try await Self.scene()
        let witness = try await requestConnection(scene.second, to: Self.account)
        #expect(try await connectionWitness(scene.second, to: Self.account) == witness)
        let pending = try #require(try await scene.alice.connectPending().first)
        #expect(pending.witness == witness)
        _ = try await scene.alice.connectClose(pending, .reject)
        #expect(await code { _ = try await pollConnection(scene.second, to: Self.account) } == .rejected)
        try await requestConnection(scene.second, to: Self.account)
        try await abandonConnection(scene.second, to: Self.account)
        #expect(await code { try await abandonConnection(scene.second, to: Self.account) } == .notFound)
        let wrong = try await createDevice(scene.second, name: "another")
        #expect(
            await code { try await requestConnection(scene.second, to: Self.account, expecting: wrong) } == .distrusted)
        #expect(await code { _ = try await personalProfile(scene.second) } == .notFound)
    }

    @Test func anEntryGoesBothWays() async throws {
        let scene = try await Self.connected()
        let made = try await updateEntry(scene.second, in: .credential, Self.content, base: .new)
        #expect(
            await code { try await updateEntry(scene.second, in: .credential, Self.content, base: .new) }
                == .alreadyExists)
        try await synchronize(scene.second)
        _ = try await scene.alice.sync()
        let credentials = try await scene.alice.credentials()
        var item = try #require(try await credentials.find(Self.key))
        #expect(item.entry.password == "first")
        item.entry.password = "second"
        try await credentials.update(item.entry, from: item.version)
        _ = try await scene.alice.sync()
        try await synchronize(scene.second)

        #expect(try await entryKeys(scene.second, in: .credential) == [Self.key])
        let found = try await entry(scene.second, in: .credential, key: Self.key)
        #expect(String(decoding: found.content, as: UTF8.self).contains(#""Password":"second""#))
        // What was made here is not the version that is there now.
        let stale = LightBase.version(made)
        #expect(
            await code { try await updateEntry(scene.second, in: .credential, Self.content, base: stale) } == .conflict)
        #expect(
            await code { try await removeEntry(scene.second, in: .credential, key: Self.key, version: made) }
                == .conflict)
        try await updateEntry(scene.second, in: .credential, Self.content, base: .version(found.version))
        try await removeEntry(scene.second, in: .credential, key: Self.key)
        #expect(await code { _ = try await entry(scene.second, in: .credential, key: Self.key) } == .notFound)
        // It was there when it was read: a change on that is stale, not lost.
        #expect(
            await code {
                try await updateEntry(scene.second, in: .credential, Self.content, base: .version(found.version))
            } == .conflict)
        try await updateEntry(scene.second, in: .credential, Self.content, base: .any)
    }

    @Test func theRightsOfTheDeviceHold() async throws {
        let scene = try await Self.scene()
        let pin = try await scene.alice.makePIN(rights: [.member]).pin
        try await requestConnection(scene.second, to: Self.account, pin: pin)
        _ = try await scene.alice.acceptProven()
        try await waitForConnection(scene.second, to: Self.account)
        #expect(try await personalProfile(scene.second).rights == ["member"])
        #expect(
            await code { try await updateEntry(scene.second, in: .credential, Self.content, base: .new) }
                == .notPermitted)
        #expect(await code { _ = try await entryKeys(scene.second, in: .bookmark) } == .ok)
    }

    @Test func valuesOfAnApplicationGoBothWays() async throws {
        let scene = try await Self.scene()
        let pin = try await scene.alice.makePIN(rights: [Right(rawValue: "notes")]).pin
        try await requestConnection(scene.second, to: Self.account, pin: pin)
        _ = try await scene.alice.acceptProven()
        try await waitForConnection(scene.second, to: Self.account)
        let notes = LightApplication("com.example.notes", readers: "notes")
        let made = try await putValue(scene.second, in: notes, key: "a/b", Array(#"{"n":1}"#.utf8), base: .new)
        try await synchronize(scene.second)
        _ = try await scene.alice.sync()
        let kept = try await scene.alice.application(
            "com.example.notes", of: [String: Int].self, readers: .init(rawValue: "notes"))
        var item = try #require(try await kept.find("a/b"))
        #expect(item.value == ["n": 1])
        item.value["n"] = 2
        try await kept.update(item.value, as: "a/b", from: item.version)
        _ = try await scene.alice.sync()
        try await synchronize(scene.second)
        #expect(try await valueKeys(scene.second, in: notes) == ["a/b"])
        let found = try await value(scene.second, in: notes, key: "a/b")
        #expect(found.content == Array(#"{"n":2}"#.utf8))
        for base in [LightBase.version(made), .new] {
            let refused = await code { try await putValue(scene.second, in: notes, key: "a/b", [0x30], base: base) }
            #expect(refused == (base.isNew ? .alreadyExists : .conflict))
        }
        #expect(await code { try await removeValue(scene.second, in: notes, key: "a/b", version: made) } == .conflict)
        try await putValue(scene.second, in: notes, key: "a/b", [0x30], base: .version(found.version))
        try await removeValue(scene.second, in: notes, key: "a/b")
        #expect(await code { _ = try await value(scene.second, in: notes, key: "a/b") } == .notFound)
        try await putValue(scene.second, in: notes, key: "a/b", [0x31], base: .any)
        try await putValue(scene.second, in: notes, key: "a/b", [0x32], base: .any)
        let wrong: [(LightApplication, LightCode)] = [
            (LightApplication("a/b", readers: "notes"), .invalidArgument),
            (LightApplication("", readers: "notes"), .invalidArgument),
            (LightApplication(String(repeating: "a", count: 129), readers: "notes"), .tooLong),
            (LightApplication("a"), .notPermitted), (LightApplication("a", readers: "No"), .invalidArgument),
            (LightApplication("a", readers: "notes", writers: "threshold"), .invalidArgument),
        ]
        for (application, expected) in wrong {
            #expect(await code { _ = try await valueKeys(scene.second, in: application) } == expected, "\(application)")
        }
        let readOnly = LightApplication("a", readers: "notes", writers: "administrator")
        #expect(await code { _ = try await valueKeys(scene.second, in: readOnly) } == .ok)
        #expect(
            await code { try await putValue(scene.second, in: readOnly, key: "k", [0x30], base: .any) } == .notPermitted
        )
    }

    @Test(arguments: [EntryVersion(token: "7:"), EntryVersion(token: ":NAAA"), EntryVersion(token: "0:a:b")])
    func aVersionIsItsToken(_ version: EntryVersion?) throws {
        let version = try #require(version)
        #expect(EntryVersion(token: version.token) == version)
    }

    @Test(arguments: ["", ":", "x:", "-1:", "+1:", "01:", "1", "99999999999999999999:"])
    func aTextThatIsNoVersion(_ text: String) { #expect(EntryVersion(token: text) == nil) }
}

extension LightBase {
    fileprivate var isNew: Bool { if case .new = self { true } else { false } }
}
