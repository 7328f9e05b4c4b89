import MeshCore

/// Where a machine keeps secrets: a keyring, key files, memory, hardware.
///
/// A store belongs to one ``PlatformMode``: it neither shows nor touches keys of another.
///
/// The rules below hold for every store, and `KeyStoreConformance` of `MeshPlatformTesting` proves them:
///
/// - **Value, absent and locked are three answers.** Reading gives the key, or nil for a key that is certainly not
///   there, or throws `locked`. A store that cannot be asked throws one of the `unavailable-…` codes. Only nil (and
///   `notFound`, where a call needs the key) allows anyone to create a key.
/// - **Every call ends by its deadline** (``CallOptions/deadline``), with `timedOut` if the store did not answer, and
///   ends early with `CancellationError` when its task is cancelled. No call blocks a thread of the cooperative pool.
/// - **No call shows a prompt**, except ``unlock(_:options:)`` with ``UnlockPolicy/promptAllowed``.
/// - **What the store declares in its traits is true**, and a call that needs a capability it does not declare throws
///   `unsupported`.
/// - A stored value comes back octet for octet, empty ones too, or the call that stored it has thrown.
/// - A failed store leaves the old value whole.
public protocol KeyStore: Sendable {
    /// What the store is and what it can do. Does not change while the store is open.
    var traits: KeyStoreTraits { get }

    /// Whether the store can be used right now. Never prompts; answers by the deadline; a failure is an answer.
    func state(_ options: CallOptions) async -> KeyStoreState

    /// Stores `secret` as `item`.
    ///
    /// - Missing item: it is created. Item there already: as `replacement` says. Several answer to the identifier: with
    ///   ``KeyReplacement/always`` one remains, otherwise `ambiguous`.
    /// - Throws: ``PlatformError`` `locked`, `unavailable-…`, `tooLarge` (before anything is written), `alreadyExists`,
    ///   `changedUnderneath`, `ambiguous`, `unsupported`, `volatileStore`, `noSpace`, `accessDenied`, `inputOutput`.
    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws

    /// Reads the key called `identifier`; nil if it is certainly absent.
    ///
    /// - Throws: ``PlatformError`` `locked`, `unavailable-…`, `ambiguous` (with the candidates), `corrupt`,
    ///   `unknownVersion`, `accessDenied`, `insecurePermissions`, `wrongPassphrase`, `inputOutput`.
    func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey?

    /// Reads several keys, calling `body` for each that is there, in no particular order.
    ///
    /// A default is given that reads one by one; a store that declares ``KeyStoreCapabilities/batch`` does it in a
    /// number of round trips that does not grow with the number of keys.
    ///
    /// - Returns: the identifiers that are certainly absent.
    /// - Throws: as ``read(_:options:)``, and what `body` throws.
    func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF]

    /// Removes the key called `identifier`; false if it is certainly absent.
    ///
    /// - Throws: as ``read(_:options:)``; with several matches `ambiguous`, and none is removed.
    func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool

    /// Lists the keys of this store and mode, without their secrets.
    ///
    /// Needs ``KeyStoreCapabilities/listing``. May be slow where the provider is (2 ms a key in some keyrings), so not
    /// for use on a hot path. While locked: what can be seen, and ``KeyListing/isPartial`` true if that may not be all;
    /// or `locked` if nothing can be seen.
    func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing

    /// Unlocks the store as far as `policy` allows. Does nothing if it is unlocked.
    ///
    /// Needs ``KeyStoreCapabilities/locking``. At most one prompt is shown at a time; callers that come while it is
    /// open wait for its answer, each until its own deadline (60 s is customary where a prompt is allowed).
    ///
    /// - Throws: ``PlatformError`` `locked` (the policy forbids the prompt that is needed), `promptDismissed`,
    ///   `promptImpossible`, `timedOut` and other `unavailable-…`.
    func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws

    /// Locks the store. Needs ``KeyStoreCapabilities/locking``.
    func lock(options: CallOptions) async throws

    /// The changes made to the store through this value (and, if the store can see them, by others) from now on.
    ///
    /// Needs ``KeyStoreCapabilities/watching``; throws `unsupported` otherwise.
    func changes() throws -> AsyncStream<KeyStoreChange>

    /// Removes every key of this store's test mode, and no other key.
    ///
    /// - Returns: how many were removed.
    /// - Throws: ``PlatformError`` `productionRefused` in production mode; else as ``remove(_:options:)``.
    func eraseTestKeys(options: CallOptions) async throws -> Int
}

