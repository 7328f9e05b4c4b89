import Glibc
import MeshCore
import MeshCryptography
import MeshFiles
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

/// Passphrases, seals, prompts and deadlines.
struct KeyFileLockTests {
    static let patient = CallOptions(deadline: .seconds(300))

    @Test func lockedIsNotAbsent() async throws {
        let directory = try TemporaryDirectory()
        let item = try newItem(account: "alice@example.com")
        try await directory.unlocked().put([1], as: item)
        let store = try directory.sealed()
        guard case .locked = await store.state() else { return #expect(Bool(false), "not locked") }
        #expect(await code { _ = try await store.get(item) } == .locked)
        #expect(await code { try await store.put([2], as: newItem()) } == .locked)
        #expect(await code { _ = try await store.remove(item.identifier) } == .locked)
        #expect(await code { _ = try await store.eraseTestKeys(options: Self.patient) } == .locked)
        #expect(try await store.list().items == [item])
        // What has no file is absent, locked or not.
        #expect(try await store.read(newItem().identifier) == nil)
        try await store.unlock(.withoutPrompt, options: Self.patient)
        #expect(try await store.get(item) == [1])
    }

    @Test func passphraseErrorsAreToldApart() async throws {
        let directory = try TemporaryDirectory()
        let item = try newItem()
        try await directory.unlocked().put([1], as: item)
        let before = try directory.snapshot()
        func unlock(_ store: KeyFileStore, _ policy: UnlockPolicy) async -> PlatformError.Code? {
            await code { try await store.unlock(policy, options: Self.patient) }
        }
        #expect(await unlock(try directory.sealed("wrong"), .withoutPrompt) == .wrongPassphrase)
        #expect(await unlock(try directory.sealed(""), .withoutPrompt) == .wrongPassphrase)
        #expect(await unlock(try directory.sealed(), .never) == .locked)
        #expect(await unlock(try directory.sealed(nil), .withoutPrompt) == .locked)
        #expect(await unlock(try directory.sealed(nil), .promptAllowed) == .promptImpossible)
        let dismissing = PassphrasePrompt { _ in nil }
        #expect(await unlock(try directory.sealed(provider: dismissing), .withoutPrompt) == .locked)
        #expect(await unlock(try directory.sealed(provider: dismissing), .promptAllowed) == .promptDismissed)
        struct NoTerminal: Error {}
        let broken = PassphrasePrompt { _ in throw NoTerminal() }
        #expect(await unlock(try directory.sealed(provider: broken), .promptAllowed) == .promptImpossible)
        #expect(try directory.snapshot() == before)
    }

    @Test func emptyPassphrasesSealNothing() async throws {
        let directory = try TemporaryDirectory()
        let found = await code { try await directory.sealed("").unlock(.withoutPrompt, options: Self.patient) }
        #expect(found == .invalidArgument)
        #expect(!directory.exists("root"))
    }

    @Test func manyCallersOneQuestion() async throws {
        let directory = try TemporaryDirectory()
        let prompt = ScriptedPrompt()
        let store = try directory.sealed(provider: prompt)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { try await store.unlock(.promptAllowed, options: Self.patient) } }
            await prompt.untilAsked()
            prompt.answer("correct horse")
            try await group.waitForAll()
        }
        #expect(prompt.asked.map(\.purpose) == [.create])
        try await store.lock(options: Self.patient)
        async let again: Void = store.unlock(.promptAllowed, options: Self.patient)
        await prompt.untilAsked()
        prompt.answer("correct horse")
        try await again
        #expect(prompt.asked.map(\.purpose) == [.create, .unlock])
    }

    /// Each waits for its own time; when all have gone the question is taken back, and another can be asked.
    @Test func deadlinesAreEachCallersOwn() async throws {
        let directory = try TemporaryDirectory()
        let prompt = ScriptedPrompt()
        let store = try directory.sealed(provider: prompt)
        async let waiting: Void = store.unlock(.promptAllowed, options: Self.patient)
        await prompt.untilAsked()
        for deadline in [Duration.seconds(-1), .zero, .milliseconds(20)] {
            let found = await code {
                try await store.unlock(.promptAllowed, options: CallOptions(deadline: deadline))
            }
            #expect(found == .timedOut)
        }
        prompt.answer("correct horse")
        try await waiting
        try await store.lock(options: Self.patient)
        let found = await code {
            try await store.unlock(.promptAllowed, options: CallOptions(deadline: .milliseconds(20)))
        }
        #expect(found == .timedOut)
        guard case .locked = await store.state() else { return #expect(Bool(false), "not locked") }
        async let later: Void = store.unlock(.promptAllowed, options: Self.patient)
        await prompt.untilAsked()
        prompt.answer("correct horse")
        try await later
        guard case .ready = await store.state() else { return #expect(Bool(false), "not ready") }
    }

    @Test func cancellingTakesTheQuestionBack() async throws {
        let directory = try TemporaryDirectory()
        let prompt = ScriptedPrompt()
        let store = try directory.sealed(provider: prompt)
        let task = Task { try await store.unlock(.promptAllowed, options: Self.patient) }
        await prompt.untilAsked()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        guard case .locked = await store.state() else { return #expect(Bool(false), "not locked") }
        #expect(!directory.exists("root"))
    }

    @Test func lockingEndsTheWaiting() async throws {
        let directory = try TemporaryDirectory()
        let prompt = ScriptedPrompt()
        let store = try directory.sealed(provider: prompt)
        let task = Task { await code { try await store.unlock(.promptAllowed, options: Self.patient) } }
        await prompt.untilAsked()
        try await store.lock(options: Self.patient)
        #expect(await task.value == .locked)
        prompt.answer("correct horse")
        guard case .locked = await store.state() else { return #expect(Bool(false), "not locked") }
    }

    @Test func changingThePassphraseLeavesTheKeys() async throws {
        let directory = try TemporaryDirectory()
        let item = try newItem()
        let store = try await directory.unlocked()
        try await store.put([1], as: item)
        let other = try await directory.unlocked()
        let octets = try directory.octets(directory.name(item))
        try await store.changePassphrase(by: GivenPassphrase(passphrase("new words")), options: Self.patient)
        #expect(try directory.octets(directory.name(item)) == octets)
        #expect(await code { _ = try await directory.unlocked() } == .wrongPassphrase)
        #expect(try await directory.unlocked("new words").get(item) == [1])
        // Who had it open before goes on.
        try await other.put([2], as: item, .always)
        #expect(try await store.get(item) == [2])
        let refused = await code {
            try await store.changePassphrase(by: GivenPassphrase(passphrase("")), options: Self.patient)
        }
        #expect(refused == .invalidArgument)
        #expect(try await directory.unlocked("new words").get(item) == [2])
        #expect(
            await code {
                try await directory.clear().changePassphrase(
                    by: GivenPassphrase(passphrase("x")), options: Self.patient)
            } == .unsupported)
    }

    /// Two stores that are first unlocked at the same time have one seal.
    @Test func oneSealIsMade() async throws {
        let directory = try TemporaryDirectory()
        let stores = try (0..<8).map { _ in try directory.sealed() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in stores { group.addTask { try await store.unlock(.withoutPrompt, options: Self.patient) } }
            try await group.waitForAll()
        }
        let item = try newItem()
        try await stores[0].put([1], as: item)
        for store in stores { #expect(try await store.get(item) == [1]) }
    }

    @Test func aLostSealIsNotReplaced() async throws {
        let directory = try TemporaryDirectory()
        let item = try newItem()
        let store = try await directory.unlocked()
        try await store.put([1], as: item)
        let seal = try directory.octets("root/keys/.seal")
        _ = try Command("rm", directory.file("root/keys/.seal"))
        #expect(await code { _ = try await directory.unlocked() } == .corrupt)
        #expect(!directory.exists("root/keys/.seal"))
        // Who still has the key puts the seal back.
        try await store.put([2], as: newItem())
        #expect(try directory.octets("root/keys/.seal") == seal)
        #expect(try await directory.unlocked().get(item) == [1])
    }

    /// A process that has the store open while another one erases the root and seals it anew.
    @Test func aNewSealLocksTheStore() async throws {
        let directory = try TemporaryDirectory()
        let (item, other) = (try newItem(), try newItem())
        let stores = try await [
            directory.unlocked(), directory.unlocked(), directory.unlocked(), directory.unlocked(),
            directory.unlocked(),
        ]
        _ = try Command("rm", "-r", directory.file("root"))
        try await directory.unlocked("other words").put([2], as: other)
        let before = try directory.snapshot()
        #expect(await code { _ = try await stores[0].get(other) } == .locked)
        #expect(await code { _ = try await stores[1].list() } == .locked)
        #expect(await code { _ = try await stores[2].remove(other.identifier) } == .locked)
        #expect(await code { _ = try await stores[3].eraseTestKeys(options: Self.patient) } == .locked)
        #expect(await code { try await stores[4].put([3], as: item) } == .locked)
        for store in stores {
            guard case .locked = await store.state() else { return #expect(Bool(false), "not locked") }
        }
        #expect(try directory.snapshot() == before)
    }

    /// A home directory that marks its root is asked for it, and its refusals are passed on.
    @Test func theRootIsOpenedByItsOwner() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("root")
        let item = try newItem()
        let openRoot: @Sendable (Bool) throws -> Directory? = { create in
            guard let root = try Directory.open(path, create: create) else { return nil }
            if create, try root.status(of: "MODE") == nil { try root.createFile("MODE", with: Array("mark".utf8)) }
            return root
        }
        let store = KeyFileStore(mode: ci, path: path, directory: openRoot, sealing: .clear)
        #expect(try await store.get(item) == nil)
        #expect(!directory.exists("root"))
        try await store.put([1], as: item)
        #expect(try directory.text("root/MODE") == "mark")
        #expect(try await store.get(item) == [1])
        let refuse: @Sendable (Bool) throws -> Directory? = { _ in
            throw PlatformError(.invalidArgument, store: path, "The directory is another's.")
        }
        let refused = KeyFileStore(mode: ci, path: path, directory: refuse, sealing: .clear)
        #expect(await code { _ = try await refused.get(item) } == .invalidArgument)
        #expect(await code { try await refused.put([2], as: item, .always) } == .invalidArgument)
        guard case .unavailable = await refused.state() else { return #expect(Bool(false), "not told") }
    }

    @Test func damagedSealsAreNamed() async throws {
        let directory = try TemporaryDirectory()
        _ = try await directory.unlocked()
        let name = "root/keys/.seal"
        let octets = try directory.octets(name)
        #expect(try directory.mode(name) == 0o600)
        for place in octets.indices {
            var damaged = octets
            damaged[place] ^= 1
            try directory.write(damaged, name)
            let found = await code { _ = try await directory.unlocked() }
            #expect(found == .corrupt || (place < 15 && found == .unknownVersion), "octet \(place)")
        }
        for length in octets.indices {
            try directory.write(Array(octets.prefix(length)), name)
            #expect(await code { _ = try await directory.unlocked() } == .corrupt, "cut at \(length)")
        }
        guard case .unavailable(let error) = await directory.clearedSealState() else {
            return #expect(Bool(false), "a damaged seal is not told")
        }
        #expect(error.code == .corrupt)
        try directory.write(octets, name)
        _ = try await directory.unlocked()
    }

    /// A file cannot make a reader take all the memory, or all day.
    @Test(arguments: [
        "1073741824 8 1", "1048576 64 1", "16777216 1 1", "131072 8 65", "0 8 1", "3 8 1", "18446744073709551615 8 1",
        "131072 0 1", "131072 8 0", "131072 18446744073709551615 1",
    ])
    func costlySealsAreRefused(parameters: String) async throws {
        let directory = try TemporaryDirectory()
        _ = try await directory.unlocked()
        let text = try directory.text("root/keys/.seal").replacing("scrypt: 16 1 1", with: "scrypt: \(parameters)")
        try directory.write(KeyFileFormatTests.checked(Array(text.utf8), kind: KeySeal.kind), "root/keys/.seal")
        #expect(await code { _ = try await directory.unlocked() } == .unsupported)
    }

    /// A weaker cost or another salt in a seal that is otherwise right does not open.
    @Test(arguments: [
        ("scrypt: 16 1 1", "scrypt: 8 1 1"), ("scrypt: 16 1 1", "scrypt: 016 1 1"), ("salt: ", "salt: A"),
    ])
    func changedSealsDoNotOpen(old: String, new: String) async throws {
        let directory = try TemporaryDirectory()
        _ = try await directory.unlocked()
        let text = try directory.text("root/keys/.seal").replacing(old, with: new)
        try directory.write(KeyFileFormatTests.checked(Array(text.utf8), kind: KeySeal.kind), "root/keys/.seal")
        let found = await code { _ = try await directory.unlocked() }
        #expect(found == .wrongPassphrase || found == .corrupt)
    }

    /// A change that could not begin in time does not happen later.
    @Test func waitingForTheLockEnds() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        let item = try newItem()
        try await store.put([1], as: item)
        let locks = try #require(try Directory.open(directory.file("root/locks"), create: false))
        let short = CallOptions(deadline: .milliseconds(50))
        let before = try directory.snapshot()
        // The lock is held by this thread, as another process would hold it.
        let found = try await Self.holding(locks) {
            [
                await code {
                    try await store.store(SecretBytes(text: "x"), as: item, replacement: .always, options: short)
                },
                await code { _ = try await store.remove(item.identifier, options: short) },
                await code { _ = try await store.eraseTestKeys(options: short) },
            ]
        }
        #expect(found == [.timedOut, .timedOut, .timedOut])
        #expect(try await store.get(item) == [1])
        #expect(try directory.snapshot() == before)
    }

    private static func holding<R: Sendable>(
        _ locks: Directory, _ body: @escaping @Sendable () async throws -> R
    ) async throws -> R {
        let (held, isHeld) = AsyncStream<Void>.makeStream()
        let done = Abandonment()
        async let holder: Void = BlockingCalls(store: "test").run(deadline: .seconds(60)) {
            try FileLock("keys.lock", in: locks).withLock(until: .now + .seconds(10)) {
                isHeld.yield()
                while !done.isAbandoned { sched_yield() }
            }
        }
        for await _ in held { break }
        defer { done.abandon() }
        let result = try await body()
        done.abandon()
        try await holder
        return result
    }
}

extension TemporaryDirectory {
    fileprivate func clearedSealState() async -> KeyStoreState {
        guard let store = try? sealed() else { return .ready }
        return await store.state()
    }
}
