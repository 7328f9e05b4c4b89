import MeshCore
import MeshPlatforms
import Synchronization

/// The octets of a file on a ``SimulatedDisk``: as programs see them, as they are on the disk, and what is on its way there.
final class SimulatedFile: Sendable {
    let identity: UInt64
    private let state: Mutex<State>

    private enum Change {
        case write([UInt8], at: Int)
        case truncation(to: Int)
    }

    private struct State {
        var seen: [UInt8] = []
        var durable: [UInt8] = []
        var pending: [Change] = []
    }

    init(identity: UInt64) {
        self.identity = identity
        state = Mutex(State())
    }

    private init(identity: UInt64, _ state: State) {
        self.identity = identity
        self.state = Mutex(state)
    }

    var octets: [UInt8] { state.withLock { $0.seen } }

    func write(_ octets: [UInt8], at offset: Int) {
        state.withLock { state in
            Self.apply(.write(octets, at: offset), to: &state.seen)
            // A disk writes whole sectors, with what was in them before.
            let start = offset / Self.sector * Self.sector
            let end = (offset + octets.count + Self.sector - 1) / Self.sector * Self.sector
            state.pending.append(.write(Array(state.seen[start..<min(end, state.seen.count)]), at: start))
        }
    }

    func truncate(to length: Int) {
        state.withLock { state in
            state.pending.append(.truncation(to: length))
            Self.apply(.truncation(to: length), to: &state.seen)
        }
    }

    func synchronize() {
        state.withLock { state in
            for change in state.pending { Self.apply(change, to: &state.durable) }
            state.pending = []
        }
    }

    /// What was to be written never is, and no later synchronization knows of it. If the system also needs the memory,
    /// programs see it no more.
    func loseChanges(seen: Bool) {
        state.withLock { state in
            for change in state.pending {
                if case .truncation(let length) = change { Self.apply(.truncation(to: length), to: &state.durable) }
            }
            state.pending = []
            guard !seen else { return }
            let length = state.seen.count
            state.seen = Array(state.durable.prefix(length))
            state.seen += [UInt8](repeating: 0, count: length - state.seen.count)
        }
    }

    private static func apply(_ change: Change, to octets: inout [UInt8]) {
        switch change {
        case .write(let added, let offset):
            let end = offset + added.count
            if octets.count < end { octets += [UInt8](repeating: 0, count: end - octets.count) }
            octets.replaceSubrange(offset..<end, with: added)
        case .truncation(let length):
            if length < octets.count { octets.removeLast(octets.count - length) }
        }
    }

    func copy() -> SimulatedFile { state.withLock { SimulatedFile(identity: identity, $0) } }

    private static let sector = 512

    /// The file as it may be after a power cut.
    func afterPowerCut(_ random: SeededRandomSource?) -> SimulatedFile {
        guard let random else { return copy() }
        return state.withLock { state in
            var octets = state.durable
            // Nothing is written, everything is, or each sector as it comes.
            let chance = [0, 4, 1, 2, 3][random.below(5)]
            for change in state.pending {
                guard case .write(let added, let offset) = change else {
                    if random.below(4) < chance { Self.apply(change, to: &octets) }
                    continue
                }
                var place = offset
                while place < offset + added.count {
                    let next = min((place / Self.sector + 1) * Self.sector, offset + added.count)
                    if random.below(4) < chance {
                        Self.apply(.write(Array(added[place - offset..<next - offset]), at: place), to: &octets)
                    }
                    place = next
                }
            }
            // The length may be ahead of what was written.
            if octets.count < state.seen.count, random.below(2) == 0 {
                octets += [UInt8](repeating: 0, count: random.below(state.seen.count - octets.count + 1))
            }
            return SimulatedFile(identity: identity, State(seen: octets, durable: octets))
        }
    }
}

/// A ``SimulatedFile`` that a program has open.
final class OpenSimulatedFile: ContainerFile {
    private let name: String
    private let file: SimulatedFile
    private let disk: SimulatedDisk
    var path: String { "simulated/\(name)" }
    var identity: UInt64 { file.identity }

    init(_ name: String, _ file: SimulatedFile, _ disk: SimulatedDisk) {
        self.name = name
        self.file = file
        self.disk = disk
    }

    func length() throws -> Int {
        try disk.requireRunning()
        return file.octets.count
    }

