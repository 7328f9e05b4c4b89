import MeshCore
import MeshPlatforms
import Synchronization

// What a store can do beyond storing, reading and removing: declared is proven, undeclared is refused.
extension KeyStoreCase {
    func listing() async throws {
        let store = try await open()
        guard store.traits.capabilities.contains(.listing) else {
            try await context.expectError(.unsupported, from: "list") {
                _ = try await store.list(matching: KeyFilter(), options: options)
            }
            return
        }
        let atFirst = try await store.list(matching: KeyFilter(), options: options)
        try expect(atFirst.items.isEmpty, "no keys at first", "there are \(atFirst.items.count)")
        var items: [KeyItem] = []
        let accounts: [String?] = [nil, "", "alice@example.com", "alice@example.com.evil", "Alice@example.com"]
        for number in 0..<25 {
            let item = try KeyItem(
                identifier: context.identifier(), keyClass: .application, account: accounts[number % accounts.count],
                label: "key \(number)")
            try await put([UInt8(number)], as: item, in: store)
            items.append(item)
        }
        let filters =
            [KeyFilter(), KeyFilter(keyClass: .application), KeyFilter(keyClass: .admin)]
            + accounts.compactMap { $0 }.map { KeyFilter(account: $0) }
            + [
                KeyFilter(account: "nobody@example.com"),
                KeyFilter(keyClass: .application, account: "alice@example.com"),
                KeyFilter(keyClass: .admin, account: "alice@example.com"),
            ]
        for filter in filters { try await expectListing(of: items, matching: filter, in: store) }
        for item in items.prefix(5) { _ = try await store.remove(item.identifier, options: options) }
        items.removeFirst(5)
        try await expectListing(of: items, matching: KeyFilter(), in: store)
    }

    private func expectListing(
        of items: [KeyItem], matching filter: KeyFilter, in store: any KeyStore
    ) async throws {
        let listing = try await store.list(matching: filter, options: options)
        let expected = items.filter(filter.matches).sorted { $0.identifier.text < $1.identifier.text }
        let what = "class \(filter.keyClass?.rawValue ?? "any"), account \(TestValues.shown(filter.account))"
        let answered = listing.items.map(\.identifier)
        try expect(
            answered.sorted { $0.text < $1.text } == expected.map(\.identifier),
            "the \(expected.count) keys with \(what)", "the listing has \(answered.count), or others")
        try expect(
            answered == expected.map(\.identifier), "the keys with \(what) ordered by identifier",
            "the order is another")
        for (seen, item) in zip(listing.items, expected) { try expectSame(seen, as: item, "the listing") }
        try expect(
            !listing.isPartial && listing.problems.isEmpty, "a whole listing without problems",
            "it says it is partial or has problems")
    }

    func watching() async throws {
        let store = try await open()
        guard store.traits.capabilities.contains(.watching) else {
            try await context.expectError(.unsupported, from: "changes") { _ = try store.changes() }
            return
        }
        let changes = try store.changes()
        let (one, two) = (try item(), try item())
        try await put([1], as: one, in: store)
        try await put([2], as: two, in: store)
        try await put([3], as: one, in: store, .always)
        _ = try await store.remove(one.identifier, options: options)
        let expected: [KeyStoreChange] = [
            .stored(one.identifier), .stored(two.identifier), .stored(one.identifier), .removed(one.identifier),
        ]
        let box = Told()
        let isComplete = try await within(options.deadline) {
            for await change in changes {
                if box.add(change) == expected.count { return true }
            }
            return false
        }
        try expect(
            isComplete == true && box.all == expected, "the changes \(expected)", "what was told is \(box.all)")
    }

    private final class Told: Sendable {
        private let changes = Mutex<[KeyStoreChange]>([])
        var all: [KeyStoreChange] { changes.withLock { $0 } }
        func add(_ change: KeyStoreChange) -> Int {
            changes.withLock {
                $0.append(change)
                return $0.count
            }
        }
    }

