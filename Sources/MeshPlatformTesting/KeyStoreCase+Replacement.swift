import MeshCore
import MeshPlatforms
import Synchronization

// What happens to a key that is there already.
extension KeyStoreCase {
    func replaceNever() async throws {
        let store = try await open()
        let old = try item(account: "old@example.com", label: "old")
        let octets = context.random.bytes(64)
        try await put(octets, as: old, in: store)
        for new in [octets, [], context.random.bytes(64)] {
            try await context.expectError(.alreadyExists, from: "storing a key that is there") {
                try await put(new, as: try item(old.identifier, label: "new"), in: store)
            }
            try await expectValue(octets, of: old.identifier, in: store, "after a refused store")
        }
        if let seen = try await get(old.identifier, from: store) {
            try expectSame(seen.item, as: old, "the old key")
        }
    }

    func replaceAlways() async throws {
        let store = try await open()
        let old = try item(account: "old@example.com", label: "old")
        try await put([1, 2, 3], as: old, in: store, .always)
        let changes: [KeyItem] = [
            try KeyItem(
                identifier: old.identifier, keyClass: .application, isExportable: false, account: "new@example.com",
                label: "new"),
            try item(old.identifier),
            try item(old.identifier, account: "back@example.com", label: "back"),
        ]
        for (number, new) in changes.enumerated() {
            let octets = context.random.bytes(100 - 40 * number)
            try await put(octets, as: new, in: store, .always)
            guard let seen = try await get(old.identifier, from: store) else {
                throw context.failure(expected: "the new key", answer: "it is absent")
            }
            try expect(
                seen.octets == octets, TestValues.shown(octets), "there was \(TestValues.shown(seen.octets))")
            try expectSame(seen.item, as: new, "the new key")
        }
        if store.traits.capabilities.contains(.listing) {
            let count = try await store.list(matching: KeyFilter(), options: options).items.count
            try expect(count == 1, "one key after three replacements", "there are \(count)")
            let stale = try await store.list(matching: KeyFilter(account: "old@example.com"), options: options).items
            try expect(stale.isEmpty, "no key of the old account", "there are \(stale.count)")
        }
        try await expectAbsentAfterRemoval(old.identifier, in: store)
    }

    private func expectAbsentAfterRemoval(_ identifier: UDF, in store: any KeyStore) async throws {
        let isRemoved = try await store.remove(identifier, options: options)
        try expect(isRemoved, "true from the removal", "it was false")
        try await expectAbsent(identifier, in: store, "(no older version either) after it was removed")
    }

    func compareAndSwap() async throws {
        let store = try await open()
        let item = try item()
        try await put([1], as: item, in: store)
        guard store.traits.capabilities.contains(.compareAndSwap) else {
            let revision = try await get(item.identifier, from: store)?.revision ?? KeyRevision("1")
            try await context.expectError(.unsupported, from: "ifUnchanged") {
                try await put([2], as: item, in: store, .ifUnchanged(revision))
            }
            try await expectValue([1], of: item.identifier, in: store, "after the refusal")
            return
        }
        func revision() async throws -> KeyRevision {
            guard let revision = try await get(item.identifier, from: store)?.revision else {
                throw context.failure(expected: "a revision with every key", answer: "there is none")
            }
            return revision
        }
        let first = try await revision()
        let again = try await revision()
        try expect(first == again, "one revision for one value", "reading changed it")
        try await put([2], as: item, in: store, .ifUnchanged(first))
        try await expectValue([2], of: item.identifier, in: store, "after a swap")
        let second = try await revision()
        try expect(first != second, "another revision for another value", "it is the same")
        for stale in [first, KeyRevision("never given")] {
            try await context.expectError(.changedUnderneath, from: "a swap with a stale revision") {
                try await put([3], as: item, in: store, .ifUnchanged(stale))
            }
            try await expectValue([2], of: item.identifier, in: store, "after a refused swap")
        }
        // Of many that saw one value, one may replace it.
        let outcomes = try await race(suite.concurrentTasks) { number in
            do {
                try await self.put([9, UInt8(number & 0xFF)], as: item, in: store, .ifUnchanged(second))
                return true
            } catch let error as PlatformError where error.code == .changedUnderneath {
                return false
            }
        }
        let winners = outcomes.filter(\.value)
        try expect(winners.count == 1, "one swap of \(outcomes.count) to succeed", "\(winners.count) did")
        if let winner = winners.first?.key {
            try await expectValue(
                [9, UInt8(winner & 0xFF)], of: item.identifier, in: store, "of the one that succeeded")
        }
        let last = try await revision()
        _ = try await store.remove(item.identifier, options: options)
        try await context.expectError(.changedUnderneath, from: "a swap of a key that was removed") {
            try await put([4], as: item, in: store, .ifUnchanged(last))
        }
        try await expectAbsent(item.identifier, in: store, "after the refused swap of a removed key")
    }

    func atomicCreation() async throws {
        let first = try await open()
        guard first.traits.capabilities.contains(.atomicCreation) else {
            throw Skip("the store does not declare atomic creation")
        }
        var stores = [first]
        if suite.reopening == .sameData {
            while stores.count < min(suite.concurrentTasks, 8) { stores.append(try await open()) }
        }
        for _ in 0..<4 {
            let item = try item()
            let creators = stores
            let outcomes = try await race(suite.concurrentTasks) { number in
                do {
                    let value = TaggedValue(identifier: item.identifier, writer: number, round: 0)
                    try await self.put(value.octets, as: item, in: creators[number % creators.count])
                    return true
                } catch let error as PlatformError where error.code == .alreadyExists {
                    return false
                }
            }
            let winners = outcomes.filter(\.value)
            try expect(winners.count == 1, "one creator of \(outcomes.count) to succeed", "\(winners.count) did")
            guard let winner = winners.first?.key else { continue }
            for store in stores {
                let value = TaggedValue(identifier: item.identifier, writer: winner, round: 0)
                try await expectValue(value.octets, of: item.identifier, in: store, "of the creator that succeeded")
            }
        }
    }

    /// Runs `count` tasks side by side, and gives what each returned.
    func race<R: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> R
    ) async throws -> [Int: R] {
        try await withThrowingTaskGroup(of: (Int, R).self) { group in
            for number in 0..<count {
                group.addTask { (number, try await body(number)) }
            }
            var results: [Int: R] = [:]
            for try await (number, result) in group { results[number] = result }
            return results
        }
    }
}
