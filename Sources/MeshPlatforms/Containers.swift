import MeshCore

/// The directory that holds a person's containers (DARE sequences): files that only grow at their end.
///
/// This is all that the storage of sequences asks of a machine, so that the same code runs on a disk, in memory, and in
/// a simulation of power cuts. Every call blocks.
public protocol ContainerDirectory: Sendable {
    /// Where it is, for messages: a path, or `memory`.
    var path: String { get }

    /// Opens the file called `name`; nil if it is not there.
    ///
    /// - Throws: ``PlatformError`` `invalidName`, `insecurePermissions`, `accessDenied`, `readOnly`, `inputOutput`.
    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)?

    /// Makes a file called `name` that holds `octets`. It appears whole, and is durable with its name on return.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `noSpace` and as ``openFile(_:_:)``.
    func createFile(_ name: String, with octets: [UInt8]) throws

    /// Lets the two names change places, at once and durably. Both must be there.
    func exchange(_ name: String, with other: String) throws

    /// Gives the file called `name` the name `newName`, replacing nothing, durably.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists`, `notFound`.
    func rename(_ name: String, to newName: String) throws

    /// Removes the file called `name`; false if it was not there.
    func remove(_ name: String) throws -> Bool

    /// The names of the files that are here, in order.
    func names() throws -> [String]

    /// The directory called `name` in this one; nil if it is not there and `create` is not set.
    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)?

    /// Opens what belongs to the container called `name` besides its octets: its locks and shared words, made as needed.
    func openSidecar(_ name: String) throws -> any ContainerSidecar
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
/// Locks go when their holder dies. Words are seen by all holders on the machine at once; after a restart of the
/// machine they have any value they ever had, or zero.
public protocol ContainerSidecar: AnyObject, Sendable {
    /// Takes `lock`, waiting until `deadline`. Who waits longest is next.
    ///
    /// - Throws: ``PlatformError`` `timedOut`.
    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws
    /// Takes `lock` if nobody holds it.
    func tryAcquire(_ lock: ContainerLock) throws -> Bool
    /// Gives back `lock`, which this value holds.
    func release(_ lock: ContainerLock)
    /// The value of `word`.
    func load(_ word: ContainerWord) throws -> UInt64
    /// Sets `word`, after everything this holder wrote before.
    func store(_ value: UInt64, in word: ContainerWord) throws
    /// Waits until somebody wakes the waiters of `word`, at most for `duration`; returns at once if it is not `value`.
    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws
    /// Wakes everyone who waits for `word`.
    func wake(_ word: ContainerWord)
}

/// The locks of a container.
public enum ContainerLock: Int, CaseIterable, Sendable {
    /// Held for a whole append, and by whoever cuts off a torn tail or puts another file in place.
    case append
    /// Held by whoever makes durable what all have appended.
    case synchronize
}

/// The shared words of a container.
public enum ContainerWord: Int, CaseIterable, Sendable {
    /// Where the last whole frame ends.
    case end
    /// Up to where the file is durable.
    case durableEnd
    /// How often making the file durable has failed.
    case failures
}
