import MeshCore
import MeshPlatforms

// The rules of a profile store.
extension ProfileStoreCase {
    func absent() async throws {
        let store = try await open()
        let profile = context.identifier()
        try await expectVersions([], of: profile, in: store, "of a profile that is not there")
        let restored = try await store.restoreLatest(of: profile, options: options) { _ in true }
        try expect(restored == nil, "nothing to restore", "it was \(TestValues.shown(restored))")
        let isRemoved = try await store.remove(profile, options: options)
        try expect(!isRemoved, "false from the removal", "it was true")
        let listed = try await store.list(options: options)
        try expect(listed.isEmpty, "no profiles", "there are \(listed.count)")
    }

    func versions() async throws {
        let store = try await open()
        let profiles = [context.identifier(), context.identifier()]
        var accepted: [UDF: [[UInt8]]] = [:]
        for _ in 0..<8 {
            for profile in profiles {
                let octets = context.random.bytes(200)
                try await accept(octets, of: profile, in: store)
                accepted[profile, default: []].append(octets)
                try await expectVersions(accepted[profile] ?? [], of: profile, in: store, "after it was accepted")
            }
        }
        for profile in profiles {
            try await expectVersions(accepted[profile] ?? [], of: profile, in: store, "after all were accepted")
        }
    }

    func values() async throws {
        let store = try await open()
        let profile = context.identifier()
        var samples = TestValues.corpus.map(\.octets).filter { !$0.isEmpty }
        samples += TestValues.sizes.filter { $0 <= 65_536 }.map { context.random.bytes($0) }
        for (number, octets) in samples.enumerated() {
            try await accept(octets, of: profile, in: store)
            try await expectVersions(
                Array(samples.prefix(number + 1)), of: profile, in: store, "(\(TestValues.shown(octets)))")
        }
    }

    func tooLarge() async throws {
        let store = try await open()
        let (profile, other) = (context.identifier(), context.identifier())
        let largest = context.random.bytes(ProfileStoreLimits.largestProfile)
        try await accept(largest, of: profile, in: store)
        for target in [profile, other] {
            try await context.expectError(.tooLarge, from: "a profile of \(largest.count + 1) octets") {
                try await accept(largest + [0], of: target, in: store)
            }
        }
        try await expectVersions([largest], of: profile, in: store, "after a refused version")
        try await expectVersions([], of: other, in: store, "after its only version was refused")
    }

    func restoreLatest() async throws {
        let store = try await open()
        let profile = context.identifier()
        let versions = (0..<5).map { [UInt8($0)] + context.random.bytes(50) }
        for octets in versions { try await accept(octets, of: profile, in: store) }
        let restored = try await store.restoreLatest(of: profile, options: options) { ($0.first ?? 9) <= 2 }
        try expect(restored == versions[2], "the newest valid version", "it was \(TestValues.shown(restored))")
        let latest = try await store.latest(of: profile, options: options)
        try expect(latest == versions[2], "the restored version as the latest", "it is \(TestValues.shown(latest))")
        let archive = try await store.archive(of: profile, options: options)
        try expect(
            Array(archive.prefix(5)) == versions, "all versions in the archive", "there are \(archive.count), or others"
        )
        let none = try await store.restoreLatest(of: profile, options: options) { _ in false }
        try expect(none == nil, "nil when none is valid", "it was \(TestValues.shown(none))")
        let kept = try await store.latest(of: profile, options: options)
        try expect(kept == versions[2], "the latest kept when none is valid", "it is \(TestValues.shown(kept))")
        try await accept([77], of: profile, in: store)
        let newest = try await store.latest(of: profile, options: options)
        try expect(newest == [77], "the version accepted after a restoration", "it is \(TestValues.shown(newest))")
    }

    func removal() async throws {
        let store = try await open()
        var profiles = (0..<4).map { _ in context.identifier() }
        for profile in profiles {
            for version in UInt8(1)...3 { try await accept([version], of: profile, in: store) }
        }
        while let gone = profiles.popLast() {
            for expected in [true, false] {
                let answer = try await store.remove(gone, options: options)
                try expect(answer == expected, "\(expected) from the removal", "it was \(answer)")
                try await expectVersions([], of: gone, in: store, "after it was removed")
            }
            let restored = try await store.restoreLatest(of: gone, options: options) { _ in true }
            try expect(restored == nil, "nothing left to restore", "it was \(TestValues.shown(restored))")
            for profile in profiles {
                try await expectVersions([[1], [2], [3]], of: profile, in: store, "after another was removed")
            }
        }
        let again = context.identifier()
        for _ in 0..<2 {
            try await accept([9], of: again, in: store)
            try await expectVersions([[9]], of: again, in: store, "accepted anew")
            _ = try await store.remove(again, options: options)
        }
    }

    func listing() async throws {
        let store = try await open()
        var profiles: [UDF] = []
        for _ in 0..<12 {
            profiles.append(context.identifier())
            try await accept([1], of: profiles[profiles.count - 1], in: store)
            let listed = try await store.list(options: options)
            try expect(
                listed == profiles.sorted { $0.text < $1.text }, "\(profiles.count) profiles, ordered",
                "there are \(listed.count), or others, or in another order")
        }
        _ = try await store.remove(profiles.removeFirst(), options: options)
        let listed = try await store.list(options: options)
        try expect(listed == profiles.sorted { $0.text < $1.text }, "the profiles that are left", "the list is another")
    }

    func reopening() async throws {
        guard suite.reopening == .sameData else { throw Skip("the factory gives stores of separate data") }
        let (one, two) = (try await open(), try await open())
        let profile = context.identifier()
        try await accept([1], of: profile, in: one)
        try await accept([2], of: profile, in: two)
        try await accept([3], of: profile, in: one)
        for store in [one, two, try await open()] {
            try await expectVersions([[1], [2], [3]], of: profile, in: store, "through another store of the same data")
        }
        _ = try await two.remove(profile, options: options)
        try await expectVersions([], of: profile, in: one, "after another store removed it")
    }

