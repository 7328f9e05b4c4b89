import MeshCore
import MeshPlatforms

/// Proves that directories of containers keep the contract of `ContainerDirectory`. Used as ``KeyStoreConformance`` is.
public struct ContainerConformance: Sendable {
    /// The name in reports.
    public var name: String
    /// What makes a run the same again; random if not given.
    public var seed: UInt64
    /// How long what must happen at once may take. Not what is measured: it only has to be enough.
    public var deadline: Duration
    /// The time after which a case is given up.
    public var caseLimit: Duration
    /// How many threads work side by side in the cases on concurrency.
    public var concurrentTasks: Int
    /// Whether one thread alone may use the directory, as in a simulation, so that nobody can wait for anybody.
    public var isSingleThreaded: Bool
    /// Opens the directory of the given mode: calls with one mode give values of one directory, as several processes
    /// would open it; calls with another give an empty one. The cases remove the files that they make.
    public var makeDirectory: @Sendable (PlatformMode) throws -> any ContainerDirectory

    /// A suite for the directories that `makeDirectory` opens. The other parameters are described at the properties.
    public init(
        name: String, seed: UInt64? = nil, deadline: Duration = .seconds(10), caseLimit: Duration = .seconds(60),
        concurrentTasks: Int = 8, isSingleThreaded: Bool = false,
        makeDirectory: @escaping @Sendable (PlatformMode) throws -> any ContainerDirectory
    ) {
        self.name = name
        self.seed = seed ?? randomSeed()
        self.deadline = deadline
        self.caseLimit = caseLimit
        self.concurrentTasks = concurrentTasks
        self.isSingleThreaded = isSingleThreaded
        self.makeDirectory = makeDirectory
    }

    /// The cases. Each proves one rule.
    public enum Case: String, CaseIterable, Hashable, Sendable {
        case absent, creation, oneCreator, reading, writing, truncation, exchange, renaming, removal, identity, listing
        case names, subdirectories, locks, lostHolder, exclusion, words, waiting

        /// The rule that the case proves.
        public var rule: String {
            switch self {
            case .absent: "What is not there is nil, false or notFound, and looking for it makes nothing."
            case .creation:
                "A new file is whole, whatever its size; a name that is taken is refused, and nothing changed."
            case .oneCreator:
                "Of several who make a file of one name, one succeeds, and the file is as that one made it."
            case .reading: "Reading gives the octets from the offset on, fewer than asked only where the file ends."
            case .writing:
                "Octets are written at the offset, wherever it is, and everyone who has the file open sees them."
            case .truncation: "A file is cut off at the length, for everyone who has it open, and can grow again."
            case .exchange:
                "Two names change places; files opened by them are not current any more, but still readable."
            case .renaming: "A file gets a new name and loses the old one; it replaces nothing."
            case .removal: "Removing gives true, then false; who has the file open finds it not current, but readable."
            case .identity: "An identity is not 0, and that of the file, under each of its names; no other file has it."
            case .listing:
                "The names are those of the files, in the order of their octets; no directories, no sidecars."
            case .names: "Names that lead elsewhere, or that no disk takes, are refused; all others are exact."
            case .subdirectories: "A subdirectory is made if asked, is the same for everyone, and shares no names."
            case .locks: "A lock has one holder, among all values, and threads of one value; each lock is its own."
            case .lostHolder: "The locks of a holder that goes are free."
            case .exclusion: "No update under a lock is lost, however many holders there are."
            case .words:
                "Words are 0 at first, are seen by all holders of the container and by no other, and keep 64 bits."
            case .waiting:
                "Waiting ends at once if the word has another value, when somebody wakes, and after its time."
            }
        }
    }

    /// Proves one rule.
    ///
    /// - Returns: whether it was proven, or why it could not be.
    /// - Throws: ``ConformanceFailure``; `CancellationError` if the task is cancelled.
    @discardableResult
    public func run(_ rule: Case) async throws -> ConformanceOutcome {
        try await outcome(of: rule)
    }

    /// Proves all rules, one after the other, whatever fails.
    public func runAll() async -> ConformanceReport { await report() }
}

extension ContainerConformance.Case: ConformanceCase {}

extension ContainerConformance: ConformanceSuite {
    package func open(_ mode: PlatformMode) async throws -> any ContainerDirectory { try makeDirectory(mode) }

    package func erase(_ directory: any ContainerDirectory, options: CallOptions) async throws {
        try await BlockingCalls(store: name).run(deadline: options.deadline) {
            for name in try directory.names() { _ = try directory.remove(name) }
        }
    }

