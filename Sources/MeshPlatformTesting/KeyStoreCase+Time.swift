import MeshCore
import MeshPlatforms

// Many tasks at once, tasks that are cancelled, and calls that have no time.
extension KeyStoreCase {
    func concurrency() async throws {
        var stores = [try await open()]
        if suite.reopening == .sameData { stores.append(try await open()) }
        let used = stores
        let shared = try (0..<4).map { _ in try item(label: "shared") }
        for item in shared {
            try await put(
                TaggedValue(identifier: item.identifier, writer: 1000, round: 0).octets, as: item, in: used[0])
        }
        let own = try (0..<suite.concurrentTasks).map { try item(label: "own \($0)") }
        let rounds = 4
        _ = try await race(suite.concurrentTasks) { number in
            let store = used[number % used.count]
            let mine = own[number]
            for round in 0..<rounds {
                let value = TaggedValue(identifier: mine.identifier, writer: number, round: round).octets
                try await self.put(value, as: mine, in: store, round == 0 ? .never : .always)
                let common = shared[(number + round) % shared.count]
                try await self.put(
                    TaggedValue(identifier: common.identifier, writer: number, round: round).octets, as: common,
                    in: store, .always)
                try await self.expectValue(value, of: mine.identifier, in: store, "that this task alone writes")
                try await self.expectWhole(shared[(number + round + 1) % shared.count].identifier, in: store)
                if round == 1 {
                    let isRemoved = try await store.remove(mine.identifier, options: self.options)
                    try self.expect(isRemoved, "true from removing the task's own key", "it was false")
                    try await self.expectAbsent(mine.identifier, in: store, "that this task just removed")
                }
            }
        }
        for (number, item) in own.enumerated() {
            for store in used {
                try await expectValue(
                    TaggedValue(identifier: item.identifier, writer: number, round: rounds - 1).octets,
                    of: item.identifier, in: store, "that task \(number) stored last")
            }
        }
        for item in shared { try await expectWhole(item.identifier, in: used[0]) }
        if used[0].traits.capabilities.contains(.listing) {
            let count = try await used[0].list(matching: KeyFilter(), options: options).items.count
            try expect(count == own.count + shared.count, "\(own.count + shared.count) keys", "there are \(count)")
        }
    }

    /// Expects a key to be there, and its value to be one that a task wrote for it.
    @discardableResult
    private func expectWhole(_ identifier: UDF, in store: any KeyStore) async throws -> TaggedValue {
        guard let seen = try await get(identifier, from: store) else {
            throw context.failure(expected: "a key that is only ever replaced", answer: "it is absent")
        }
        guard let value = TaggedValue.read(seen.octets, of: identifier) else {
            throw context.failure(
                expected: "a value as one task wrote it", answer: "it is torn: \(TestValues.shown(seen.octets))")
        }
        return value
    }

    func cancellation() async throws {
        let store = try await open()
        let item = try item()
        func value(_ round: Int) -> [UInt8] {
            TaggedValue(identifier: item.identifier, writer: 0, round: round).octets
        }
        try await put(value(0), as: item, in: store)
        var last = 0
        for round in stride(from: 1, through: 31, by: 2) {
            // Cancelled before it starts, or on its way, as the scheduler has it.
            let octets = value(round)
            let task = Task { try await self.put(octets, as: item, in: store, .always) }
            if round % 4 == 1 { await Task.yield() }
            task.cancel()
            let isStored = try await outcome(of: task, doing: "a store")
            let seen = try await expectWhole(item.identifier, in: store)
            try expect(
                seen.round == round || (!isStored && seen.round == last),
                isStored ? "the value that was stored" : "the old or the new value", "it is that of round \(seen.round)"
            )
            // What comes later wins, whatever became of the call that was given up.
            try await put(value(round + 1), as: item, in: store, .always)
            for _ in 0..<3 {
                try await expectValue(
                    value(round + 1), of: item.identifier, in: store, "that was stored after a cancelled call")
            }
            last = round + 1
            let reading = Task { try await self.get(item.identifier, from: store)?.octets }
            reading.cancel()
            if let read = try await result(of: reading, doing: "a read") {
                try expect(read == value(last), "the whole value", "it was \(TestValues.shown(read))")
            }
        }
        let removing = Task { _ = try await store.remove(item.identifier, options: self.options) }
        removing.cancel()
        if try await outcome(of: removing, doing: "a removal") {
            try await expectAbsent(item.identifier, in: store, "after a removal that succeeded")
        }
        try await put(value(99), as: item, in: store, .always)
        try await expectValue(value(99), of: item.identifier, in: store, "that was stored after a cancelled removal")
    }

