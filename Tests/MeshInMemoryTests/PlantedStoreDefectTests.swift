import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Testing

/// Defects that registries and profile stores really have had are found by the case that names the broken rule.
@Suite struct PlantedStoreDefectTests {
    @Test(arguments: RegistryDefect.allCases)
    func registryDefectIsFound(_ defect: RegistryDefect) async throws {
        let memory = InMemoryRegistry()
        let suite = RegistryConformance(name: "\(defect)", deadline: .seconds(1), allowsProduction: true) { mode in
            DefectiveRegistry(
                defect: defect, good: memory.reopened(in: defect == .sharesModes ? .test("shared") : mode), mode: mode)
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        #expect(failure?.caseName == defect.finder.rawValue)
        #expect(failure?.cause == nil, "found by accident: \(String(describing: failure))")
    }

    @Test(arguments: ProfileStoreDefect.allCases)
    func profileStoreDefectIsFound(_ defect: ProfileStoreDefect) async throws {
        let memory = InMemoryProfileStore()
        let suite = ProfileStoreConformance(name: "\(defect)", allowsProduction: true) { mode in
            DefectiveProfileStore(
                defect: defect, good: memory.reopened(in: defect == .sharesModes ? .test("shared") : mode))
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        #expect(failure?.caseName == defect.finder.rawValue)
        #expect(failure?.cause == nil, "found by accident: \(String(describing: failure))")
    }
}

/// A defect of a registry, and the case that must find it.
enum RegistryDefect: CaseIterable, Sendable {
    case keepsWhatAThrowingBodyDid, ignoresTheExpectedGeneration, losesUpdates, sharesModes, erasesProduction
    case tellsNoChanges, readsStale, trimsTexts

    var finder: RegistryConformance.Case {
        switch self {
        case .keepsWhatAThrowingBodyDid: .transaction
        case .ignoresTheExpectedGeneration: .compareAndSwap
        case .losesUpdates: .concurrency
        case .sharesModes: .modes
        case .erasesProduction: .productionRefused
        case .tellsNoChanges: .changes
        case .readsStale: .generation
        case .trimsTexts: .hostileTexts
        }
    }
}

/// A registry with one planted defect; otherwise it does what the registry it wraps does.
private struct DefectiveRegistry: Registry {
    let defect: RegistryDefect
    let good: InMemoryRegistry
    let mode: PlatformMode
    var name: String { good.name }

    /// Passes on what it is asked, with texts trimmed or the generation stale.
    private struct Reader: RegistryTransaction {
        var transaction: any RegistryTransaction
        let defect: RegistryDefect
        var generation: RegistryGeneration {
            RegistryGeneration(
                defect == .readsStale ? transaction.generation.number / 2 : transaction.generation.number)
        }
        func value(_ name: String?, at path: RegistryPath) throws -> RegistryValue? {
            try transaction.value(name, at: path)
        }
        func valueNames(at path: RegistryPath) -> [String] { transaction.valueNames(at: path) }
        func keyNames(at path: RegistryPath) -> [String] { transaction.keyNames(at: path) }
        func hasKey(at path: RegistryPath) -> Bool { transaction.hasKey(at: path) }
        mutating func set(_ value: RegistryValue, _ name: String?, at path: RegistryPath) throws {
            if defect == .trimsTexts, case .string(let text) = value, text.hasSuffix("\n") {
                try transaction.set(.string(String(text.dropLast())), name, at: path)
            } else {
                try transaction.set(value, name, at: path)
            }
        }
        mutating func removeValue(_ name: String?, at path: RegistryPath) throws -> Bool {
            try transaction.removeValue(name, at: path)
        }
        mutating func removeKey(at path: RegistryPath) throws -> Bool { try transaction.removeKey(at: path) }
    }

    func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R {
        // A change that sets nothing is no change, so this is a read.
        try await good.modify(expecting: nil, options: options) { try body(Reader(transaction: $0, defect: defect)) }
    }

    func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        if defect == .losesUpdates {
            // Looks, lets others pass, and then writes what it found plus one.
            let path = RegistryPath(literal: "Count")
            let seen = try await good.read(options: options) { try $0.value("all", at: path) }
            await Task.yield()
            return try await good.modify(expecting: expecting, options: options) { transaction in
                let result = try body(&transaction)
                if case .integer(let number)? = seen { try transaction.set(.integer(number + 1), "all", at: path) }
                return result
            }
        }
        let result = try await good.modify(
            expecting: defect == .ignoresTheExpectedGeneration ? nil : expecting, options: options
        ) { transaction -> Result<R, any Error> in
            var wrapped: any RegistryTransaction = Reader(transaction: transaction, defect: defect)
            let result = Result { try body(&wrapped) }
            if case .failure(let error) = result, defect != .keepsWhatAThrowingBodyDid { throw error }
            if let wrapped = wrapped as? Reader { transaction = wrapped.transaction }
            return result
        }
        return try result.get()
    }

    func changes() -> AsyncStream<RegistryGeneration> {
        defect == .tellsNoChanges ? AsyncStream { $0.finish() } : good.changes()
    }

    func eraseTestData(options: CallOptions) async throws {
        if defect == .erasesProduction, mode == .production { return }
        try await good.eraseTestData(options: options)
    }
}

/// A defect of a profile store, and the case that must find it.
enum ProfileStoreDefect: CaseIterable, Sendable {
    case archivesBackwards, forgetsTheArchiveOnAccept, restoresTheOldest, removesOnlyTheLatest, listsUnordered
    case truncatesTheTooLarge, trimsNewlines, sharesModes, latestIsNotTheLast

    var finder: ProfileStoreConformance.Case {
        switch self {
        case .archivesBackwards, .forgetsTheArchiveOnAccept, .latestIsNotTheLast: .versions
        case .restoresTheOldest: .restoreLatest
        case .removesOnlyTheLatest: .removal
        case .listsUnordered: .listing
        case .truncatesTheTooLarge: .tooLarge
        case .trimsNewlines: .values
        case .sharesModes: .modes
        }
    }
}

/// A profile store with one planted defect; otherwise it does what the store it wraps does.
private struct DefectiveProfileStore: ProfileStore {
    let defect: ProfileStoreDefect
    let good: InMemoryProfileStore
    var name: String { good.name }

    func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        if defect == .latestIsNotTheLast { return try await good.archive(of: profile, options: options).first }
        return try await good.latest(of: profile, options: options)
    }

    func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        var octets = signedProfile
        if defect == .truncatesTheTooLarge { octets = Array(octets.prefix(ProfileStoreLimits.largestProfile)) }
        if defect == .trimsNewlines, octets.last == 10 { octets.removeLast() }
        if defect == .forgetsTheArchiveOnAccept { _ = try await good.remove(profile, options: options) }
        try await good.accept(octets, of: profile, options: options)
    }

    func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        let archive = try await good.archive(of: profile, options: options)
        return defect == .archivesBackwards ? archive.reversed() : archive
    }

    func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        if defect == .restoresTheOldest {
            return try await good.archive(of: profile, options: options).first(where: isValid)
        }
        return try await good.restoreLatest(of: profile, options: options, where: isValid)
    }

    func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        if defect == .removesOnlyTheLatest {
            let isThere = try await good.latest(of: profile, options: options) != nil
            good.loseLatest(of: profile)
            return isThere
        }
        return try await good.remove(profile, options: options)
    }

    func list(options: CallOptions) async throws -> [UDF] {
        let profiles = try await good.list(options: options)
        return defect == .listsUnordered ? profiles.reversed() : profiles
    }

    func eraseTestData(options: CallOptions) async throws { try await good.eraseTestData(options: options) }
}
