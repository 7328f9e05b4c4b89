import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Testing

/// Defects that container stores may have are found by the case that names the broken rule.
@Suite struct PlantedContainerStoreDefectTests {
    @Test(arguments: ContainerStoreDefect.allCases)
    func containerStoreDefectIsFound(_ defect: ContainerStoreDefect) async throws {
        let memory = InMemoryContainerStore()
        let suite = ContainerStoreConformance(name: "\(defect)", allowsProduction: true) {
            DefectiveContainerStore(defect: defect, mode: $0, good: memory.reopened(in: $0), memory: memory)
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        #expect(failure?.caseName == defect.finder.rawValue)
        #expect(failure?.cause == nil, "found by accident: \(String(describing: failure))")
    }
}

/// A defect of a container store, and the case that must find it.
enum ContainerStoreDefect: CaseIterable, Sendable {
    case makesWhatItLooksFor, hasOneDirectory, hasOneAccount, listsUnordered, listsNone, sharesModes
    case removesFullDirectories, removesDirectoriesInUse, removesNoDirectory
    case erasesNothing, erasesTheMachineOnly, erasesOnce, erasesAllModes, doesNotWait, erasesProduction

    var finder: ContainerStoreConformance.Case {
        switch self {
        case .makesWhatItLooksFor: .absent
        case .hasOneDirectory, .hasOneAccount: .directories
        case .listsUnordered, .listsNone: .accounts
        case .sharesModes: .modes
        case .removesFullDirectories, .removesDirectoriesInUse, .removesNoDirectory: .emptyDirectories
        case .erasesNothing, .erasesTheMachineOnly, .erasesOnce, .erasesAllModes: .erase
        case .doesNotWait: .eraseWaits
        case .erasesProduction: .productionRefused
        }
    }
}

/// A store with one planted defect; otherwise it does what the store it wraps does.
private struct DefectiveContainerStore: ContainerStore {
    let defect: ContainerStoreDefect
    let mode: PlatformMode
    let good: InMemoryContainerStore
    /// The same containers, for any mode.
    let memory: InMemoryContainerStore
    var name: String { good.name }

    private static let account = UDF(type: .digestSHA2, value: [UInt8](repeating: 1, count: 32))

    private var store: InMemoryContainerStore {
        defect == .sharesModes ? memory.reopened(in: .test("shared")) : good
    }

    func root(create: Bool) throws -> (any ContainerDirectory)? {
        try store.root(create: create || defect == .makesWhatItLooksFor)
    }

    func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? {
        if defect == .hasOneDirectory { return try store.root(create: create) }
        return try store.directory(of: defect == .hasOneAccount ? Self.account : account, create: create)
    }

    func accounts() throws -> [UDF] {
        let accounts = try store.accounts()
        return defect == .listsNone ? [] : defect == .listsUnordered ? accounts.reversed() : accounts
    }

    func removeEmptyDirectory(of account: UDF) throws -> Bool {
        switch defect {
        case .removesNoDirectory: return try store.directory(of: account, create: false)?.names().isEmpty == true
        case .removesDirectoriesInUse:
            let wasThere = try store.directory(of: account, create: false)?.names().isEmpty == true
            return try store.removeEmptyDirectory(of: account) || wasThere
        case .removesFullDirectories:
            guard let directory = try store.directory(of: account, create: false) else { return false }
            for name in try directory.names() { _ = try directory.remove(name) }
            return try store.removeEmptyDirectory(of: account)
        default: return try store.removeEmptyDirectory(of: account)
        }
    }

    private func removeAll(_ store: InMemoryContainerStore, machineOnly: Bool = false) throws {
        let directories = try machineOnly ? [] : store.accounts().map { try store.directory(of: $0, create: false) }
        for directory in try [store.root(create: false)] + directories {
            for name in try directory?.names() ?? [] { _ = try directory?.remove(name) }
        }
    }

    func eraseTestData(options: CallOptions) async throws {
        switch defect {
        case .erasesNothing: return
        case .erasesTheMachineOnly: try removeAll(store, machineOnly: true)
        case .erasesOnce where try store.root(create: false)?.names().isEmpty != false:
            throw PlatformError(.notFound, store: name, "There is nothing to erase.")
        case .erasesAllModes:
            for mode in [mode, Self.neighbour(of: mode)] {
                try await memory.reopened(in: mode).eraseTestData(options: options)
            }
        case .doesNotWait, .erasesProduction: try removeAll(store)
        default: try await store.eraseTestData(options: options)
        }
    }

    /// The other mode of the case: their names end with a letter each.
    private static func neighbour(of mode: PlatformMode) -> PlatformMode {
        let name = mode.description
        return PlatformMode(name.dropLast() + (name.hasSuffix("a") ? "b" : "a")) ?? mode
    }
}