    func batch() async throws {
        let store = try await open()
        var present: [UDF] = []
        for number in 0..<30 {
            let item = try item(account: "batch", label: "key \(number)")
            try await put(
                TaggedValue(identifier: item.identifier, writer: number, round: 0).octets, as: item, in: store)
            present.append(item.identifier)
        }
        let absent = (0..<10).map { _ in context.identifier() }
        for wanted in [present + absent, absent + present.reversed(), Array(present.prefix(1)), absent, []] {
            let seen = SeenKeys()
            let missing = try await store.readEach(wanted, options: options) { seen.add(SeenKey($0)) }
            let expectedMissing = wanted.filter(absent.contains)
            try expect(
                Set(missing) == Set(expectedMissing) && missing.count == expectedMissing.count,
                "\(expectedMissing.count) absent keys", "\(missing.count) are said to be absent, or others")
            let expected = wanted.filter(present.contains)
            let keys = seen.all
            try expect(
                keys.count == expected.count && Set(keys.map(\.item.identifier)) == Set(expected),
                "each of \(expected.count) keys once", "there were \(keys.count), or others")
            for key in keys {
                guard let alone = try await get(key.item.identifier, from: store) else {
                    throw context.failure(expected: "what reading one gives", answer: "it is absent there")
                }
                try expect(
                    alone.octets == key.octets && alone.revision == key.revision, "what reading one gives",
                    "value or revision is another")
                try expectSame(key.item, as: alone.item, "what reading one gives")
            }
        }
        do {
            _ = try await store.readEach(present, options: options) { _ in throw Stop() }
            throw context.failure(expected: "what the body throws", answer: "the call succeeded")
        } catch is Stop {
            // As it must be.
        }
    }

    private final class SeenKeys: Sendable {
        private let keys = Mutex<[SeenKey]>([])
        var all: [SeenKey] { keys.withLock { $0 } }
        func add(_ key: SeenKey) { keys.withLock { $0.append(key) } }
    }

    func locking() async throws {
        let store = try await open()
        guard store.traits.capabilities.contains(.locking) else {
            try await context.expectError(.unsupported, from: "lock") { try await store.lock(options: options) }
            for policy in [UnlockPolicy.never, .withoutPrompt, .promptAllowed] {
                try await context.expectError(.unsupported, from: "unlock") {
                    try await store.unlock(policy, options: options)
                }
            }
            return
        }
        var kept: [(item: KeyItem, octets: [UInt8])] = []
        for _ in 0..<3 {
            kept.append((try item(), context.random.bytes(60)))
            if let last = kept.last { try await put(last.octets, as: last.item, in: store) }
        }
        for policy in [UnlockPolicy.never, .withoutPrompt] { try await store.unlock(policy, options: options) }
        for _ in 0..<2 { try await store.lock(options: options) }
        try await expectLocked(store, keeping: kept.map(\.item))
        try await suite.unlock(store)
        guard case .ready = await store.state(options) else {
            throw context.failure(expected: "ready after unlocking", answer: "it is \(await store.state(options))")
        }
        for (item, octets) in kept {
            try await expectValue(octets, of: item.identifier, in: store, "after locking and unlocking")
        }
        if store.traits.capabilities.contains(.listing) {
            let count = try await store.list(matching: KeyFilter(), options: options).items.count
            try expect(count == kept.count, "\(kept.count) keys after locking and unlocking", "there are \(count)")
        }
    }

    private func expectLocked(_ store: any KeyStore, keeping items: [KeyItem]) async throws {
        guard case .locked = await store.state(options) else {
            throw context.failure(expected: "the state locked", answer: "it is \(await store.state(options))")
        }
        for item in items {
            try await context.expectError(.locked, from: "reading a key while locked") {
                _ = try await get(item.identifier, from: store)
            }
            for replacement in [KeyReplacement.never, .always] {
                try await context.expectError(.locked, from: "storing a key while locked") {
                    try await put([0], as: item, in: store, replacement)
                }
            }
            try await context.expectError(.locked, from: "removing a key while locked") {
                _ = try await store.remove(item.identifier, options: options)
            }
        }
        try await context.expectError(.locked, from: "reading several keys while locked") {
            _ = try await store.readEach(items.map(\.identifier), options: options) { _ in }
        }
        try await context.expectError(.locked, from: "erasing while locked") {
            _ = try await store.eraseTestKeys(options: options)
        }
        try await context.expectError(.locked, from: "unlocking with the policy never") {
            try await store.unlock(.never, options: options)
        }
        guard store.traits.capabilities.contains(.listing) else { return }
        do {
            let listing = try await store.list(matching: KeyFilter(), options: options)
            try expect(
                listing.isPartial || listing.items.count == items.count, "every key, or a partial listing, or locked",
                "a listing of \(listing.items.count) keys says it is whole")
        } catch let error as PlatformError where error.code == .locked {
            // Nothing can be seen: as good an answer.
        }
    }
}

/// What a body throws that wants no more keys.
private struct Stop: Error {}
