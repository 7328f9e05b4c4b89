import MeshCore

/// The directory that holds a person's containers (DARE sequences): files that only grow at their end.
///
/// This is all that the storage of sequences asks of a machine, so that the same code runs on a disk, in memory, and in
/// a simulation of power cuts. Every call blocks.
///
/// Names are as ``ContainerName`` says; every call throws ``PlatformError`` `invalidArgument` for another. The rules are
/// proven by `ContainerConformance` of `MeshPlatformTesting`.
public protocol ContainerDirectory: Sendable {
    /// Where it is, for messages: a path, or `memory`.
    var path: String { get }

    /// Opens the file called `name`; nil if it is not there.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument`, `insecurePermissions`, `accessDenied`, `readOnly`, `inputOutput`.
    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)?

    /// Makes a file called `name` that holds `octets`. It appears whole, and is durable with its name on return.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `noSpace` and as ``openFile(_:_:)``.
    func createFile(_ name: String, with octets: [UInt8]) throws

    /// Lets the two names change places, at once and durably. Both must be there.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `unsupported`.
    func exchange(_ name: String, with other: String) throws

    /// Gives the file called `name` the name `newName`, replacing nothing, durably.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `notFound`.
    func rename(_ name: String, to newName: String) throws

    /// Removes the file called `name`; false if it was not there.
    func remove(_ name: String) throws -> Bool

    /// Makes durable what the names stand for, also where another process was killed before it could.
    func synchronize() throws

    /// The names of the files that are here, in order; neither directories nor sidecars.
    func names() throws -> [String]

    /// The directory called `name` in this one; nil if it is not there and `create` is not set.
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)?

    /// Opens what belongs to the container called `name` besides its octets: its locks and shared words. They are made
    /// as needed for appending; nil if they are not there and it is opened for reading.
    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)?
}

/// What a container file is opened for.
public enum ContainerAccess: Hashable, Sendable {
    /// Reading.
    case read
    /// Reading and growing.
    case append
}

/// One open container file. Every call blocks. Whoever writes or truncates holds the append lock of the sidecar.
public protocol ContainerFile: AnyObject, Sendable {
    /// The path, for messages.
    var path: String { get }
    /// What tells it from every other file of the directory, also from a later one of the same name. Never 0.
    var identity: UInt64 { get }
    /// The length, in octets.
    func length() throws -> Int
    /// Whether the name it was opened by still leads to this file.
    func isCurrent() throws -> Bool
    /// Reads octets from `offset` on into `buffer`; returns how many, fewer than asked only where the file ends.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Writes all of `octets` at `offset`. A failure may leave some of them written.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `readOnly`, `inputOutput`.
    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws
    /// Cuts the file off at `length`.
    func truncate(to length: Int) throws
    /// Makes durable what was written before (data and length). After a failure nothing is known of what was lost.
    func synchronize() throws
}