    package func prove(_ rule: Case, in session: ContainerCase) async throws {
        // Two values of one directory, as two processes have them.
        let (one, two) = (try await session.open(), try await session.open())
        switch rule {
        case .oneCreator: return try await session.oneCreator(in: one)
        case .exclusion: return try await session.exclusion(in: one)
        case .waiting: return try await session.waiting(in: one, two)
        default: break
        }
        try await session.blocking {
            switch rule {
            case .absent: try session.absent(in: one)
            case .creation: try session.creation(in: one, two)
            case .reading: try session.reading(in: one)
            case .writing: try session.writing(in: one, two)
            case .truncation: try session.truncation(in: one, two)
            case .exchange: try session.exchange(in: one, two)
            case .renaming: try session.renaming(in: one, two)
            case .removal: try session.removal(in: one, two)
            case .identity: try session.identity(in: one, two)
            case .listing: try session.listing(in: one, two)
            case .names: try session.names(in: one)
            case .subdirectories: try session.subdirectories(in: one, two)
            case .locks: try session.locks(in: one, two)
            case .lostHolder: try session.lostHolder(in: one, two)
            case .words: try session.words(in: one, two)
            case .oneCreator, .exclusion, .waiting: break
            }
        }
    }
}

/// One run of one case on directories of containers.
package typealias ContainerCase = ConformanceSession<ContainerConformance>

extension ContainerCase {
    /// Runs `body` where it may block.
    func blocking<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        try await BlockingCalls(store: suite.name).run(deadline: suite.caseLimit, body)
    }

    /// Runs `body` on several threads at a time, with their numbers.
    func sideBySide<R: Sendable>(_ body: @escaping @Sendable (Int) throws -> R) async throws -> [R] {
        if suite.isSingleThreaded { throw Skip("One thread alone uses the directory.") }
        return try await withThrowingTaskGroup(of: R.self) { group in
            for number in 0..<suite.concurrentTasks { group.addTask { try await blocking { try body(number) } } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Opens the file called `name`, which must be there.
    func file(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append
    ) throws -> any ContainerFile {
        guard let file = try directory.openFile(name, access) else {
            throw context.failure(expected: "the file \(name) to be there", answer: "it is not")
        }
        return file
    }

    /// Opens the sidecar of `name`, which must be made if need be.
    func sidecar(_ name: String, in directory: any ContainerDirectory) throws -> any ContainerSidecar {
        guard let sidecar = try directory.openSidecar(name, .append) else {
            throw context.failure(expected: "a sidecar for appending", answer: "it is nil")
        }
        return sidecar
    }

    /// What `count` octets from `offset` on are, as one call reads them.
    func read(_ file: any ContainerFile, at offset: Int = 0, count: Int? = nil) throws -> [UInt8] {
        let count = try count ?? file.length()
        // Filled, so that what is claimed to have been read and was not is seen.
        var octets = [UInt8](repeating: 0xA5, count: count)
        let filled = try octets.withUnsafeMutableBytes { try file.read(at: offset, into: $0) }
        try expect(0...count ~= filled, "at most \(count) octets", "\(filled) were read")
        return Array(octets.prefix(filled))
    }

    func write(_ octets: [UInt8], at offset: Int, to file: any ContainerFile) throws {
        try octets.withUnsafeBytes { try file.write($0, at: offset) }
    }

    func expectContent(_ content: [UInt8]?, of name: String, in directory: any ContainerDirectory) throws {
        let found = try directory.openFile(name, .read).map { try read($0) }
        try expect(
            found == content, "\(name) to hold \(TestValues.shown(content))", "it holds \(TestValues.shown(found))")
    }

    func expectContent(_ content: [UInt8], of file: any ContainerFile, _ when: String) throws {
        let (length, found) = (try file.length(), try read(file, count: content.count + 100))
        try expect(length == content.count, "a length of \(content.count) \(when)", "it is \(length)")
        try expect(
            found == content, "\(TestValues.shown(content)) in the file \(when)", "it holds \(TestValues.shown(found))")
    }

    func expectCurrent(_ isCurrent: Bool, _ file: any ContainerFile, _ when: String) throws {
        let found = try file.isCurrent()
        try expect(found == isCurrent, "isCurrent to be \(isCurrent) \(when)", "it is \(found)")
    }

    /// Expects `body` to throw a ``PlatformError`` with `code`.
    func expectError(_ code: PlatformError.Code, from doing: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as PlatformError {
            try expect(error.code == code, "\(code) from \(doing)", "it threw \(error.code)")
            return
        }
        throw context.failure(expected: "\(code) from \(doing)", answer: "it succeeded")
    }
}
