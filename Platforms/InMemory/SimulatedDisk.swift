import MeshCore
import MeshPlatforms
import Synchronization

/// A directory of containers on a disk that loses power, and fails, where a test says so; in memory and the same in every run
/// with the same seed.
///
/// It remembers what was not synchronized. After a power cut each sector of 512 octets that was written since is there or is
/// not, whatever the order was; the file may have grown all the same, with zeros where nothing was written; changes of names
/// that were not made durable are there up to some moment. Shared words are gone, but for those that survive restarts: they
/// have values that they had at some moment since they were synchronized.
///
/// ```swift
/// let disk = SimulatedDisk(seed: 7)
/// disk.stop(atCall: 40)                            // everything from this call on throws `SimulatedDisk.Stopped`
/// try? work(in: disk.directory)
/// let after = disk.afterPowerCut(seed: 8)          // one of the states that may be found when the power is back
/// let killed = disk.afterKill()                    // what another process finds if only this one has died
/// ```
public final class SimulatedDisk: Sendable {
    /// What every call throws after the process was stopped.
    public struct Stopped: Error {
        /// As its description says.
        public init() {}
    }

    /// What can go wrong with a call.
    public enum Failure: Hashable, Sendable {
        /// The disk is full.
        case noSpace
        /// The disk does not answer. A synchronization that fails so has lost what it was to write, and is not told again.
        case inputOutput
        /// Of what was to be written so many octets are, then the disk is full.
        case shortWrite(Int)
    }

    /// Mistakes that are made on purpose, to see that tests notice them.
    package struct Negligence: OptionSet, Sendable {
        package let rawValue: Int
        package init(rawValue: Int) { self.rawValue = rawValue }
        /// Files are not synchronized.
        package static let files = Negligence(rawValue: 1)
        /// Names are not made durable.
        package static let names = Negligence(rawValue: 2)
        /// New files get their name before their content is durable.
        package static let newFiles = Negligence(rawValue: 4)
        /// Locks let everyone in.
        package static let locks = Negligence(rawValue: 8)
        /// Each that opens a lock file makes a new one.
        package static let lockFiles = Negligence(rawValue: 16)
        /// Words are not synchronized.
        package static let words = Negligence(rawValue: 32)
    }

    struct State {
        var random: SeededRandomSource
        var calls = 0
        var stop = Int.max
        var failures: [Int: Failure] = [:]
        var interruptions: [Int: @Sendable () -> Void] = [:]
        var names: [String: SimulatedFile] = [:]
        /// The names as they were, from the last that are durable to those of now.
        var history: [[String: SimulatedFile]] = [[:]]
        var sidecars: [String: SimulatedSidecar.Shared] = [:]
        var lastIdentity: UInt64 = 0
    }

    /// The directory, as it is until the process is stopped.
    public var directory: any ContainerDirectory { SimulatedDirectory(self) }
    let negligence: Negligence
    let state: Mutex<State>

    /// An empty disk.
    public convenience init(seed: UInt64) { self.init(seed: seed, negligence: []) }

    package init(seed: UInt64, negligence: Negligence) {
        self.negligence = negligence
        state = Mutex(State(random: SeededRandomSource(seed: seed)))
    }

    /// How many calls were made that change something.
    public var calls: Int { state.withLock { $0.calls } }

    /// Stops the process at that call: it and all later ones throw ``Stopped`` and do nothing.
    public func stop(atCall number: Int) { state.withLock { $0.stop = number } }

    /// Lets that call fail.
    public func fail(_ failure: Failure, atCall number: Int) { state.withLock { $0.failures[number] = failure } }

    /// Does `work` just before that call: what another process does at this moment.
    public func interrupt(atCall number: Int, _ work: @escaping @Sendable () -> Void) {
        state.withLock { $0.interruptions[number] = work }
    }

    /// The disk as another process finds it after this one was killed: nothing is lost, and nobody holds a lock.
    public func afterKill() -> SimulatedDisk { copy(seed: 0) { file, _ in file.copy() } }

    /// The disk as it may be found after a power cut at this moment; another one for each `seed`.
    public func afterPowerCut(seed: UInt64) -> SimulatedDisk { copy(seed: seed) { $0.afterPowerCut($1) } }

    private func copy(
        seed: UInt64, _ change: (SimulatedFile, SeededRandomSource?) -> SimulatedFile
    ) -> SimulatedDisk {
        let random = seed == 0 ? nil : SeededRandomSource(seed: seed)
        let disk = SimulatedDisk(seed: seed, negligence: negligence)
        state.withLock { old in
            let names = random.map { old.history[$0.below(old.history.count)] } ?? old.names
            var files: [ObjectIdentifier: SimulatedFile] = [:]
            disk.state.withLock { new in
                // In order, so that a seed draws the same each time.
                for (name, file) in names.sorted(by: { $0.key < $1.key }) {
                    let copied = files[ObjectIdentifier(file)] ?? change(file, random)
                    files[ObjectIdentifier(file)] = copied
                    new.names[name] = copied
                }
                if random == nil {
                    new.history = old.history.map { $0.mapValues { files[ObjectIdentifier($0)] ?? change($0, nil) } }
                } else {
                    new.history = [new.names]
                }
                for (name, sidecar) in old.sidecars.sorted(by: { $0.key < $1.key }) {
                    new.sidecars[name] = sidecar.after(random)
                }
                new.lastIdentity = old.lastIdentity
            }
        }
        return disk
    }