    func concurrency() async throws {
        var stores = [try await open()]
        if suite.reopening == .sameData { stores.append(try await open()) }
        let used = stores
        let shared = context.identifier()
        let own = (0..<suite.concurrentTasks).map { _ in context.identifier() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, profile) in own.enumerated() {
                group.addTask {
                    let store = used[number % used.count]
                    for round in 0..<3 {
                        try await self.accept(
                            TaggedValue(identifier: profile, writer: number, round: round).octets, of: profile,
                            in: store)
                        try await self.accept(
                            TaggedValue(identifier: shared, writer: number, round: round).octets, of: shared, in: store)
                        let latest = try await store.latest(of: shared, options: self.options)
                        try self.expect(
                            latest.flatMap { TaggedValue.read($0, of: shared) } != nil, "a whole version",
                            "it is \(TestValues.shown(latest))")
                    }
                }
            }
            try await group.waitForAll()
        }
        for store in used {
            for (number, profile) in own.enumerated() {
                let versions = (0..<3).map { TaggedValue(identifier: profile, writer: number, round: $0).octets }
                try await expectVersions(versions, of: profile, in: store, "that one task accepted")
            }
            let archive = try await store.archive(of: shared, options: options)
            let read = archive.compactMap { TaggedValue.read($0, of: shared) }
            try expect(
                read.count == own.count * 3 && Set(read).count == read.count,
                "\(own.count * 3) whole versions, each once", "there are \(archive.count), or some twice or torn")
            let latest = try await store.latest(of: shared, options: options)
            try expect(latest == archive.last, "the latest to be the last of the archive", "it is another version")
        }
    }

    func cancellation() async throws {
        let store = try await open()
        let profile = context.identifier()
        var kept: [[UInt8]] = []
        for round in 0..<12 {
            let octets = TaggedValue(identifier: profile, writer: 1, round: round).octets
            let task = Task { try await self.accept(octets, of: profile, in: store) }
            if round % 2 == 0 { await Task.yield() }
            task.cancel()
            do {
                try await task.value
                kept.append(octets)
            } catch is CancellationError {
                // The version may have been kept or not.
            }
            let after = TaggedValue(identifier: profile, writer: 2, round: round).octets
            try await accept(after, of: profile, in: store)
            kept.append(after)
            let latest = try await store.latest(of: profile, options: options)
            try expect(latest == after, "what was accepted after a cancelled call", "it is \(TestValues.shown(latest))")
        }
        let archive = try await store.archive(of: profile, options: options)
        try expect(
            archive.allSatisfy { TaggedValue.read($0, of: profile) != nil }, "whole versions only", "one is torn")
        try expect(
            archive.filter(kept.contains) == kept, "every version that was accepted, in order", "some are missing")
    }

    func deadlines() async throws {
        let store = try await open()
        let profile = context.identifier()
        try await accept([1], of: profile, in: store)
        for deadline in [Duration.zero, .nanoseconds(1), .seconds(-1), .seconds(Int64.max)] {
            let options = CallOptions(deadline: deadline)
            let calls: [@Sendable () async throws -> Bool] = [
                { try await store.latest(of: profile, options: options) == [1] },
                { try await store.archive(of: profile, options: options) == [[1]] },
                { try await store.list(options: options) == [profile] },
            ]
            for call in calls {
                do {
                    let isRight = try await within(.seconds(5), call)
                    try expect(isRight == true, "the full result, or timedOut", "it was another, or did not come")
                } catch let error as PlatformError where error.code == .timedOut && deadline < .seconds(1) {
                    // As it may be.
                }
            }
        }
    }

    func modes() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        let profile = context.identifier()
        try await accept([1], of: profile, in: one)
        try await expectVersions([], of: profile, in: two, "of another mode")
        let listed = try await two.list(options: options)
        try expect(listed.isEmpty, "no profile of another mode in the list", "there are \(listed.count)")
        try await accept([2], of: profile, in: two)
        _ = try await two.remove(profile, options: options)
        try await expectVersions([[1]], of: profile, in: one, "after another mode removed its own")
    }

    func erase() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        let profiles = (0..<5).map { _ in context.identifier() }
        for profile in profiles {
            try await accept([1], of: profile, in: one)
            try await accept([2], of: profile, in: two)
        }
        for _ in 0..<2 {
            try await one.eraseTestData(options: options)
            let listed = try await one.list(options: options)
            try expect(listed.isEmpty, "no profiles after erasing", "there are \(listed.count)")
            for profile in profiles {
                try await expectVersions([], of: profile, in: one, "after it was erased")
                try await expectVersions([[2]], of: profile, in: two, "of a mode that was not erased")
            }
        }
        try await accept([3], of: profiles[0], in: one)
        try await expectVersions([[3]], of: profiles[0], in: one, "accepted after erasing")
    }

    func productionRefused() async throws {
        guard suite.allowsProduction else { throw Skip("the suite was not allowed to open production mode") }
        let store: any ProfileStore
        do {
            store = try await suite.makeStore(.production)
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("the factory makes no store of production mode")
        }
        let profile = context.identifier()
        try await accept([1], of: profile, in: store)
        do {
            try await context.expectError(.productionRefused, from: "erasing in production mode") {
                try await store.eraseTestData(options: options)
            }
            try await expectVersions([[1]], of: profile, in: store, "after the refusal")
        } catch {
            _ = try? await store.remove(profile, options: options)
            throw error
        }
        _ = try await store.remove(profile, options: options)
    }
}