/// The locks and shared words of one container. Each value opened is a holder of its own, in whatever process or thread.
///
/// Locks exclude every other call that takes them, also one on the same value by another thread, and go when their holder
/// goes: the value, or its process. Words are seen by all holders on the machine at once. After a restart of the machine they are 0,
/// except those that ``ContainerWord/survivesRestart`` names: these have values that they had at one moment since the last
/// ``synchronize()``. A value opened for reading only reads the words.
public protocol ContainerSidecar: AnyObject, Sendable {
    /// Takes `lock`, waiting until `deadline`. Who has waited for some milliseconds goes before those who come again.
    ///
    /// - Throws: ``PlatformError`` `timedOut`, `inputOutput`.
    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws
    /// Takes `lock` if nobody holds it, nor is to have it next: see ``acquire(_:until:)``.
    func tryAcquire(_ lock: ContainerLock) throws -> Bool
    /// Gives back `lock`, which the caller has taken.
    func release(_ lock: ContainerLock)
    /// Whether it still is the one that others who open it find: somebody may have deleted it.
    func isCurrent() throws -> Bool
    /// The words as they are. Each of them is whole; they belong together if nobody could store any meanwhile.
    func words() throws -> ContainerWords
    /// Sets `word`. Whoever sees the value sees everything that this holder wrote before.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `inputOutput`.
    func store(_ value: UInt64, in word: ContainerWord) throws
    /// Sets ``ContainerWord/end`` as ``store(_:in:)`` does and then, if that can be, ``ContainerWord/writing`` to 0.
    ///
    /// - Throws: as ``store(_:in:)``; the end is not set then.
    func publish(end: UInt64) throws
    /// Sets ``ContainerWord/durableEnd`` as ``store(_:in:)`` does and then, if that can be, ``ContainerWord/synchronizing``
    /// to 0.
    ///
    /// - Throws: as ``store(_:in:)``; the durable end is not set then.
    func publish(durableEnd: UInt64) throws
    /// Makes the words that survive restarts durable as they are, and that the sidecar is there.
    ///
    /// - Throws: ``PlatformError`` `noSpace`, `inputOutput`.
    func synchronize() throws
    /// Waits until somebody wakes the waiters of `word`, at most for `duration`; returns at once if it is not `value`, and
    /// may return for no reason.
    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws
    /// Wakes everyone who waits for `word`.
    func wake(_ word: ContainerWord)
}

extension ContainerSidecar {
    public func publish(end: UInt64) throws {
        try store(end, in: .end)
        // Published, and so not to be taken back: that the word stays does no harm, as nothing is behind the end.
        try? store(0, in: .writing)
    }

    public func publish(durableEnd: UInt64) throws {
        try store(durableEnd, in: .durableEnd)
        // That the word stays makes the next one write again what is durable, and does no harm else.
        try? store(0, in: .synchronizing)
    }
}

/// The locks of a container. Who takes both takes ``append`` first.
public enum ContainerLock: Int, CaseIterable, Sendable {
    /// Held for a whole append, and by whoever cuts off a torn tail or puts another file in place.
    case append
    /// Held by whoever makes durable what all have appended.
    case synchronize
}

/// The shared words of a container.
public enum ContainerWord: Int, CaseIterable, Sendable {
    /// The identity of the file that the words speak of. Stored while both locks are held.
    case file
    /// Where the last frame ends that was published. Stored under ``ContainerLock/append``.
    case end
    /// Not 0 while octets are written behind ``end``. Stored under ``ContainerLock/append``.
    case writing
    /// Up to where the file is durable. Stored under ``ContainerLock/synchronize``.
    case durableEnd
    /// Not 0 while the file is synchronized: who finds it so knows that somebody was killed who may have been the only one to
    /// hear of a failure. Stored under ``ContainerLock/synchronize``.
    case synchronizing
    /// How often making the file durable has failed. Stored under ``ContainerLock/synchronize``.
    case failures
    /// The value of ``failures`` at which what had not become durable was last written again. Stored under both locks.
    case repairs
    /// A place where a frame ended that was durable. Stored under ``ContainerLock/synchronize``.
    case verifiedEnd
    /// Proves that ``verifiedEnd`` is a place in this file.
    case verifiedMark

    /// Whether the word may be there after a restart of the machine.
    public var survivesRestart: Bool {
        switch self {
        case .file, .durableEnd, .verifiedEnd, .verifiedMark: true
        case .end, .writing, .synchronizing, .failures, .repairs: false
        }
    }
}

/// A copy of the shared words of a container.
public struct ContainerWords: Hashable, Sendable {
    private var values: [UInt64]

    /// All of them 0.
    public init() { values = [UInt64](repeating: 0, count: ContainerWord.allCases.count) }

    /// The value of `word`.
    public subscript(word: ContainerWord) -> UInt64 {
        get { values[word.rawValue] }
        set { values[word.rawValue] = newValue }
    }
}