extension KeyStore {
    /// Lends the key called `identifier` to `body`; nil if it is certainly absent. See ``read(_:options:)``.
    public func withKey<R: Sendable>(
        _ identifier: UDF, options: CallOptions = CallOptions(),
        _ body: @Sendable (borrowing StoredKey) throws -> R
    ) async throws -> R? {
        guard let key = try await read(identifier, options: options) else { return nil }
        return try body(key)
    }

    /// As ``store(_:as:replacement:options:)`` with the usual options.
    public func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement = .never
    ) async throws {
        try await store(secret, as: item, replacement: replacement, options: CallOptions())
    }

    /// As ``read(_:options:)`` with the usual options.
    public func read(_ identifier: UDF) async throws -> StoredKey? {
        try await read(identifier, options: CallOptions())
    }

    /// As ``remove(_:options:)`` with the usual options.
    public func remove(_ identifier: UDF) async throws -> Bool {
        try await remove(identifier, options: CallOptions())
    }

    /// As ``list(matching:options:)`` with the usual options.
    public func list(matching filter: KeyFilter = KeyFilter()) async throws -> KeyListing {
        try await list(matching: filter, options: CallOptions())
    }

    /// As ``state(_:)`` with the usual options.
    public func state() async -> KeyStoreState { await state(CallOptions()) }

    /// One by one; see the requirement.
    public func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF] {
        var missing: [UDF] = []
        for identifier in identifiers {
            if let key = try await read(identifier, options: options) {
                try body(key)
            } else {
                missing.append(identifier)
            }
        }
        return missing
    }

    /// Refuses: for stores that cannot list.
    public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        throw traits.unsupported("list its keys")
    }

    /// Refuses: for stores that have no lock.
    public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        throw traits.unsupported("be locked or unlocked")
    }

    /// Refuses: for stores that have no lock.
    public func lock(options: CallOptions) async throws {
        throw traits.unsupported("be locked or unlocked")
    }

    /// Refuses: for stores that cannot tell of changes.
    public func changes() throws -> AsyncStream<KeyStoreChange> {
        throw traits.unsupported("tell of changes")
    }
}

/// What may happen when a key that is to be stored is there already.
public enum KeyReplacement: Hashable, Sendable {
    /// The call throws `alreadyExists`. Atomic among processes where the store declares
    /// ``KeyStoreCapabilities/atomicCreation``.
    case never
    /// The new value replaces the old one.
    case always
    /// The new value replaces the old one if that still is `revision`, else the call throws `changedUnderneath`.
    /// Needs ``KeyStoreCapabilities/compareAndSwap``.
    case ifUnchanged(KeyRevision)
}

/// How far unlocking may go.
public enum UnlockPolicy: Hashable, Sendable {
    /// Not at all: only tells, by throwing `locked`.
    case never
    /// If no prompt is needed for it.
    case withoutPrompt
    /// With a prompt, if one is needed.
    case promptAllowed
}

/// How a call is to be made.
public struct CallOptions: Hashable, Sendable {
    /// The time after which the call must have ended. Two seconds by default.
    public var deadline: Duration

    /// Options with the given deadline.
    public init(deadline: Duration = .seconds(2)) { self.deadline = deadline }
}

/// Whether a store can be used.
public enum KeyStoreState: Sendable {
    /// Keys can be stored and read.
    case ready
    /// The store answers, and is locked.
    case locked
    /// The store cannot be used, for the reason given.
    case unavailable(PlatformError)
}

/// Which keys to list. Every member that is set must match.
public struct KeyFilter: Hashable, Sendable {
    /// Only keys of this class.
    public var keyClass: KeyClass?
    /// Only keys of this account.
    public var account: String?

    /// A filter; everything matches where nothing is set.
    public init(keyClass: KeyClass? = nil, account: String? = nil) {
        self.keyClass = keyClass
        self.account = account
    }

    /// Whether `item` matches.
    public func matches(_ item: KeyItem) -> Bool {
        (keyClass == nil || keyClass == item.keyClass) && (account == nil || account == item.account)
    }
}

/// What a store listed.
public struct KeyListing: Sendable {
    /// The keys, ordered by identifier.
    public var items: [KeyItem]
    /// Whether there may be more that could not be seen (a part of the store is locked or damaged).
    public var isPartial: Bool
    /// What could not be listed, and why.
    public var problems: [PlatformError]

    /// A listing; the items are put in order.
    public init(items: [KeyItem], isPartial: Bool = false, problems: [PlatformError] = []) {
        self.items = items.sorted { $0.identifier.text < $1.identifier.text }
        self.isPartial = isPartial
        self.problems = problems
    }
}

/// A change of a store.
public enum KeyStoreChange: Hashable, Sendable {
    /// The key was created or replaced.
    case stored(UDF)
    /// The key was removed.
    case removed(UDF)
    /// The store was locked.
    case locked
    /// The store was unlocked.
    case unlocked
}
