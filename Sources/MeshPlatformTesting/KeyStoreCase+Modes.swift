import MeshCore
import MeshPlatforms

// Stores opened again, modes kept apart, and erasing.
extension KeyStoreCase {
    func reopening() async throws {
        guard suite.reopening == .sameData else { throw Skip("the factory gives stores of separate data") }
        let (one, two) = (try await open(), try await open())
        let item = try item(account: "alice@example.com", label: "both")
        let octets = context.random.bytes(80)
        try await put(octets, as: item, in: one)
        try await expectValue(octets, of: item.identifier, in: two, "through another store of the same data")
        if let seen = try await get(item.identifier, from: two) { try expectSame(seen.item, as: item, "another store") }
        try await put([7], as: item, in: two, .always)
        try await expectValue([7], of: item.identifier, in: one, "after another store replaced it")
        _ = try await store(one, removes: item.identifier)
        try await expectAbsent(item.identifier, in: two, "after another store removed it")
    }

    private func store(_ store: any KeyStore, removes identifier: UDF) async throws -> Bool {
        let isRemoved = try await store.remove(identifier, options: options)
        try expect(isRemoved, "true from the removal", "it was false")
        return isRemoved
    }

    func restart() async throws {
        guard let restart = suite.restart else { throw Skip("no way to restart the provider was given") }
        let store = try await open()
        let persistence = store.traits.persistence
        let item = try item(account: "alice@example.com", label: "kept")
        let octets = context.random.bytes(80)
        try await put(octets, as: item, in: store)
        try await restart()
        let reopened = try await open()
        if reopened.traits.capabilities.contains(.locking), case .locked = await reopened.state(options) {
            try await suite.unlock(reopened)
        }
        if persistence == .process {
            try await expectAbsent(item.identifier, in: reopened, "after a restart, for the persistence is process")
        } else {
            try await expectValue(octets, of: item.identifier, in: reopened, "after a restart")
            if let seen = try await get(item.identifier, from: reopened) {
                try expectSame(seen.item, as: item, "the store after a restart")
            }
        }
    }

    func modes() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        let (mine, both) = (try item(label: "one"), try item(label: "both"))
        try await put([1], as: mine, in: one)
        try await put([2], as: both, in: one)
        try await expectAbsent(mine.identifier, in: two, "of another mode")
        try await put([3], as: both, in: two)
        try await expectValue([2], of: both.identifier, in: one, "though another mode has a key of that name")
        try await expectValue([3], of: both.identifier, in: two, "though another mode has a key of that name")
        let isRemoved = try await two.remove(mine.identifier, options: options)
        try expect(!isRemoved, "false from removing a key of another mode", "it was true")
        try await expectValue([1], of: mine.identifier, in: one, "after another mode tried to remove it")
        let missing = try await two.readEach([mine.identifier], options: options) { _ in }
        try expect(missing == [mine.identifier], "a key of another mode to be absent", "it was read")
        if two.traits.capabilities.contains(.listing) {
            let listed = try await two.list(matching: KeyFilter(), options: options).items.map(\.identifier)
            try expect(listed == [both.identifier], "the one key of the mode", "the listing has \(listed.count)")
        }
        _ = try await store(two, removes: both.identifier)
        try await expectValue([2], of: both.identifier, in: one, "after another mode removed its own")
    }

    func eraseTestKeys() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        var erased: [UDF] = []
        for number in 0..<7 {
            let item = try item(account: number == 0 ? nil : "account \(number)")
            try await put([1], as: item, in: one)
            erased.append(item.identifier)
        }
        let kept = try item()
        try await put([2], as: kept, in: two)
        for expected in [erased.count, 0] {
            let count = try await one.eraseTestKeys(options: options)
            try expect(count == expected, "\(expected) keys to be erased", "it says \(count)")
            for identifier in erased { try await expectAbsent(identifier, in: one, "after it was erased") }
            try await expectValue([2], of: kept.identifier, in: two, "of a mode that was not erased")
        }
        let again = try item(erased[0])
        try await put([3], as: again, in: one)
        try await expectValue([3], of: again.identifier, in: one, "stored again after erasing")
    }

    func productionRefused() async throws {
        guard suite.allowsProduction else { throw Skip("the suite was not allowed to open production mode") }
        let store: any KeyStore
        do {
            store = try await suite.makeStore(.production)
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("the factory makes no store of production mode")
        }
        let item = try item(label: "conformance test, may be deleted")
        try await put([1], as: item, in: store)
        do {
            try await context.expectError(.productionRefused, from: "erasing in production mode") {
                _ = try await store.eraseTestKeys(options: options)
            }
            try await expectValue([1], of: item.identifier, in: store, "after the refusal")
            let test = try await open()
            try await expectAbsent(item.identifier, in: test, "of production in a test mode")
        } catch {
            _ = try? await store.remove(item.identifier, options: options)
            throw error
        }
        _ = try await self.store(store, removes: item.identifier)
    }
}
