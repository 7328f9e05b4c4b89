import MeshCore
import MeshPlatforms
import Synchronization

/// A key store in the memory of this process, with every capability there is. Its keys end with it.
///
/// Selected by the name `memory`. Meant for tests, rehearsals and second machines; the keys are in locked, wiped memory
/// like all secrets. No call blocks, waits or prompts, so every deadline is met.
public final class InMemoryKeyStore: KeyStore {
    /// Whose keys these are.
    public let mode: PlatformMode
    public let traits: KeyStoreTraits
    private let vault: Vault
    private let needsPromptToUnlock: Bool

    /// A new, empty store.
    ///
    /// - Parameters:
    ///   - largestValue: the most octets that a key may have; no limit if nil.
    ///   - needsPromptToUnlock: whether ``unlock(_:options:)`` works with `promptAllowed` only. The prompt is thought
    ///     of as answered; a ``FaultScript`` can have it dismissed.
    public convenience init(
        mode: PlatformMode = .test("memory"), largestValue: Int? = nil, needsPromptToUnlock: Bool = false
    ) {
        self.init(
            mode: mode, largestValue: largestValue, needsPromptToUnlock: needsPromptToUnlock, vault: Vault())
    }

    private init(mode: PlatformMode, largestValue: Int?, needsPromptToUnlock: Bool, vault: Vault) {
        self.mode = mode
        self.needsPromptToUnlock = needsPromptToUnlock
        self.vault = vault
        self.traits = KeyStoreTraits(
            name: "memory", provider: "process", persistence: .process, protection: .plain,
            largestValue: largestValue,
            capabilities: [.listing, .locking, .watching, .batch, .atomicCreation, .compareAndSwap])
    }

    /// Another store of the same memory, as another process on one machine would open it: for this mode or another.
    public func reopened(in mode: PlatformMode? = nil) -> InMemoryKeyStore {
        InMemoryKeyStore(
            mode: mode ?? self.mode, largestValue: traits.largestValue, needsPromptToUnlock: needsPromptToUnlock,
            vault: vault)
    }

    public func state(_ options: CallOptions) async -> KeyStoreState { vault.isLocked ? .locked : .ready }

    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        try Task.checkCancellation()
        if let largest = traits.largestValue, secret.count > largest {
            throw PlatformError(
                .tooLarge, store: traits.name,
                "A key of \(secret.count) octets was to be stored; the store holds up to \(largest).")
        }
        let copy = SharedSecret(secret.duplicate())
        try vault.withUnlocked { contents in
            let old = contents.keys[mode]?[item.identifier]
            switch replacement {
            case .never:
                guard old == nil else {
                    throw PlatformError(.alreadyExists, store: traits.name, "The key \(item.identifier) is there.")
                }
            case .always:
                break
            case .ifUnchanged(let revision):
                guard let old, old.revision == revision else {
                    throw PlatformError(
                        .changedUnderneath, store: traits.name,
                        "The key \(item.identifier) was changed or removed since it was read.")
                }
            }
            contents.lastRevision += 1
            contents.keys[mode, default: [:]][item.identifier] = Entry(
                item: item, revision: KeyRevision(String(contents.lastRevision)), secret: copy)
            contents.tell(.stored(item.identifier), mode)
        }
    }

    public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        try Task.checkCancellation()
        let entry = try vault.withUnlocked { $0.keys[mode]?[identifier] }
        guard let entry else { return nil }
        return entry.lent()
    }

    public func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF] {
        try Task.checkCancellation()
        let keys = try vault.withUnlocked { $0.keys[mode] ?? [:] }
        for identifier in identifiers {
            if let entry = keys[identifier] { try body(entry.lent()) }
        }
        return identifiers.filter { keys[$0] == nil }
    }

    public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        try Task.checkCancellation()
        return try vault.withUnlocked { contents in
            guard contents.keys[mode]?.removeValue(forKey: identifier) != nil else { return false }
            contents.tell(.removed(identifier), mode)
            return true
        }
    }

    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        try Task.checkCancellation()
        let keys = try vault.withUnlocked { $0.keys[mode] ?? [:] }
        return KeyListing(items: keys.values.map(\.item).filter(filter.matches))
    }

    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        try Task.checkCancellation()
        let isAllowed = policy == .promptAllowed || (policy == .withoutPrompt && !needsPromptToUnlock)
        try vault.unlock(ifAllowed: isAllowed)
    }

    public func lock(options: CallOptions) async throws {
        try Task.checkCancellation()
        vault.lock()
    }

    public func changes() throws -> AsyncStream<KeyStoreChange> { vault.changes(mode) }

    public func eraseTestKeys(options: CallOptions) async throws -> Int {
        try mode.requireTest(store: traits.name)
        try Task.checkCancellation()
        return try vault.withUnlocked { contents in
            let removed = contents.keys.removeValue(forKey: mode) ?? [:]
            for identifier in removed.keys { contents.tell(.removed(identifier), mode) }
            return removed.count
        }
    }
}

/// One key in memory.
private struct Entry {
    let item: KeyItem
    let revision: KeyRevision
    let secret: SharedSecret

    func lent() -> StoredKey { StoredKey(item: item, revision: revision, secret: secret.bytes.duplicate()) }
}

/// What the stores that were opened on one memory share.
private final class Vault: Sendable {
    struct Contents {
        var keys: [PlatformMode: [UDF: Entry]] = [:]
        var isLocked = false
        var lastRevision: UInt64 = 0
        var lastWatcher: UInt64 = 0
        var watchers: [UInt64: (mode: PlatformMode, continuation: AsyncStream<KeyStoreChange>.Continuation)] = [:]

        /// Tells those who watch `mode`, or all if it is nil. Under the lock, so that the order is that of the changes.
        func tell(_ change: KeyStoreChange, _ mode: PlatformMode?) {
            for watcher in watchers.values where mode == nil || watcher.mode == mode {
                watcher.continuation.yield(change)
            }
        }
    }
    private let contents = Mutex(Contents())

    var isLocked: Bool { contents.withLock { $0.isLocked } }

    func withUnlocked<R>(_ body: (inout Contents) throws -> R) throws -> R {
        try contents.withLock { contents in
            if contents.isLocked { throw Self.lockedError }
            return try body(&contents)
        }
    }

    func unlock(ifAllowed isAllowed: Bool) throws {
        try contents.withLock { contents in
            guard contents.isLocked else { return }
            if !isAllowed { throw Self.lockedError }
            contents.isLocked = false
            contents.tell(.unlocked, nil)
        }
    }

    func lock() {
        contents.withLock { contents in
            guard !contents.isLocked else { return }
            contents.isLocked = true
            contents.tell(.locked, nil)
        }
    }

    func changes(_ mode: PlatformMode) -> AsyncStream<KeyStoreChange> {
        AsyncStream { continuation in
            let number = contents.withLock { contents in
                contents.lastWatcher += 1
                contents.watchers[contents.lastWatcher] = (mode, continuation)
                return contents.lastWatcher
            }
            // Weak: the memory must not be kept by a stream that nobody ends.
            continuation.onTermination = { [weak self] _ in
                self?.contents.withLock { _ = $0.watchers.removeValue(forKey: number) }
            }
        }
    }

    private static var lockedError: PlatformError {
        PlatformError(.locked, store: "memory", "The key store is locked.", remedy: "Unlock it and try again.")
    }
}
