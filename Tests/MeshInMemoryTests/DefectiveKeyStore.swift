import MeshCore
import MeshPlatformTesting
import MeshPlatforms
import Synchronization

/// A defect as adapters really have had them, and the case that must find it.
enum KeyStoreDefect: CaseIterable, Sendable {
    case lockedReadAsAbsent, lockedRemovalAsFalse, absentAsEmpty, truncatesLongValues, trimsNewlines, cutsAtNUL
    case refusesEmptyAsAbsent, ignoresNever, neverDeletesFirst, keepsOldMetadata, ignoresAlways, forgetsSiblings
    case removalAlwaysTrue, listsWithoutFilter, listsUnordered, listsStale, batchForgetsAbsent, batchMixesUp
    case batchSwallowsErrors, losesConcurrentWrites, createsNotAtomically, swapsBlindly, erasesOtherModes,
        eraseMiscounts
    case erasesProduction, sharesModes, swallowsDeadline, muteStateReady, hidesLargest, writesBeforeTooLarge
    case refusesUndeclared, normalisesTexts, losesAccount, forgetsExportability, changesName, keepsAfterRestart
    case timesOutAsAbsent, lateZombieWrite, watchesNothing, tornValues, cancellationAsAbsent, cachesReads

    /// The case that finds the defect.
    var finder: KeyStoreConformance.Case {
        switch self {
        case .lockedReadAsAbsent, .lockedRemovalAsFalse: .locking
        case .absentAsEmpty: .threeAnswers
        case .truncatesLongValues, .trimsNewlines, .cutsAtNUL, .refusesEmptyAsAbsent: .values
        case .ignoresNever, .neverDeletesFirst: .replaceNever
        case .keepsOldMetadata, .ignoresAlways: .replaceAlways
        case .forgetsSiblings, .removalAlwaysTrue: .removal
        case .listsWithoutFilter, .listsUnordered, .listsStale: .listing
        case .batchForgetsAbsent, .batchMixesUp, .batchSwallowsErrors: .batch
        case .losesConcurrentWrites, .tornValues: .concurrency
        case .createsNotAtomically: .atomicCreation
        case .swapsBlindly: .compareAndSwap
        case .erasesOtherModes, .eraseMiscounts: .eraseTestKeys
        case .erasesProduction: .productionRefused
        case .sharesModes: .modes
        case .swallowsDeadline, .muteStateReady, .timesOutAsAbsent: .muteProvider
        case .hidesLargest, .writesBeforeTooLarge: .largestValue
        case .refusesUndeclared: .watching
        case .normalisesTexts, .losesAccount, .forgetsExportability: .metadata
        case .changesName: .traits
        case .keepsAfterRestart: .restart
        case .lateZombieWrite, .cancellationAsAbsent: .cancellation
        case .watchesNothing: .watching
        case .cachesReads: .reopening
        }
    }
}

/// A store with one planted defect; otherwise it does what the store it wraps does.
final class DefectiveKeyStore: KeyStore {
    private let good: any KeyStore
    private let production: any KeyStore
    private let other: any KeyStore
    private let defect: KeyStoreDefect
    private let late = Mutex<[(KeyItem, SharedSecret)]>([])
    private let cache = Mutex<[UDF: (KeyItem, SharedSecret)]>([:])

    /// `other` is a store of another mode over the same data.
    init(_ defect: KeyStoreDefect, wrapping good: any KeyStore, other: any KeyStore, production: any KeyStore) {
        self.defect = defect
        self.good = good
        self.other = other
        self.production = production
    }

    var traits: KeyStoreTraits {
        var traits = good.traits
        if defect == .changesName { traits.name = "Memory store" }
        if defect == .hidesLargest { traits.largestValue = traits.largestValue.map { $0 - 1 } }
        if defect == .refusesUndeclared { traits.capabilities.remove(.watching) }
        return traits
    }

    func state(_ options: CallOptions) async -> KeyStoreState {
        if defect == .muteStateReady { return .ready }
        return await good.state(options)
    }

