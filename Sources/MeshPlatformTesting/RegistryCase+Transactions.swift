import MeshCore
import MeshPlatforms

// How a registry changes.
extension RegistryCase {
    private struct Stop: Error {}

    func transaction() async throws {
        let registry = try await open()
        try await modify(registry) { transaction in
            try transaction.set(.integer(1), "a", at: key("Kit"))
            try transaction.set(.integer(1), "b", at: key("Kit/Below"))
        }
        let before = try await generation(registry)
        do {
            try await modify(registry) { transaction in
                try transaction.set(.integer(2), "a", at: key("Kit"))
                try transaction.set(.integer(2), "new", at: key("Kit/New/Deep"))
                _ = try transaction.removeKey(at: key("Kit/Below"))
                let seen = try transaction.value("a", at: key("Kit"))
                try self.expect(seen == .integer(2), "the body to see what it wrote", "it saw \(self.shown(seen))")
                let isThere = transaction.hasKey(at: key("Kit/Below"))
                let names = transaction.keyNames(at: key("Kit"))
                try self.expect(!isThere, "the body to see what it removed", "the key is there")
                try self.expect(names == ["New"], "the body to see the key it made", "it saw \(names)")
                throw Stop()
            }
            throw context.failure(expected: "what the body throws", answer: "the call succeeded")
        } catch is Stop {
            // As it must be.
        }
        try await expectValue(.integer(1), "a", at: key("Kit"), in: registry, "after the body threw")
        try await expectValue(.integer(1), "b", at: key("Kit/Below"), in: registry, "after the body threw")
        let (hasNew, after) = try await read(registry) { ($0.hasKey(at: key("Kit/New")), $0.generation) }
        try expect(!hasNew && after == before, "nothing changed after the body threw", "something is")
        do {
            _ = try await read(registry) { _ in throw Stop() }
            throw context.failure(expected: "what the body of a read throws", answer: "the call succeeded")
        } catch is Stop {
            // As it must be.
        }
        let result = try await modify(registry) { transaction in
            try transaction.set(.integer(3), "a", at: key("Kit"))
            return "result"
        }
        try expect(result == "result", "what the body returned", "it was \(result)")
        try await expectValue(
            .integer(3), "a", at: key("Kit"), in: registry, "after a body that followed one that threw")
    }

    func compareAndSwap() async throws {
        let registry = try await open()
        let first = try await generation(registry)
        try await modify(registry, expecting: first) { try $0.set(.integer(1), "a", at: key("Kit")) }
        let second = try await generation(registry)
        for stale in [first, RegistryGeneration(second.number &+ 1), RegistryGeneration(.max)] {
            try await context.expectError(.changedUnderneath, from: "a change that expects \(stale)") {
                try await modify(registry, expecting: stale) { try $0.set(.integer(2), "a", at: key("Kit")) }
            }
        }
        try await expectValue(.integer(1), "a", at: key("Kit"), in: registry, "after refused changes")
        let seen = try await modify(registry, expecting: second) { transaction in
            try transaction.set(.integer(3), "a", at: key("Kit"))
            return transaction.generation
        }
        try expect(seen >= second, "the body to see generation \(second) or the next", "it saw \(seen)")
        try await expectValue(
            .integer(3), "a", at: key("Kit"), in: registry, "after a change that expected the present one")
    }

    func generations() async throws {
        let registry = try await open()
        var last = try await generation(registry)
        for round in 0..<10 {
            try await modify(registry) { try $0.set(.integer(Int64(round)), "a", at: key("Kit")) }
            let now = try await generation(registry)
            let again = try await generation(registry)
            try expect(now > last, "more than \(last) after a change", "it is \(now)")
            try expect(again == now, "the same generation without a change", "it is \(again)")
            last = now
        }
        _ = try await modify(registry) { try $0.removeKey(at: key("Kit")) }
        let removed = try await generation(registry)
        try expect(removed > last, "more than \(last) after a removal", "it is \(removed)")
        try await registry.eraseTestData(options: options)
        try await modify(registry) { try $0.set(.integer(1), "a", at: key("Kit")) }
        let erased = try await generation(registry)
        try expect(erased > removed, "more than \(removed) after erasing and a change", "it is \(erased)")
    }