    private func outcome(of task: Task<Void, any Error>, doing: String) async throws -> Bool {
        try await result(of: task, doing: doing) != nil
    }

    private func result<R: Sendable>(of task: Task<R, any Error>, doing: String) async throws -> R? {
        do {
            return try await task.value
        } catch is CancellationError {
            return nil
        } catch {
            throw context.failure(
                expected: "CancellationError or a result from \(doing) that was cancelled",
                answer: "it threw another error",
                cause: error)
        }
    }

    func deadlines() async throws {
        let store = try await open()
        let item = try item()
        let octets = TaggedValue(identifier: item.identifier, writer: 0, round: 0).octets
        try await put(octets, as: item, in: store)
        for deadline in [Duration.zero, .nanoseconds(1), .seconds(-1), .microseconds(50)] {
            let options = CallOptions(deadline: deadline)
            try await timed(options, "read") {
                let seen = try await self.get(item.identifier, from: store, options)
                try self.expect(seen?.octets == octets, "the full value", "it was \(TestValues.shown(seen?.octets))")
            }
            try await timed(options, "read of several") {
                let missing = try await store.readEach([item.identifier], options: options) { _ in }
                try self.expect(missing.isEmpty, "the key", "it is said to be absent")
            }
            try await timed(options, "state") { _ = await store.state(options) }
            let other = try self.item()
            var isStored = false
            try await timed(options, "store") { try await self.put([1], as: other, in: store, .never, options) }
            // What was timed out may yet take effect, but what is there is whole.
            if let seen = try await get(other.identifier, from: store) {
                try expect(seen.octets == [1], "the whole value or none", "it was \(TestValues.shown(seen.octets))")
                isStored = true
            }
            if isStored {
                try await timed(options, "removal") { _ = try await store.remove(other.identifier, options: options) }
            }
        }
        let long = CallOptions(deadline: .seconds(Int64.max))
        let seen = try await get(item.identifier, from: store, long)
        try expect(seen?.octets == octets, "the value with a boundless deadline", "it was not given")
    }

    /// Expects `body` to return or to throw `timedOut`, and in time.
    private func timed(
        _ options: CallOptions, _ doing: String, _ body: @escaping @Sendable () async throws -> Void
    ) async throws {
        do {
            // The bound is wide: a machine may be busy. What is proven is that the store does not wait.
            if try await within(max(options.deadline, .zero) + .seconds(1) + suite.tolerance, body) == nil {
                throw context.failure(expected: "\(doing) to end by its deadline", answer: "it did not return")
            }
        } catch let error as PlatformError where error.code == .timedOut {
            // As it may be.
        }
    }

    func muteProvider() async throws {
        guard let makeMute = suite.makeMute else { throw Skip("no factory for a mute provider was given") }
        let store = try await makeMute(try context.mode("m"))
        let options = CallOptions(deadline: .milliseconds(150))
        let item = try item()
        let capabilities = store.traits.capabilities
        var calls: [(String, @Sendable () async throws -> Void)] = [
            ("read", { _ = try await self.get(item.identifier, from: store, options) }),
            ("store", { try await self.put([1], as: item, in: store, .never, options) }),
            ("removal", { _ = try await store.remove(item.identifier, options: options) }),
            ("read of several", { _ = try await store.readEach([item.identifier], options: options) { _ in } }),
            ("erasure", { _ = try await store.eraseTestKeys(options: options) }),
        ]
        if capabilities.contains(.listing) {
            calls.append(("listing", { _ = try await store.list(matching: KeyFilter(), options: options) }))
        }
        if capabilities.contains(.locking) {
            calls.append(("unlocking", { try await store.unlock(.withoutPrompt, options: options) }))
        }
        for (doing, call) in calls {
            let end = ContinuousClock.now + options.deadline + suite.tolerance
            try await context.expectError(.timedOut, from: "\(doing) on a mute provider") {
                if try await within(options.deadline + suite.tolerance + .seconds(1), call) == nil {
                    throw context.failure(expected: "\(doing) to end by its deadline", answer: "it did not return")
                }
            }
            try expect(
                ContinuousClock.now <= end, "\(doing) to end within \(suite.tolerance) of its deadline", "it was later")
        }
        let state = try await within(options.deadline + suite.tolerance + .seconds(1)) { await store.state(options) }
        guard case .unavailable(let error)? = state, error.code.isUnavailable else {
            throw context.failure(
                expected: "the state unavailable by the deadline",
                answer: state.map { "it is \($0)" } ?? "the call did not return")
        }
    }
}
