import MeshCore
import MeshCryptography
import MeshFiles
import MeshPlatforms
import Synchronization

/// A key store of files: one per key, `keys/<fingerprint>` in a root directory, mode 0600.
///
/// As the store `files`, each key is sealed (AES-256-GCM) under a key of its own, derived from a random store key, which is
/// sealed under a passphrase through scrypt in `keys/.seal`. The store is locked until it has been given the passphrase,
/// and asks for a new one when it is first unlocked. What is not secret of a key (class, account, label) can be listed
/// while the store is locked; it is authenticated when it is unlocked.
///
/// As the store `files-clear`, keys stand in their files in the open, protected by the permissions alone: to be chosen by
/// name, for machines whose disk is sealed otherwise.
///
/// Neither store reads a file of the other, one of another mode, or one that others than its owner may read. What no
/// file can show is that an older version of itself was put back.
public final class KeyFileStore: KeyStore {
    /// The name of the store that seals its keys.
    public static let sealedName = "files"
    /// The name of the store that does not.
    public static let clearName = "files-clear"

    /// How keys are protected.
    public enum Sealing: Sendable {
        /// Sealed under a passphrase that `provider` gives; nobody can be asked if it is nil. `cost` is what a new seal is
        /// made with; an old one has its own.
        case passphrase((any PassphraseProvider)?, cost: Scrypt = .keyFiles)
        /// In the open.
        case clear
    }

    public let traits: KeyStoreTraits
    let directory: KeyDirectory
    private let provider: (any PassphraseProvider)?
    private let cost: Scrypt
    private let reads: BlockingCalls
    /// One after the other: whoever comes later wins.
    private let writes: BlockingCalls
    private let lockState = Mutex(LockState())

    private struct LockState {
        var key: StoreKey?
        var flight: UnlockFlight?
        /// The work of the last flight, which may be taking its question back still.
        var last: Task<Void, Never>?
    }

    /// A store of the keys of `mode` in `root` (an absolute path; made with mode 0700 when something is first stored).
    /// Nothing is read or written yet.
    public convenience init(
        root: String, mode: PlatformMode, sealing: Sealing, random: any RandomSource = SystemRandomSource()
    ) {
        self.init(
            mode: mode, path: root, directory: { try Directory.open(root, create: $0) }, sealing: sealing,
            random: random)
    }

    /// A store of the keys in the directory that `directory` opens. Nothing is read or written yet.
    ///
    /// - Parameters:
    ///   - path: the path of the directory, for messages.
    ///   - directory: opens the directory, makes it if asked to, and gives nil if it is not there. It is called for each
    ///     call of the store, off the cooperative pool.
    public init(
        mode: PlatformMode, path: String, directory openRoot: @escaping @Sendable (_ create: Bool) throws -> Directory?,
        sealing: Sealing, random: any RandomSource = SystemRandomSource()
    ) {
        let isSealed: Bool
        switch sealing {
        case .passphrase(let provider, let cost):
            (isSealed, self.provider, self.cost) = (true, provider, cost)
        case .clear:
            (isSealed, provider, cost) = (false, nil, .keyFiles)
        }
        let name = isSealed ? Self.sealedName : Self.clearName
        directory = KeyDirectory(
            root: path, openRoot: openRoot, mode: mode, store: name, isSealed: isSealed, random: random)
        var capabilities: KeyStoreCapabilities = [.listing, .atomicCreation, .compareAndSwap]
        if isSealed { capabilities.insert(.locking) }
        traits = KeyStoreTraits(
            name: name, provider: directory.path, persistence: .untilDeleted,
            protection: isSealed ? .passphrase : .filePermissions, largestValue: KeyFile.largestValue,
            capabilities: capabilities)
        reads = BlockingCalls(store: name)
        writes = BlockingCalls(store: name, serial: true)
    }

    /// Both stores as candidates of a selection; neither is chosen without being named.
    ///
    /// Opening the sealed one unlocks it if `provider` needs no person for it.
    ///
    /// - Parameters:
    ///   - path: the path of the directory, for messages.
    ///   - directory: opens the directory; see ``init(mode:path:directory:sealing:random:)``.
    public static func candidates(
        mode: PlatformMode, path: String, directory: @escaping @Sendable (_ create: Bool) throws -> Directory?,
        provider: (any PassphraseProvider)?, random: any RandomSource = SystemRandomSource()
    ) -> [KeyStoreCandidate] {
        [
            KeyStoreCandidate(name: sealedName, isAutomatic: false, note: "it needs a passphrase of its own") {
                let store = KeyFileStore(
                    mode: mode, path: path, directory: directory, sealing: .passphrase(provider), random: random)
                if let provider, !provider.isInteractive {
                    try await store.unlock(.withoutPrompt, options: CallOptions(deadline: .seconds(10)))
                }
                return store
            },
            KeyStoreCandidate(name: clearName, isAutomatic: false, note: "it keeps keys in the open") {
                KeyFileStore(mode: mode, path: path, directory: directory, sealing: .clear, random: random)
            },
        ]
    }