    func store(
        _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
    ) async throws {
        var octets = secret.withUnsafeBytes { Array($0) }
        var item = item
        var replacement = replacement
        switch defect {
        case .truncatesLongValues where octets.count > 8192: octets.removeLast(octets.count - 8192)
        case .trimsNewlines: if octets.count > 1, octets.last == 10 { octets.removeLast() }
        case .cutsAtNUL: octets = Array(octets.prefix { $0 != 0 })
        case .ignoresNever: replacement = .always
        case .neverDeletesFirst:
            if replacement == .never, try await good.remove(item.identifier, options: options) {
                throw PlatformError(.alreadyExists, store: "memory", "It is there.")
            }
        case .ignoresAlways:
            if replacement == .always, try await good.read(item.identifier, options: options) != nil { return }
        case .keepsOldMetadata:
            if let old = try await good.read(item.identifier, options: options) { item = old.item }
        case .createsNotAtomically:
            if replacement == .never {
                if try await good.read(item.identifier, options: options) != nil {
                    throw PlatformError(.alreadyExists, store: "memory", "It is there.")
                }
                await Task.yield()
                replacement = .always
            }
        case .swapsBlindly: if case .ifUnchanged = replacement { replacement = .always }
        case .losesConcurrentWrites:
            // Writes back a whole it has read before: what another wrote meanwhile is gone.
            let siblings = try await good.list(matching: KeyFilter(), options: options).items
            await Task.yield()
            for sibling in try await good.list(matching: KeyFilter(), options: options).items
            where !siblings.contains(sibling) {
                _ = try await good.remove(sibling.identifier, options: options)
            }
        case .writesBeforeTooLarge:
            if let largest = traits.largestValue, octets.count > largest {
                _ = try await good.remove(item.identifier, options: options)
            }
        case .normalisesTexts:
            item = try KeyItem(
                identifier: item.identifier, keyClass: item.keyClass, isExportable: item.isExportable,
                account: item.account, label: String(item.label.drop { $0 == " " }))
        case .losesAccount:
            item = try KeyItem(
                identifier: item.identifier, keyClass: item.keyClass, isExportable: item.isExportable,
                account: item.account == "" ? nil : item.account, label: item.label)
        case .forgetsExportability:
            item = try KeyItem(
                identifier: item.identifier, keyClass: item.keyClass, account: item.account, label: item.label)
        case .tornValues where octets.count > 60: octets[octets.count / 2] ^= 1
        case .lateZombieWrite:
            // A call that was given up takes effect after the next one.
            if Task.isCancelled {
                let given = SharedSecret(secret.duplicate())
                late.withLock { $0.append((item, given)) }
                throw CancellationError()
            }
        default: break
        }
        let stored = SecretBytes(copying: octets)
        let place = defect == .sharesModes ? other : good
        try await place.store(stored, as: item, replacement: replacement, options: options)
        for (item, given) in late.withLock({ late in
            defer { late = [] }
            return late
        }) {
            try await good.store(given.bytes, as: item, replacement: .always, options: options)
        }
    }

    func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
        if defect == .swallowsDeadline {
            return try await good.read(identifier, options: CallOptions(deadline: .seconds(3600)))
        }
        if defect == .cachesReads, let cached = cache.withLock({ $0[identifier] }) {
            return StoredKey(item: cached.0, revision: nil, secret: cached.1.bytes.duplicate())
        }
        do {
            let place = defect == .sharesModes ? other : good
            guard let key = try await place.read(identifier, options: options) else {
                guard defect == .absentAsEmpty else { return nil }
                return StoredKey(
                    item: try KeyItem(identifier: identifier, keyClass: .application), revision: nil,
                    secret: SecretBytes(copying: [] as [UInt8]))
            }
            if defect == .refusesEmptyAsAbsent, key.secret.count == 0 { return nil }
            if defect == .cachesReads {
                let entry = (key.item, SharedSecret(key.secret.duplicate()))
                cache.withLock { $0[identifier] = entry }
            }
            return key
        } catch let error as PlatformError {
            if defect == .lockedReadAsAbsent, error.code == .locked { return nil }
            if defect == .timesOutAsAbsent, error.code == .timedOut { return nil }
            throw error
        } catch is CancellationError where defect == .cancellationAsAbsent {
            throw PlatformError(.notFound, store: "memory", "It was not found.")
        }
    }

    func readEach(
        _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
    ) async throws -> [UDF] {
        switch defect {
        case .batchForgetsAbsent:
            _ = try await good.readEach(identifiers, options: options, body)
            return []
        case .batchMixesUp:
            let first = try await good.list(matching: KeyFilter(), options: options).items.first
            return try await good.readEach(identifiers, options: options) { key in
                try body(StoredKey(item: first ?? key.item, revision: key.revision, secret: key.secret.duplicate()))
            }
        case .batchSwallowsErrors:
            return try await good.readEach(identifiers, options: options) { key in try? body(key) }
        default:
            return try await good.readEach(identifiers, options: options, body)
        }
    }

    func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
        do {
            if defect == .forgetsSiblings, let key = try await good.read(identifier, options: options) {
                let twins = try await good.list(matching: KeyFilter(account: key.item.account), options: options).items
                for twin in twins.prefix(2) { _ = try await good.remove(twin.identifier, options: options) }
            }
            if defect == .cachesReads { cache.withLock { $0[identifier] = nil } }
            let place = defect == .sharesModes ? other : good
            let isRemoved = try await place.remove(identifier, options: options)
            return defect == .removalAlwaysTrue ? true : isRemoved
        } catch let error as PlatformError where defect == .lockedRemovalAsFalse && error.code == .locked {
            return false
        }
    }

    func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
        var listing = try await good.list(
            matching: defect == .listsWithoutFilter ? KeyFilter() : filter, options: options)
        if defect == .listsUnordered { listing.items.reverse() }
        if defect == .listsStale, listing.items.count > 20 { listing.items.removeLast() }
        return listing
    }

    func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
        try await good.unlock(policy, options: options)
    }

    func lock(options: CallOptions) async throws { try await good.lock(options: options) }

    func changes() throws -> AsyncStream<KeyStoreChange> {
        if defect == .watchesNothing { return AsyncStream { $0.finish() } }
        return try good.changes()
    }

    func eraseTestKeys(options: CallOptions) async throws -> Int {
        do {
            let count = try await good.eraseTestKeys(options: options)
            if defect == .erasesOtherModes { _ = try await other.eraseTestKeys(options: options) }
            if defect == .sharesModes { _ = try await other.eraseTestKeys(options: options) }
            return defect == .eraseMiscounts ? count + 1 : count
        } catch let error as PlatformError where error.code == .productionRefused && defect == .erasesProduction {
            for item in try await good.list(matching: KeyFilter(), options: options).items {
                _ = try await good.remove(item.identifier, options: options)
            }
            return 1
        }
    }
}
