#if SecretService
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Synchronization
    import Testing

    /// A keyring that locks, stops, dies and comes back: every call answers in time, with the right one of locked, absent
    /// and unavailable, and nothing is created because of it.
    @Suite(.fewAtOnce) struct UnavailableTests {
        private let key = identifier(7)
        private let other = identifier(8)

        private func openStore(_ keyring: PrivateKeyring, rest: Duration = .zero) async throws -> SecretServiceKeyStore
        {
            var options = SecretServiceKeyStore.Options()
            options.busAddress = keyring.busAddress
            options.rest = rest
            return try await SecretServiceKeyStore.open(mode: .test("ci"), options: options)
        }

        private static let keyCalls: [Operation] = [
            .read, .readEach, .storeNever, .storeAlways, .remove, .list, .erase,
        ]

        @Test func lockedFromTheStart() async throws {
            let keyring = try await PrivateKeyring.start(.locked("pw"))
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            await expect([.locked], store, key, Self.keyCalls + [.state, .unlock])
            try await keyring.restartDaemon()
            #expect(try await store.list().items == [])
        }

        @Test func lockedLater() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            try await store.lock(options: CallOptions())
            // Both the key that is there and one that is not: which it is cannot be told while it is locked.
            await expect([.locked], store, key, Self.keyCalls.filter { $0 != .list } + [.state, .unlock])
            await expect([.locked], store, other, [.read, .readEach, .storeNever, .storeAlways, .remove])
            if let listing = try? await store.list() { #expect(listing.isPartial) }
            try await keyring.restartDaemon()
            #expect(try await octets(key, in: store) == [1, 2, 3])
            #expect(try await store.list().items.map(\.identifier) == [key])
        }

        @Test func promptImpossible() async throws {
            let keyring = try await PrivateKeyring.start(.locked("pw"))
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            let begin = ContinuousClock.now
            // Eight at once share one prompt.
            let codes = await withTaskGroup(of: PlatformError.Code?.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        await code {
                            try await store.unlock(.promptAllowed, options: CallOptions(deadline: .seconds(60)))
                        }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes == Array(repeating: .promptImpossible, count: 8))
            #expect(begin.duration(to: .now) < answerLimit)
            await expect([.locked], store, key, [.read, .storeNever, .state])
        }

        @Test func passwordlessUnlocks() async throws {
            let keyring = try await PrivateKeyring.start(.passwordless)
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            try await store.lock(options: CallOptions())
            try await store.unlock(.promptAllowed, options: CallOptions())
            #expect(try await octets(key, in: store) == [1, 2, 3])
        }

        @Test func unlockingWhatIsUnlocked() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            for policy in [UnlockPolicy.never, .withoutPrompt, .promptAllowed] {
                try await store.unlock(policy, options: CallOptions())
            }
        }

        @Test(arguments: Operation.allCases)
        func frozen(_ operation: Operation) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            keyring.freeze()
            await expect([.timedOut], store, key, [operation])
            keyring.thaw()
            // Whatever the daemon makes of the call it had already received: the store answers again.
            if case .unavailable(let error) = await store.state() { Issue.record("\(error)") }
        }

        @Test(arguments: Operation.allCases)
        func killed(_ operation: Operation) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            keyring.freeze()
            async let ending: Void = expect([.disconnected, .noService], store, key, [operation])
            // A round trip over the same bus, so that the call above is on its way.
            try await keyring.run(["gdbus", "wait", "--session", "org.freedesktop.secrets"])
            keyring.killDaemon()
            await ending
            await expect([.noService], store, key, [operation])
            try await keyring.restartDaemon()
            #expect(try await octets(key, in: store) == [1, 2, 3])
        }

        @Test(arguments: Operation.allCases)
        func busKilled(_ operation: Operation) async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            keyring.killBus()
            await expect([.disconnected, .noSessionBus], store, key, [operation])
            await expect([.noSessionBus], store, key, [operation])
        }

        @Test func restartedLocked() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            keyring.killDaemon()
            try await keyring.restartDaemon(unlocking: false)
            await expect([.locked], store, key, [.read, .storeNever, .remove, .state])
            try await keyring.restartDaemon()
            #expect(try await octets(key, in: store) == [1, 2, 3])
        }

        @Test func anotherCollectionAfterRestart() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            try await keyring.restartDaemon()
            try await keyring.run([
                "gdbus", "call", "--session", "--dest", "org.freedesktop.secrets", "--object-path",
                "/org/freedesktop/secrets", "--method", "org.freedesktop.Secret.Service.SetAlias", "default",
                PrivateKeyring.sessionCollectionPath,
            ])
            await expect([.storeChanged], store, key, [.read, .storeNever, .state])
        }

        /// Killed at many moments of a call (the moments are those at which the call happens to be): the answer is the
        /// value or "unavailable", never "absent".
        @Test func killedAtManyMoments() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring)
            try await put([1, 2, 3], key, in: store)
            for moment in 0..<20 {
                async let reading: PlatformError.Code? = code {
                    for _ in 0...moment {
                        let seen = try await octets(key, in: store)
                        #expect(seen == [1, 2, 3])
                    }
                }
                for _ in 0..<moment { await Task.yield() }
                keyring.killDaemon()
                let seen = await reading
                #expect([nil, .disconnected, .noService].contains(seen), "\(seen?.name ?? "")")
                try await keyring.restartDaemon()
            }
            #expect(try await octets(key, in: store) == [1, 2, 3])
        }

        @Test func restsAfterTimeOut() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let clock = Mutex(ContinuousClock.now)
            var options = SecretServiceKeyStore.Options()
            options.busAddress = keyring.busAddress
            options.rest = .seconds(5)
            options.now = { clock.withLock { $0 } }
            let store = try await SecretServiceKeyStore.open(mode: .test("ci"), options: options)
            try await put([1], key, in: store)
            keyring.freeze()
            let short = CallOptions(deadline: .milliseconds(300))
            #expect(await code { _ = try await store.read(key, options: short) } == .timedOut)
            // At rest: a thousand refusals, which would take 300 seconds if each waited.
            let begin = ContinuousClock.now
            for _ in 0..<1000 {
                #expect(await code { _ = try await store.read(key, options: short) } == .timedOut)
            }
            #expect(begin.duration(to: .now) < .seconds(60))
            // Even when the daemon is back, until the rest is over.
            keyring.thaw()
            #expect(await code { _ = try await store.read(key) } == .timedOut)
            keyring.freeze()
            clock.withLock { $0 += .seconds(6) }
            // The next call asks something short first, and rests again.
            let probe = ContinuousClock.now
            let long = CallOptions(deadline: .seconds(3600))
            #expect(await code { _ = try await store.read(key, options: long) } == .timedOut)
            #expect(probe.duration(to: .now) < .seconds(600))
            keyring.thaw()
            #expect(await code { _ = try await store.read(key) } == .timedOut)
            clock.withLock { $0 += .seconds(6) }
            #expect(try await octets(key, in: store) == [1])
        }

        @Test func shortDeadlinesDoNotMakeItRest() async throws {
            let keyring = try await PrivateKeyring.start()
            defer { keyring.stop() }
            let store = try await openStore(keyring, rest: .seconds(3600))
            try await put([1], key, in: store)
            for _ in 0..<20 { _ = try? await store.read(key, options: CallOptions(deadline: .microseconds(1))) }
            #expect(try await octets(key, in: store) == [1])
        }
    }
#endif
