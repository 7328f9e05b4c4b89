import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions
import Testing

/// The typed stores of applications, on two devices of one person.
struct EntryStoreTests {
    private let home: Household
    private let alice: PersonalSession

    init() async throws {
        home = try await Household()
        alice = try await home.session().createAccount("alice@example.com")
    }

    /// The account on another machine.
    private func another() async throws -> PersonalSession {
        let session = home.session()
        let request = try await session.connect(to: "alice@example.com")
        let pending = try #require(try await alice.connectPending().first)
        _ = try await alice.connectClose(pending, .accept([.administrator]))
        return try await session.awaitConnection(request, polling: Household.polling)
    }

    private func credential(_ service: String, _ password: String) -> CatalogedCredential {
        var entry = CatalogedCredential(service: service, networkProtocol: "https")
        entry.username = "alice"
        entry.password = password
        return entry
    }

    /// Added here, read there, changed there, read here, taken away.
    private func story<Entry: CatalogEntry>(
        _ first: Entry, changed: Entry, in stores: (EntryStore<Entry>, EntryStore<Entry>), other: PersonalSession
    ) async throws {
        let key = try #require(first.primaryKey)
        let version = try await stores.0.add(first)
        let added = try #require(try await stores.0.find(key))
        #expect(added.entry == first && added.isPending && added.version == version)
        await #expect(throws: CatalogError(.alreadyExists, "")) { try await stores.0.add(first) }
        _ = try await alice.sync()
        _ = try await other.sync()
        let there = try #require(try await stores.1.find(key))
        #expect(there.entry == first && !there.isPending && !there.isConflict)
        try await stores.1.update(changed, from: there.version)
        _ = try await other.sync()
        _ = try await alice.sync()
        #expect(try await stores.0.entries().map(\.entry).filter { $0.primaryKey == key } == [changed])
        // What was read before is stale now: both entries are in the error, and nothing was changed.
        let stale = await #expect(throws: StaleEntry<Entry>.self) {
            try await stores.0.update(first, from: added.version)
        }
        #expect(stale?.ours == first && stale?.theirs?.entry == changed)
        let refused = await #expect(throws: StaleEntry<Entry>.self) {
            try await stores.0.remove(key, from: added.version)
        }
        #expect(refused?.ours == nil && refused?.theirs?.entry == changed)
        let present = try #require(stale?.theirs)
        try await stores.0.remove(key, from: present.version)
        #expect(try await stores.0.find(key) == nil)
        let gone = await #expect(throws: StaleEntry<Entry>.self) {
            try await stores.0.update(first, from: present.version)
        }
        #expect(gone?.theirs == nil)
        await #expect(throws: CatalogError(.notFound, "")) { try await stores.0.update(first, from: nil) }
        _ = try await alice.sync()
        _ = try await other.sync()
        #expect(try await stores.1.entries().allSatisfy { $0.key != key })
        let history = try await stores.1.history(of: key)
        #expect(history.map(\.event) == [.new, .update, .delete])
        #expect(history.map(\.entry) == [first, changed, nil])
        #expect(history.allSatisfy { $0.made == home.clock.now && !$0.isPending })
    }

    @Test func everyKindIsSharedAndGuarded() async throws {
        let other = try await another()
        var (network, bookmark) = (
            CatalogedNetwork(service: "home"), CatalogedBookmark(uid: "b", uri: "https://a.example")
        )
        var (task, contact) = (CatalogedTask(key: "t", title: "tea"), CatalogedContact(key: "bob"))
        try await story(
            credential("a.example", "1"), changed: credential("a.example", "2"),
            in: (alice.credentials(), other.credentials()), other: other)
        let first = (network, bookmark, task, contact)
        network.password = "open sesame"
        bookmark.title = "A"
        task.title = "coffee"
        contact.contact = ["ContactPerson": .object(["CommonNames": .array([])])]
        try await story(first.0, changed: network, in: (alice.networks(), other.networks()), other: other)
        try await story(first.1, changed: bookmark, in: (alice.bookmarks(), other.bookmarks()), other: other)
        try await story(first.2, changed: task, in: (alice.tasks(), other.tasks()), other: other)
        try await story(first.3, changed: contact, in: (alice.contacts(), other.contacts()), other: other)
    }

    @Test func whatWasSentMeanwhileIsNotStale() async throws {
        let store = try await alice.credentials()
        let version = try await store.add(credential("a.example", "1"))
        #expect(try await alice.sync().sent == [.credential: 1])
        // Nobody has changed it: it was only sent.
        let second = try await store.update(credential("a.example", "2"), from: version)
        await #expect(throws: StaleEntry<CatalogedCredential>.self) {
            try await store.update(credential("a.example", "3"), from: version)
        }
        try await store.update(credential("a.example", "3"), from: second)
        _ = try await alice.sync()
        #expect(try await store.find("https:a.example")?.entry.password == "3")
        #expect(try await store.history(of: "https:a.example").map(\.entry?.password) == ["1", "2", "3"])
    }

    @Test func entriesAreFoundByWhatElseTheyHave() async throws {
        let store = try await alice.credentials()
        func found(_ name: String, _ value: String) async throws -> [String] {
            try await store.find(SecondaryKey(name: name, value: value)).map(\.key)
        }
        var second = credential("bob@A.example:8080/path", "2")
        second.localName = "bob"
        try await store.add([credential("a.example:8080", "1"), second])
        for _ in 0..<2 {
            #expect(
                try await found("Host", "a.example:8080") == ["https:a.example:8080", "https:bob@A.example:8080/path"])
            #expect(try await found("Service", "a.example:8080") == ["https:a.example:8080"])
            #expect(try await found("Host", "a.example").isEmpty)
            #expect(try await store.find(named: "bob")?.entry == second)
            #expect(try await store.find(named: "https:a.example:8080")?.entry.password == "1")
            // Once in the outbox, and once in the catalog.
            _ = try await alice.sync()
        }
        // What was changed here lies over what was received.
        second.localName = "robert"
        try await store.update(second, from: nil)
        #expect(try await store.find(named: "bob") == nil)
        #expect(try await store.find(named: "robert")?.isPending == true)
        second.localName = "rob"
        try await store.update(second, from: nil)
        #expect(try await store.find(named: "robert") == nil)
        var third = credential("c.example", "3")
        third.localName = "rob"
        try await store.add(third)
        await #expect(throws: PlatformError.self) { try await store.find(named: "rob") }
        try await store.remove("https:c.example", from: nil)
        #expect(try await store.find(named: "rob")?.entry == second)
        _ = try await alice.sync()
        #expect(try await found("Host", "c.example").isEmpty)
        #expect(try await store.find(named: "rob")?.isPending == false)
        #expect(
            try await alice.store(.credential).find(SecondaryKey(name: "Service", value: "a.example:8080")).count == 1)
    }

    @Test func whatIsPrintedHoldsNoSecret() async throws {
        let store = try await alice.credentials()
        let entry = credential("a.example", "open sesame")
        let version = try await store.add(entry)
        let item = try #require(try await store.find("https:a.example"))
        let stored = try #require(try await store.store.find("https:a.example"))
        let history = try await store.history(of: "https:a.example")
        try await store.update(credential("a.example", "1"), from: version)
        let stale = await #expect(throws: StaleEntry<CatalogedCredential>.self) {
            try await store.update(entry, from: version)
        }
        func words(_ value: Any) -> String {
            var dumped = ""
            dump(value, to: &dumped)
            return "\(value) \(String(reflecting: value)) \(dumped)"
        }
        let secret = String(describing: Array("open sesame".utf8).prefix(4)).dropFirst().dropLast()
        for text in [words(entry), words(item), words(stored), words(history), words(stale as Any)] {
            #expect(!text.contains("sesame") && !text.contains(secret))
            #expect(text.contains("a.example") || text.contains("New"))
        }
    }

    @Test func aPasswordAndASecretOfCodesAreKept() async throws {
        var entry = credential("a.example", "1")
        try entry.setPassword(SecretBytes(copying: Array("pässword\n".utf8)))
        #expect(throws: CatalogError(.invalidEntry, "")) { try entry.setPassword(SecretBytes(copying: [0xFF])) }
        var octets: [UInt8] = []
        if let password = entry.secretPassword() { octets = password.withUnsafeBytes { Array($0) } }
        #expect(octets == Array("pässword\n".utf8))
        let key = Array("12345678901234567890".utf8)
        entry.setOneTimeSecret(try OneTimeSecret(key: SecretBytes(copying: key), digits: 8))
        let store = try await alice.credentials()
        try await store.add(entry)
        _ = try await alice.sync()
        var read = try #require(try await store.find("https:a.example")?.entry)
        let secret = try #require(try read.oneTimeSecret())
        #expect(secret.withKey { Array($0) } == key)
        let code = secret.code(at: Timestamp(secondsSince1970: 59)).withText { String(decoding: $0, as: UTF8.self) }
        #expect(code == "94287082")
        read.setOneTimeSecret(nil)
        #expect(try read.oneTimeSecret() == nil && !read.hasOneTimeSecret)
        read.content["OneTime"] = ["Secret": "!"]
        #expect(throws: CatalogError(.invalidEntry, "")) { try read.oneTimeSecret() }
        read.content["OneTime"] = ["Secret": "AAAA", "Digits": 900]
        #expect(throws: CatalogError(.invalidEntry, "")) { try read.oneTimeSecret() }
    }

    /// Two devices that change the same entries, and synchronise when they like: nothing that was written is lost unless
    /// somebody decided so, and in the end both have the same.
    @Test(arguments: 0..<2)
    func twoDevicesDisagreeAndAgree(_ number: Int) async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededNumbers(seed)
        let sessions = [alice, try await another()]
        let stores = [try await sessions[0].credentials(), try await sessions[1].credentials()]
        var written: Set<String> = []
        var discarded: Set<String> = []

        func decide(_ device: Int) async throws {
            for conflict in try await sessions[device].conflicts() {
                let both = try conflict.decoded(as: CatalogedCredential.self)
                let keepsOurs = random.next(2) == 0
                if !keepsOurs, let ours = both.ours?.password { discarded.insert(ours) }
                try await sessions[device].resolve(conflict, keepingOurs: keepsOurs)
            }
        }
        for step in 0..<40 {
            let device = random.next(2)
            let entry = credential("\(random.next(4)).example", "\(step)")
            let key = try #require(entry.primaryKey)
            switch random.next(8) {
            case 0...3:
                if let there = try await stores[device].find(key) {
                    try await stores[device].update(entry, from: there.version)
                } else {
                    try await stores[device].add(entry)
                }
                written.insert("\(step)")
            case 4:
                if let there = try await stores[device].find(key) {
                    try await stores[device].remove(key, from: there.version)
                }
            case 5: try await decide(device)
            default: _ = try await sessions[device].sync()
            }
        }
        for round in 0..<100 {
            var isQuiet = true
            for device in 0..<2 {
                let report = try await sessions[device].sync()
                if !report.isEmpty { isQuiet = false }
                try await decide(device)
            }
            if isQuiet { break }
            #expect(round < 99, "They do not agree; seed \(seed).")
        }
        let entries = [try await stores[0].entries(), try await stores[1].entries()]
        #expect(entries[0] == entries[1], "seed \(seed)")
        #expect(entries[0].allSatisfy { !$0.isPending && !$0.isConflict }, "seed \(seed)")
        var kept: Set<String> = []
        for service in 0..<4 {
            for event in try await stores[1].history(of: "https:\(service).example") {
                if let password = event.entry?.password { kept.insert(password) }
            }
        }
        #expect(written.subtracting(kept).subtracting(discarded).isEmpty, "seed \(seed)")
    }
}

/// Repeatable numbers for the schedule of a test.
private struct SeededNumbers {
    private let source: SeededRandomSource

    init(_ seed: UInt64) { source = SeededRandomSource(seed: seed) }

    mutating func next(_ bound: Int) -> Int { Int(source.bytes(1)[0]) % bound }
}