    func isCurrent() throws -> Bool {
        try disk.requireRunning()
        return disk.state.withLock { $0.names[name] === file }
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try disk.requireRunning()
        let octets = file.octets
        let count = max(0, min(buffer.count, octets.count - offset))
        if count > 0 {
            octets.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count])) }
        }
        return count
    }

    func write(_ octets: UnsafeRawBufferPointer, at offset: Int) throws {
        let failure: SimulatedDisk.Failure?
        do {
            failure = try disk.call()
        } catch {
            // Killed in the middle of it.
            if disk.isStoppingNow {
                let count = disk.state.withLock { $0.random.below(octets.count + 1) }
                file.write(Array(octets.prefix(count)), at: offset)
            }
            throw error
        }
        guard let failure else { return file.write(Array(octets), at: offset) }
        if case .shortWrite(let count) = failure { file.write(Array(octets.prefix(count)), at: offset) }
        throw SimulatedDisk.error(failure, path)
    }

    func truncate(to length: Int) throws {
        if let failure = try disk.call() { throw SimulatedDisk.error(failure, path) }
        file.truncate(to: length)
    }

    func synchronize() throws {
        if let failure = try disk.call() {
            file.loseChanges(seen: disk.state.withLock { $0.random.below(2) == 0 })
            throw SimulatedDisk.error(failure, path)
        }
        if !disk.negligence.contains(.files) { file.synchronize() }
    }
}

/// Locks and words on a ``SimulatedDisk``.
final class SimulatedSidecar: ContainerSidecar {
    final class Shared: Sendable {
        struct State {
            var words = ContainerWords()
            /// The words as they were, for a power cut.
            var history = [ContainerWords()]
            var held: Set<ContainerLock> = []
        }
        let state = Mutex(State())

        func after(_ random: SeededRandomSource?) -> Shared {
            let old = state.withLock { $0 }
            let copy = Shared()
            copy.state.withLock { new in
                guard let random else {
                    new.words = old.words
                    new.history = old.history
                    return
                }
                // Any moment, but rather a late one.
                let chosen = old.history[max(0, old.history.count - 1 - random.below(1 << random.below(8)))]
                for word in ContainerWord.allCases where word.survivesRestart { new.words[word] = chosen[word] }
                new.history = [new.words]
            }
            return copy
        }
    }

    private let shared: Shared
    private let disk: SimulatedDisk
    /// The locks that this holder has.
    private let held = Mutex<Set<ContainerLock>>([])

    init(_ shared: Shared, _ disk: SimulatedDisk) {
        self.shared = shared
        self.disk = disk
    }

    deinit {
        let held = held.withLock { $0 }
        shared.state.withLock { $0.held.subtract(held) }
    }

    /// There is one thread: who holds the lock will not give it back while another waits.
    func acquire(_ lock: ContainerLock, until deadline: ContinuousClock.Instant) throws {
        guard try tryAcquire(lock) else {
            throw PlatformError(.timedOut, store: "simulated", "The lock is held.")
        }
    }

    func tryAcquire(_ lock: ContainerLock) throws -> Bool {
        try disk.requireRunning()
        let isTaken = shared.state.withLock { $0.held.insert(lock).inserted } || disk.negligence.contains(.locks)
        if isTaken { held.withLock { _ = $0.insert(lock) } }
        return isTaken
    }

    func release(_ lock: ContainerLock) {
        guard held.withLock({ $0.remove(lock) }) != nil else { return }
        shared.state.withLock { _ = $0.held.remove(lock) }
    }

    func isCurrent() throws -> Bool {
        try disk.requireRunning()
        return true
    }

    func words() throws -> ContainerWords {
        try disk.requireRunning()
        return shared.state.withLock { $0.words }
    }

    func store(_ value: UInt64, in word: ContainerWord) throws {
        if let failure = try disk.call() { throw SimulatedDisk.error(failure, "simulated") }
        shared.state.withLock { state in
            state.words[word] = value
            state.history.append(state.words)
        }
    }

    func synchronize() throws {
        if let failure = try disk.call() { throw SimulatedDisk.error(failure, "simulated") }
        if !disk.negligence.contains(.words) { shared.state.withLock { $0.history = [$0.words] } }
    }

    /// There is one thread: nobody will change the word while another waits.
    func wait(for word: ContainerWord, whileEqualTo value: UInt64, atMost duration: Duration) throws {
        try disk.requireRunning()
        if word != .end { throw PlatformError(.timedOut, store: "simulated", "Another one synchronizes.") }
    }

    func wake(_ word: ContainerWord) {}
}