    func concurrency() async throws {
        var registries = [try await open()]
        if suite.reopening == .sameData {
            while registries.count < 4 { registries.append(try await open()) }
        }
        let used = registries
        let (tasks, rounds) = (suite.concurrentTasks, suite.transactionsPerTask)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<tasks {
                group.addTask {
                    let registry = used[task % used.count]
                    for _ in 0..<rounds {
                        try await self.modify(registry) { transaction in
                            for (name, path) in [("all", key("Count")), ("task \(task)", key("Count/Tasks"))] {
                                var count: Int64 = 0
                                if case .integer(let number)? = try transaction.value(name, at: path) {
                                    count = number
                                }
                                try transaction.set(.integer(count + 1), name, at: path)
                            }
                        }
                    }
                }
            }
            // One that reads meanwhile: it must never see half a transaction.
            group.addTask {
                for _ in 0..<rounds {
                    let (all, sum) = try await self.read(used[0]) { reader in
                        var sum: Int64 = 0
                        for name in reader.valueNames(at: key("Count/Tasks")) {
                            if case .integer(let number)? = try reader.value(name, at: key("Count/Tasks")) {
                                sum += number
                            }
                        }
                        guard case .integer(let all)? = try reader.value("all", at: key("Count")) else {
                            return (Int64(0), sum)
                        }
                        return (all, sum)
                    }
                    try self.expect(all == sum, "whole transactions only", "\(all) and \(sum) were seen together")
                }
            }
            try await group.waitForAll()
        }
        for registry in used {
            try await expectValue(
                .integer(Int64(tasks * rounds)), "all", at: key("Count"), in: registry,
                "after \(tasks) x \(rounds) changes")
        }
    }

    func changes() async throws {
        let registry = try await open()
        let other = suite.reopening == .sameData ? try await open() : registry
        let stream = registry.changes()
        try await modify(other) { try $0.set(.integer(1), "a", at: key("Kit")) }
        try await modify(registry) { try $0.set(.integer(2), "a", at: key("Kit")) }
        let newest = try await generation(registry)
        let told = try await within(options.deadline) {
            var last: RegistryGeneration?
            for await generation in stream {
                if let last, generation <= last { return generation }
                last = generation
                if generation >= newest { return generation }
            }
            return RegistryGeneration(0)
        }
        try expect(
            told == newest, "generation \(newest) to be told, in rising order",
            told.map { "\($0) was told" } ?? "nothing was told")
        guard suite.reopening == .sameData else { return }
        // And one that another made, with nothing done through this one.
        try await modify(other) { try $0.set(.integer(3), "a", at: key("Kit")) }
        let foreign = try await generation(other)
        let stream2 = registry.changes()
        try await modify(other) { try $0.set(.integer(4), "a", at: key("Kit")) }
        let seen = try await within(options.deadline) {
            for await generation in stream2 where generation > foreign { return true }
            return false
        }
        try expect(seen == true, "a change made through another registry to be told", "nothing was told")
    }

    func reopening() async throws {
        guard suite.reopening == .sameData else { throw Skip("the factory gives registries of separate data") }
        let (one, two) = (try await open(), try await open())
        try await modify(one) { try $0.set(.string("one"), "a", at: key("Kit/Below")) }
        try await expectValue(.string("one"), "a", at: key("Kit/Below"), in: two, "through another of the same data")
        let (first, second) = (try await generation(one), try await generation(two))
        try expect(first == second, "one generation", "they are \(first) and \(second)")
        try await modify(two, expecting: first) { try $0.set(.string("two"), "a", at: key("Kit/Below")) }
        try await expectValue(.string("two"), "a", at: key("Kit/Below"), in: one, "after another changed it")
        try await context.expectError(.changedUnderneath, from: "a change that another overtook") {
            try await modify(one, expecting: first) { try $0.set(.string("three"), "a", at: key("Kit/Below")) }
        }
    }

    func cancellation() async throws {
        let registry = try await open()
        var last: Int64 = 0
        for round in stride(from: Int64(1), through: 31, by: 2) {
            let task = Task {
                try await self.modify(registry) { transaction in
                    try transaction.set(.integer(round), "a", at: key("Kit"))
                    try transaction.set(.integer(round), "b", at: key("Kit/Below"))
                }
            }
            if round % 4 == 1 { await Task.yield() }
            task.cancel()
            var isMade = true
            do {
                try await task.value
            } catch is CancellationError {
                isMade = false
            }
            let pair = try await read(registry) {
                [try $0.value("a", at: key("Kit")), try $0.value("b", at: key("Kit/Below"))]
            }
            let old: RegistryValue? = last == 0 ? nil : .integer(last)
            try expect(
                pair == [.integer(round), .integer(round)] || (!isMade && pair == [old, old]),
                isMade ? "the change" : "all of the change or nothing", "there was \(pair.map(shown))")
            let next = round + 1
            try await modify(registry) { transaction in
                try transaction.set(.integer(next), "a", at: key("Kit"))
                try transaction.set(.integer(next), "b", at: key("Kit/Below"))
            }
            for _ in 0..<3 {
                try await expectValue(
                    .integer(next), "a", at: key("Kit"), in: registry, "that was set after a cancelled change")
            }
            last = next
        }
    }

    func deadlines() async throws {
        let registry = try await open()
        try await modify(registry) { try $0.set(.integer(1), "a", at: key("Kit")) }
        for deadline in [Duration.zero, .nanoseconds(1), .seconds(-1), .microseconds(50)] {
            let options = CallOptions(deadline: deadline)
            for isChange in [false, true] {
                do {
                    let value = try await within(.seconds(5)) {
                        if isChange {
                            try await registry.modify(expecting: nil, options: options) { transaction in
                                try transaction.set(.integer(1), "a", at: key("Kit"))
                                return try transaction.value("a", at: key("Kit"))
                            }
                        } else {
                            try await registry.read(options: options) { try $0.value("a", at: key("Kit")) }
                        }
                    }
                    try expect(value == .some(.integer(1)), "the full result, or timedOut", "it was something else")
                } catch let error as PlatformError where error.code == .timedOut {
                    // As it may be.
                }
            }
        }
        let long = CallOptions(deadline: .seconds(Int64.max))
        let value = try await registry.read(options: long) { try $0.value("a", at: key("Kit")) }
        try expect(value == .integer(1), "the value with a boundless deadline", "it was \(shown(value))")
    }

    func modes() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        try await modify(one) { try $0.set(.integer(1), "a", at: key("Kit")) }
        try await expectValue(nil, "a", at: key("Kit"), in: two, "of another mode")
        try await modify(two) { try $0.set(.integer(2), "a", at: key("Kit")) }
        try await expectValue(.integer(1), "a", at: key("Kit"), in: one, "after another mode changed its own")
        _ = try await modify(two) { try $0.removeKey(at: .root) }
        try await expectValue(.integer(1), "a", at: key("Kit"), in: one, "after another mode emptied its own")
    }

    func erase() async throws {
        let (one, two) = (try await open("a"), try await open("b"))
        for registry in [one, two] {
            try await modify(registry) { transaction in
                try transaction.set(.integer(1), "a", at: key("Kit/Below"))
                try transaction.set(.integer(1), nil, at: .root)
            }
        }
        for _ in 0..<2 {
            try await one.eraseTestData(options: options)
            let (keys, value) = try await read(one) { ($0.keyNames(at: .root), try $0.value(nil, at: .root)) }
            try expect(keys.isEmpty && value == nil, "nothing after erasing", "there are \(keys), \(shown(value))")
            try await expectValue(.integer(1), "a", at: key("Kit/Below"), in: two, "of a mode that was not erased")
        }
        try await modify(one) { try $0.set(.integer(2), "a", at: key("Kit")) }
        try await expectValue(.integer(2), "a", at: key("Kit"), in: one, "set after erasing")
    }

    func productionRefused() async throws {
        guard suite.allowsProduction else { throw Skip("the suite was not allowed to open production mode") }
        let registry: any Registry
        do {
            registry = try await suite.makeRegistry(.production)
        } catch let error as PlatformError where error.code == .unsupported {
            throw Skip("the factory makes no registry of production mode")
        }
        let path = try RegistryPath(["Conformance \(context.identifier().text)"])
        try await modify(registry) { try $0.set(.integer(1), "a", at: path) }
        do {
            try await context.expectError(.productionRefused, from: "erasing in production mode") {
                try await registry.eraseTestData(options: options)
            }
            try await expectValue(.integer(1), "a", at: path, in: registry, "after the refusal")
        } catch {
            _ = try? await modify(registry) { try $0.removeKey(at: path) }
            throw error
        }
        _ = try await modify(registry) { try $0.removeKey(at: path) }
    }
}