    /// Counts a call, and says what goes wrong with it.
    func call() throws -> Failure? {
        let (number, work) = state.withLock { state in
            state.calls += 1
            return (state.calls, state.interruptions.removeValue(forKey: state.calls))
        }
        work?()
        return try state.withLock { state in
            guard number < state.stop else { throw Stopped() }
            return state.failures.removeValue(forKey: number)
        }
    }

    /// Whether the last call was the one that the process was stopped at.
    var isStoppingNow: Bool { state.withLock { $0.calls == $0.stop } }

    /// For calls that change nothing.
    func requireRunning() throws {
        if state.withLock({ $0.calls >= $0.stop }) { throw Stopped() }
    }

    static func error(_ failure: Failure, _ path: String) -> PlatformError {
        switch failure {
        case .noSpace, .shortWrite: PlatformError(.noSpace, store: path, "The simulated disk is full.")
        case .inputOutput: PlatformError(.inputOutput, store: path, "The simulated disk does not answer.")
        }
    }
}

extension SeededRandomSource {
    /// A number from 0 to `limit` - 1.
    func below(_ limit: Int) -> Int {
        limit <= 1 ? 0 : Int(bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) } % UInt32(limit))
    }
}

/// The one directory of a ``SimulatedDisk``.
final class SimulatedDirectory: ContainerDirectory {
    let path = "simulated"
    private let disk: SimulatedDisk

    init(_ disk: SimulatedDisk) { self.disk = disk }

    func openFile(_ name: String, _ access: ContainerAccess) throws -> (any ContainerFile)? {
        try disk.requireRunning()
        try ContainerName.check(name, in: path)
        return disk.state.withLock { $0.names[name] }.map { OpenSimulatedFile(name, $0, disk) }
    }

    /// The four steps of the durable writer: content, its synchronization, the name, its synchronization.
    func createFile(_ name: String, with octets: [UInt8]) throws {
        try ContainerName.check(name, in: path)
        try step()
        let file = disk.state.withLock { state in
            state.lastIdentity += 1
            return SimulatedFile(identity: state.lastIdentity)
        }
        file.write(octets, at: 0)
        try step()
        if !disk.negligence.contains(.newFiles) { file.synchronize() }
        try changeNames { names in
            guard names[name] == nil else { throw taken(name) }
            names[name] = file
        }
    }

    func exchange(_ name: String, with other: String) throws {
        for name in [name, other] { try ContainerName.check(name, in: path) }
        try changeNames { names in
            guard let first = names[name], let second = names[other] else { throw absent(name) }
            (names[name], names[other]) = (second, first)
        }
    }

    func rename(_ name: String, to newName: String) throws {
        for name in [name, newName] { try ContainerName.check(name, in: path) }
        try changeNames { names in
            guard let file = names[name] else { throw absent(name) }
            guard names[newName] == nil else { throw taken(newName) }
            (names[name], names[newName]) = (nil, file)
        }
    }

    func remove(_ name: String) throws -> Bool {
        try ContainerName.check(name, in: path)
        guard disk.state.withLock({ $0.names[name] }) != nil else { return false }
        try changeNames { $0[name] = nil }
        return true
    }

    func synchronize() throws {
        try step()
        if !disk.negligence.contains(.names) { disk.state.withLock { $0.history = [$0.names] } }
    }

    func names() throws -> [String] {
        try disk.requireRunning()
        return disk.state.withLock { $0.names.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    }

    func subdirectory(_ name: String, create: Bool) throws -> (any ContainerDirectory)? {
        throw PlatformError(.unsupported, store: path, "A simulated disk has one directory.")
    }

    func openSidecar(_ name: String, _ access: ContainerAccess) throws -> (any ContainerSidecar)? {
        try disk.requireRunning()
        try ContainerName.check(name, in: path)
        return disk.state.withLock { state in
            if let shared = state.sidecars[name], !disk.negligence.contains(.lockFiles) {
                return SimulatedSidecar(shared, disk)
            }
            guard access == .append else { return nil }
            let shared = SimulatedSidecar.Shared()
            state.sidecars[name] = shared
            return SimulatedSidecar(shared, disk)
        }
    }

    private func step() throws {
        if let failure = try disk.call() { throw SimulatedDisk.error(failure, path) }
    }

    private func changeNames(_ change: (inout [String: SimulatedFile]) throws -> Void) throws {
        try step()
        try disk.state.withLock { state in
            try change(&state.names)
            state.history.append(state.names)
        }
        try synchronize()
    }

    private func taken(_ name: String) -> PlatformError {
        PlatformError(.alreadyExists, store: path, "There is a file called \(name) already.")
    }

    private func absent(_ name: String) -> PlatformError {
        PlatformError(.notFound, store: path, "There is no file called \(name).")
    }
}