    private var key: StoreKey? { lockState.withLock { $0.key } }

    // MARK: - Keys

    public func state(_ options: CallOptions) async -> KeyStoreState {
        do {
            try await reads.run(deadline: options.deadline) { [directory] in try directory.check() }
            return directory.isSealed && key == nil ? .locked : .ready
        } catch let error as PlatformError {
            return .unavailable(error)
        } catch {
            return .unavailable(
                PlatformError(.unavailable, store: traits.name, "The key store could not be looked at.", cause: error))
        }
    }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        guard secret.count <= KeyFile.largestValue else {
            throw PlatformError(
                .tooLarge, store: traits.name,
                "A key of \(secret.count) octets is larger than \(KeyFile.largestValue).")
        }
        let key = try requireUnlocked()
        let shared = SharedSecret(secret.duplicate())
        try await change(options) { directory, limits in
            try directory.store(shared.bytes, as: item, replacement, key, limits)
        }
    }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        let key = self.key
        let found = try await noticingSeal {
            try await self.reads.run(deadline: options.deadline) { [directory = self.directory] () -> Found? in
                guard let key = try directory.read(identifier, key) else { return nil }
                return Found(key)
            }
        }
        guard let found else { return nil }
        return StoredKey(item: found.item, revision: found.revision, secret: found.secret.bytes.duplicate())
    }

    /// A key on its way from one thread to another.
    private final class Found: Sendable {
        let item: KeyItem
        let revision: KeyRevision?
        let secret: SharedSecret

        init(_ key: consuming StoredKey) {
            item = key.item
            revision = key.revision
            secret = SharedSecret(key.secret.duplicate())
        }
    }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        let key = self.key
        return try await change(options) { directory, limits in try directory.remove(identifier, key, limits) }
    }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        let key = self.key
        return try await noticingSeal {
            try await self.reads.run(deadline: options.deadline) { [directory = self.directory] in
                try directory.list(matching: filter, key)
            }
        }
    }

    public func eraseTestKeys(options: CallOptions) async throws -> Int {
        try directory.mode.requireTest(store: traits.name)
        let key = try requireUnlocked()
        return try await change(options) { directory, limits in try directory.erase(key, limits) }
    }

    private func requireUnlocked() throws -> StoreKey? {
        let key = self.key
        if directory.isSealed, key == nil { throw directory.locked() }
        return key
    }

    /// Runs a change off the pool, in turn; a change that nobody waits for any more is not begun.
    private func change<R: Sendable>(
        _ options: CallOptions, _ body: @escaping @Sendable (KeyDirectory, KeyDirectory.Limits) throws -> R
    ) async throws -> R {
        let limits = KeyDirectory.Limits(
            deadline: .now + min(options.deadline, .seconds(31_536_000)), abandonment: Abandonment())
        return try await noticingSeal {
            try await self.writes.run(
                deadline: options.deadline, onAbandon: { limits.abandonment.abandon() }
            ) { [directory = self.directory] in try body(directory, limits) }
        }
    }

    /// Locks the store if another process has sealed it anew: what is opened or sealed with the old key is of no use.
    private func noticingSeal<R: Sendable>(_ body: () async throws -> R) async throws -> R {
        do {
            return try await body()
        } catch is KeyDirectory.SealChanged {
            lockState.withLock { $0.key = nil }
            throw PlatformError(
                .locked, store: traits.name, "Another process has sealed the keys in \(directory.path) anew.",
                remedy: "Unlock the store with the new passphrase.")
        }
    }

    // MARK: - Lock

    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        guard directory.isSealed else { throw traits.unsupported("be locked or unlocked") }
        while true {
            guard let flight = try begin(policy) else { return }
            do {
                return try await flight.wait(options.deadline)
            } catch is UnlockFlight.Abandoned {
                lockState.withLock { if $0.flight === flight { $0.flight = nil } }
            }
        }
    }

    /// The unlocking that is under way, or a new one; nil if the store is unlocked.
    private func begin(_ policy: UnlockPolicy) throws -> UnlockFlight? {
        try lockState.withLock { state in
            if state.key != nil { return nil }
            guard policy != .never else { throw directory.locked() }
            guard let provider else {
                guard policy == .promptAllowed else { throw directory.locked() }
                throw PlatformError(
                    .promptImpossible, store: traits.name, "A passphrase is needed, and nobody can be asked for it.",
                    remedy: "Run the program in a terminal, or give it the passphrase on standard input.")
            }
            guard policy == .promptAllowed || !provider.isInteractive else { throw directory.locked() }
            if let flight = state.flight { return flight }
            let flight = UnlockFlight(store: traits.name) { [weak self] flight in
                self?.lockState.withLock { if $0.flight === flight { $0.flight = nil } }
            }
            let previous = state.last
            let work = Task {
                // The question of a former call must be gone before another is asked.
                await previous?.value
                await self.perform(flight, provider)
            }
            flight.started(work)
            state.flight = flight
            state.last = work
            return flight
        }
    }

    private func perform(_ flight: UnlockFlight, _ provider: any PassphraseProvider) async {
        do {
            try Task.checkCancellation()
            let key = try await unsealed(by: provider)
            lockState.withLock { state in
                // Locked or given up meanwhile: stays locked.
                guard state.flight === flight else { return }
                state.flight = nil
                state.key = key
            }
            flight.finish(.success(()))
        } catch {
            lockState.withLock { if $0.flight === flight { $0.flight = nil } }
            flight.finish(.failure(error))
        }
    }

    private func unsealed(by provider: any PassphraseProvider) async throws -> StoreKey {
        let directory = directory
        let seal = try await reads.run(deadline: Self.patience) { try directory.sealFile() }
        let passphrase = try await ask(provider, seal == nil ? .create : .unlock)
        let cost = cost
        let abandonment = Abandonment()
        let limits = KeyDirectory.Limits(deadline: .now + Self.patience, abandonment: abandonment)
        return try await reads.run(deadline: Self.patience, onAbandon: { abandonment.abandon() }) {
            var file = seal
            if file == nil {
                let (seal, secret) = KeySeal.makeKey(random: directory.random)
                let key = try KeySeal.sealed(
                    seal, secret, mode: directory.mode, passphrase: passphrase.bytes, cost: cost,
                    random: directory.random, path: directory.sealPath)
                file = try directory.create(key, limits)
                if file == nil { return key }
            }
            return try KeySeal.open(
                file ?? [], mode: directory.mode, passphrase: passphrase.bytes, path: directory.sealPath)
        }
    }

    /// Longer than any caller waits for a prompt; the callers' own deadlines come first.
    private static let patience = Duration.seconds(3600)

    private func ask(
        _ provider: any PassphraseProvider, _ purpose: PassphraseRequest.Purpose
    ) async throws -> SharedSecret {
        let request = PassphraseRequest(purpose, store: traits.name, directory: directory.path)
        let answer: SharedSecret?
        do {
            if let given = try await provider.passphrase(for: request) {
                answer = SharedSecret(given)
            } else {
                answer = nil
            }
        } catch let error as PlatformError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw PlatformError(
                .promptImpossible, store: traits.name, "The passphrase could not be asked for.", cause: error)
        }
        guard let answer else {
            throw PlatformError(.promptDismissed, store: traits.name, "No passphrase was given.")
        }
        guard answer.bytes.count > 0 else {
            throw purpose == .unlock
                ? PlatformError(
                    .wrongPassphrase, store: traits.name, "The passphrase is empty, and no store is sealed under that.")
                : PlatformError(
                    .invalidArgument, store: traits.name, "An empty passphrase protects nothing.",
                    remedy: "Give a passphrase, or choose the store \(Self.clearName).")
        }
        return answer
    }

    public func lock(options: CallOptions) async throws {
        guard directory.isSealed else { throw traits.unsupported("be locked or unlocked") }
        let flight = lockState.withLock { state in
            defer {
                state.key = nil
                state.flight = nil
            }
            return state.flight
        }
        flight?.end(by: directory.locked())
    }

    /// Seals the store under a new passphrase, which `provider` is asked for. The keys themselves are not touched.
    ///
    /// - Throws: ``PlatformError`` `locked`, `promptDismissed`, `promptImpossible`, `invalidArgument` for an empty
    ///   passphrase, `unsupported` for the store that does not seal, and what writing throws.
    public func changePassphrase(by provider: any PassphraseProvider, options: CallOptions) async throws {
        guard directory.isSealed else { throw traits.unsupported("have a passphrase") }
        guard let key = try requireUnlocked() else { throw directory.locked() }
        let passphrase = try await ask(provider, .change)
        let cost = cost
        let changed = try await change(options) { directory, limits in
            let new = try KeySeal.sealed(
                key.seal, key.secret, mode: directory.mode, passphrase: passphrase.bytes, cost: cost,
                random: directory.random, path: directory.sealPath)
            try limits.abandonment.check()
            try directory.replace(key, by: new, limits)
            return new
        }
        lockState.withLock { if $0.key?.seal == changed.seal { $0.key = changed } }
    }
}
