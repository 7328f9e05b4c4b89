import MeshCore
import MeshInMemory
import MeshPlatformTesting
import MeshPlatforms
import Synchronization
import Testing

/// Defects that directories of containers may have are found by the case that names the broken rule.
@Suite struct PlantedContainerDefectTests {
    @Test(arguments: ContainerDefect.allCases)
    func containerDefectIsFound(_ defect: ContainerDefect) async throws {
        let directories = ByMode { _ in InMemoryContainerDirectory() }
        let lost = Lost()
        let suite = ContainerConformance(name: "\(defect)", deadline: .milliseconds(200)) {
            DefectiveDirectory(defect: defect, good: directories[$0], lost: lost)
        }
        let failure = await #expect(throws: ConformanceFailure.self) { try await suite.run(defect.finder) }
        #expect(failure?.caseName == defect.finder.rawValue)
        #expect(failure?.cause == nil, "found by accident: \(String(describing: failure))")
    }
}

/// A defect of a directory of containers, and the case that must find it.
enum ContainerDefect: CaseIterable, Sendable {
    case takesNamesWithoutLock, replacesOnCreation, letsAllCreate, claimsToHaveReadAll, appendsAlways, doesNotCutOff,
        exchangesNothing
    case isCurrentForever, replacesOnRename, removesNothing, identifiesByName, listsUnordered, takesSlashes
    case letsEveryoneIn, hasOneLock, keepsLocksOfTheLost, losesLocks, hasWordsOfItsOwn, neverWakes

    var finder: ContainerConformance.Case {
        switch self {
        case .replacesOnCreation: .creation
        case .letsAllCreate: .oneCreator
        case .claimsToHaveReadAll: .reading
        case .appendsAlways: .writing
        case .doesNotCutOff: .truncation
        case .exchangesNothing: .exchange
        case .isCurrentForever, .removesNothing: .removal
        case .replacesOnRename: .renaming
        case .identifiesByName: .identity
        case .listsUnordered: .listing
        case .takesSlashes, .takesNamesWithoutLock: .names
        case .letsEveryoneIn, .hasOneLock: .locks
        case .keepsLocksOfTheLost: .lostHolder
        case .losesLocks: .exclusion
        case .hasWordsOfItsOwn: .words
        case .neverWakes: .waiting
        }
    }
}

/// Sidecars that never go.
private final class Lost: Sendable {
    let sidecars = Mutex<[any ContainerSidecar]>([])
}

/// A directory with one planted defect; otherwise it does what the directory it wraps does.
private struct DefectiveDirectory: ContainerDirectory {
    let defect: ContainerDefect
    let good: any ContainerDirectory
    let lost: Lost
    var path: String { good.path }

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        if defect == .takesSlashes, name.contains("/") { return nil }
        if defect == .takesNamesWithoutLock, 251...255 ~= name.utf8.count { return nil }
        return try good.openFile(name, access).map { DefectiveFile(defect: defect, name: name, good: $0) }
    }

    func createFile(_ name: String, with octets: [UInt8]) throws {
        if defect == .replacesOnCreation { _ = try good.remove(name) }
        if defect == .letsAllCreate, try good.openFile(name, .read) != nil { return }
        try good.createFile(name, with: octets)
    }

    func exchange(_ name: String, with other: String) throws {
        if defect == .exchangesNothing, try good.names().count == 2 { return }
        try good.exchange(name, with: other)
    }

    func rename(_ name: String, to newName: String) throws {
        if defect == .replacesOnRename, try good.openFile(name, .read) != nil { _ = try good.remove(newName) }
        try good.rename(name, to: newName)
    }

    func remove(_ name: String) throws -> Bool {
        if defect == .removesNothing { return try good.openFile(name, .read) != nil }
        return try good.remove(name)
    }

    func synchronize() throws { try good.synchronize() }

    func names() throws -> [String] {
        let names = try good.names()
        return defect == .listsUnordered ? names.reversed() : names
    }

    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        try good.subdirectory(name, create: create).map { DefectiveDirectory(defect: defect, good: $0, lost: lost) }
    }

    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        guard let sidecar = try good.openSidecar(name, access) else { return nil }
        if defect == .keepsLocksOfTheLost { lost.sidecars.withLock { $0.append(sidecar) } }
        return DefectiveSidecar(defect: defect, good: sidecar)
    }
}

private final class DefectiveFile: ContainerFile {
    let defect: ContainerDefect
    let name: String
    let good: any ContainerFile

    init(defect: ContainerDefect, name: String, good: any ContainerFile) {
        self.defect = defect
        self.name = name
        self.good = good
    }

    var path: String { good.path }
    var identity: UInt64 {
        defect == .identifiesByName ? name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) } : good.identity
    }
    func length() throws -> Int { try good.length() }
    func isCurrent() throws -> Bool { try defect == .isCurrentForever || good.isCurrent() }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = try good.read(at: offset, into: buffer)
        return defect == .claimsToHaveReadAll ? buffer.count : count
    }

    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        try good.write(octets, at: defect == .appendsAlways ? good.length() : offset)
    }

    func truncate(to length: Int) throws {
        if defect != .doesNotCutOff { try good.truncate(to: length) }
    }

    func synchronize() throws { try good.synchronize() }
}

private final class DefectiveSidecar: ContainerSidecar {
    let defect: ContainerDefect
    let good: any ContainerSidecar
    private let own = Mutex(ContainerWords())

    init(defect: ContainerDefect, good: any ContainerSidecar) {
        self.defect = defect
        self.good = good
    }

    private func lock(_ lock: ContainerLock) -> ContainerLock { defect == .hasOneLock ? .append : lock }

    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        if defect == .losesLocks { return }
        try good.acquire(self.lock(lock), until: deadline)
    }

    func tryAcquire(_ lock: ContainerLock) throws -> Bool {
        try good.tryAcquire(self.lock(lock)) || defect == .letsEveryoneIn
    }

    func release(_ lock: ContainerLock) { good.release(self.lock(lock)) }
    func isCurrent() throws -> Bool { try good.isCurrent() }

    func words() throws -> ContainerWords {
        defect == .hasWordsOfItsOwn ? own.withLock { $0 } : try good.words()
    }

    func store(_ value: UInt64, in word: ContainerWord) throws {
        own.withLock { $0[word] = value }
        try good.store(value, in: word)
    }

    func synchronize() throws { try good.synchronize() }

    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws {
        let end = ContinuousClock.now + duration
        // On a word that nobody wakes anyone for.
        while defect == .neverWakes, .now < end {
            let mark = try good.words()[.verifiedMark]
            try good.wait(for: .verifiedMark, whileEqualTo: mark, atMost: end - .now)
        }
        try good.wait(for: word, whileEqualTo: value, atMost: duration)
    }

    func wake(_ word: ContainerWord) { good.wake(word) }
}
