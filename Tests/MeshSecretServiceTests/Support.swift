#if SecretService
    import MeshCore
    import MeshPlatformTesting
    import MeshPlatforms
    import MeshSecretService
    import Testing

    /// The time in which every call has to answer, whatever state the keyring is in: the usual deadline, and as much as a busy
    /// machine may add to it. A call without a deadline of its own would take 25 seconds.
    let answerLimit = Duration.seconds(20)
    /// The deadline of calls that succeed, however busy the machine is.
    let patience = Duration.seconds(60)

    /// A fingerprint of its own for each number.
    func identifier(_ number: Int) -> UDF {
        UDF(type: .nonce, value: (0..<16).map { UInt8(truncatingIfNeeded: number >> (8 * min($0, 7))) })
    }

    func put(
        _ octets: [UInt8], _ identifier: UDF, in store: any KeyStore, keyClass: KeyClass = .device,
        account: String? = nil, _ replacement: KeyReplacement = .never, deadline: Duration = patience
    ) async throws {
        try await store.store(
            SecretBytes(copying: octets), as: try KeyItem(identifier: identifier, keyClass: keyClass, account: account),
            replacement: replacement, options: CallOptions(deadline: deadline))
    }

    func octets(_ identifier: UDF, in store: any KeyStore) async throws -> [UInt8]? {
        try await store.withKey(identifier, options: CallOptions(deadline: patience)) {
            $0.secret.withUnsafeBytes { Array($0) }
        }
    }

    /// The code of the error that `body` throws; nil if it throws none.
    func code(_ body: () async throws -> Void) async -> PlatformError.Code? {
        do {
            try await body()
            return nil
        } catch let error as PlatformError {
            return error.code
        } catch {
            Issue.record("another error: \(error)")
            return nil
        }
    }

    /// A call of a key store, to be tried in a state in which none can succeed.
    enum Operation: String, CaseIterable, Sendable {
        case read, readEach, storeNever, storeAlways, remove, list, erase, state, lock, unlock

        func run(_ store: any KeyStore, _ key: UDF) async throws {
            let options = CallOptions()
            switch self {
            case .read: #expect(try await store.read(key) == nil, "no key is ever absent here")
            case .readEach:
                let missing = try await store.readEach([key], options: options) { _ in }
                Issue.record("absent: \(missing)")
            case .storeNever: try await put([1], key, in: store, deadline: options.deadline)
            case .storeAlways: try await put([1], key, in: store, .always, deadline: options.deadline)
            case .remove: Issue.record("removed: \(try await store.remove(key))")
            case .list: Issue.record("listed: \(try await store.list().items)")
            case .erase: Issue.record("erased: \(try await store.eraseTestKeys(options: options))")
            case .state:
                switch await store.state() {
                case .ready: Issue.record("it cannot be ready")
                case .locked: throw PlatformError(.locked, store: "state", "")
                case .unavailable(let error): throw error
                }
            case .lock: try await store.lock(options: options)
            case .unlock: try await store.unlock(.withoutPrompt, options: options)
            }
        }
    }

    /// Tries `operations`, each within the limit, and expects one of `codes` of each.
    func expect(
        _ codes: Set<PlatformError.Code>, _ store: any KeyStore, _ key: UDF, _ operations: [Operation],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        for operation in operations {
            let begin = ContinuousClock.now
            let seen = await code { try await operation.run(store, key) }
            let duration = begin.duration(to: .now)
            #expect(
                seen.map { codes.contains($0) } == true, "\(operation) gave \(seen?.name ?? "no error")",
                sourceLocation: sourceLocation)
            #expect(duration < answerLimit, "\(operation)", sourceLocation: sourceLocation)
        }
    }

    /// Lets four test cases run at a time: each has processes of its own, and a machine that starts sixty of them at once
    /// says nothing about deadlines.
    struct FewAtOnce: SuiteTrait, TestTrait, TestScoping {
        let isRecursive = true

        private actor Gate {
            private var free = 4
            private var waiting: [CheckedContinuation<Void, Never>] = []

            func enter() async {
                if free > 0 {
                    free -= 1
                } else {
                    await withCheckedContinuation { waiting.append($0) }
                }
            }

            func leave() {
                if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
            }
        }

        private static let gate = Gate()

        func provideScope(
            for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
        ) async throws {
            guard testCase != nil else { return try await function() }
            await Self.gate.enter()
            do {
                try await function()
            } catch {
                await Self.gate.leave()
                throw error
            }
            await Self.gate.leave()
        }
    }

    extension Trait where Self == FewAtOnce {
        /// See ``FewAtOnce``.
        static var fewAtOnce: FewAtOnce { FewAtOnce() }
    }
#endif
