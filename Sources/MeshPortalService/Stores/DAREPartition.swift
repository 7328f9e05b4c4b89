import MeshCore
import MeshDARE
import MeshPlatforms
import Synchronization

/// One partition of a ``DAREPortalStore``, open. Every call blocks.
///
/// It is there as long as its catalog has its name. To remove it, the catalog is renamed, which makes it gone at once; what
/// is left then is swept up, the renamed catalog last, so that it is known for what it is after a crash. Whoever makes or
/// removes a partition or makes a container holds the lock called ``existence``.
final class DAREPartition: Sendable {
    let partition: PortalPartition
    let directory: any ContainerDirectory
    let catalog: Catalog
    /// The containers that were used last.
    let logs = Mutex(RecentlyUsed<String, DARESequence>(limit: 8))
    /// The keys of all records in order, as of the last time that they were asked for.
    let order = Mutex<KeyOrder?>(nil)
    /// The number of frames from which on the catalog may be compacted; grows when that fails.
    let compactionStart = Mutex(DAREPartition.fewestFrames)

    private init(_ partition: PortalPartition, _ directory: any ContainerDirectory, _ catalog: Catalog) {
        self.partition = partition
        self.directory = directory
        self.catalog = catalog
    }

    static func catalogName(_ partition: PortalPartition) -> String {
        partition.account == nil ? "portal.dcat" : "account.dcat"
    }

    private static func removedName(_ partition: PortalPartition) -> String { "\(catalogName(partition)).removed" }

    /// The lock that is held by who makes or removes files. First in the order of names, in which locks are taken.
    private static let existence = "Existence"

    private static var options: CatalogOptions {
        var options = CatalogOptions()
        options.contentType = "application/mmm-portal-records"
        return options
    }

    private static func directory(
        of partition: PortalPartition, in containers: any ContainerStore, create: Bool
    ) throws -> (any ContainerDirectory)? {
        guard let account = partition.account else { return try containers.root(create: create) }
        return try containers.directory(of: account, create: create)
    }

    /// Opens the partition; nil if it is not there.
    ///
    /// - Throws: ``PortalStoreError`` `corrupt` if there are containers and no catalog, and as ``Catalog``.
    static func open(_ partition: PortalPartition, in containers: any ContainerStore) throws -> DAREPartition? {
        guard let directory = try directory(of: partition, in: containers, create: false) else { return nil }
        let name = catalogName(partition)
        let opened = try DAREPortalFault.naming(name, in: directory) {
            try Catalog.open(name, in: directory, options: options)
        }
        guard let catalog = opened else {
            try requireNothing(partition, directory)
            return nil
        }
        // What compactions have left that were killed.
        for old in try directory.names() where old.hasPrefix("\(name).old-") { _ = try directory.remove(old) }
        return DAREPartition(partition, directory, catalog)
    }

    /// Containers without their catalog were not left by us: that is damage, and not a partition that is not there.
    private static func requireNothing(_ partition: PortalPartition, _ directory: any ContainerDirectory) throws {
        guard let orphan = try directory.names().first(where: { owns(partition, $0) }) else { return }
        func isThere(_ name: String) throws -> Bool { try directory.openFile(name, .read) != nil }
        // Looked for one after the other, as somebody may make or remove the partition meanwhile.
        let name = catalogName(partition)
        if try isThere(name) || isThere(removedName(partition)) || !isThere(orphan) || isThere(name) { return }
        throw DAREPortalFault.corrupt("\(directory.path) has \(orphan), but its catalog \(name) is missing.")
    }

    /// Whether the file called `name` belongs to the partition.
    private static func owns(_ partition: PortalPartition, _ name: String) -> Bool {
        // Everything in an account's directory; the directory of the machine has other files.
        partition.account != nil || name.hasPrefix(catalogName(partition)) || name.hasPrefix("MMM_")
    }

    // MARK: Making and removing

    /// Makes the partition if it is not there.
    static func make(
        _ partition: PortalPartition, in containers: any ContainerStore, until deadline: ContinuousClock.Instant
    ) throws {
        guard let directory = try directory(of: partition, in: containers, create: true) else { return }
        let name = catalogName(partition)
        try alone(in: directory, until: deadline) {
            guard try directory.openFile(name, .read) == nil else { return }
            try requireNothing(partition, directory)
            try sweep(partition, directory)
            _ = try Catalog.create(name, in: directory, options: options)
        }
    }

    /// Removes the partition; false if it was not there.
    static func remove(
        _ partition: PortalPartition, in containers: any ContainerStore, until deadline: ContinuousClock.Instant
    ) throws -> Bool {
        guard let directory = try directory(of: partition, in: containers, create: false) else { return false }
        let (name, removed) = (catalogName(partition), removedName(partition))
        let wasThere = try alone(in: directory, until: deadline) {
            // What an earlier removal did not finish.
            if try directory.names().contains(removed) { try sweep(partition, directory) }
            guard try directory.names().contains(where: { owns(partition, $0) }) else { return false }
            // Whoever compacts the catalog exchanges its files.
            guard let sidecar = try directory.openSidecar(name, .append) else { return false }
            try sidecar.acquire(.append, until: deadline)
            defer { sidecar.release(.append) }
            if try directory.openFile(name, .read) != nil {
                try directory.rename(name, to: removed)
            } else {
                try directory.createFile(removed, with: [])
            }
            try sweep(partition, directory)
            return true
        }
        if let account = partition.account { _ = try containers.removeEmptyDirectory(of: account) }
        return wasThere
    }

    /// Removes all files of a partition that was removed, the sign that it was at last. Holding the lock.
    private static func sweep(_ partition: PortalPartition, _ directory: any ContainerDirectory) throws {
        let removed = removedName(partition)
        for name in try directory.names() where owns(partition, name) && name != removed {
            _ = try directory.remove(name)
        }
        try directory.synchronize()
        _ = try directory.remove(removed)
        try directory.synchronize()
    }

    /// Runs `body` while nobody else makes or removes files of this directory.
    private static func alone<R>(
        in directory: any ContainerDirectory, until deadline: ContinuousClock.Instant, _ body: () throws -> R
    ) throws -> R {
        while true {
            guard let sidecar = try directory.openSidecar(existence, .append) else {
                throw PlatformError(.notFound, store: directory.path, "The directory was removed while it was in use.")
            }
            try sidecar.acquire(.append, until: deadline)
            defer { sidecar.release(.append) }
            // Removed with its directory while we waited: others take another one.
            guard try sidecar.isCurrent() else { continue }
            return try body()
        }
    }

    // MARK: Containers

    /// The container, open; nil if it is not there.
    private func open(_ log: String) throws -> DARESequence? {
        // Throws if the partition was removed.
        _ = try catalog.sequence
        if let known = logs.withLock({ $0.use(log) }) {
            if try known.isCurrent() { return known }
            logs.withLock { $0.set(nil, for: log) }
        }
        guard let found = try DARESequence.open(fileName(of: log), in: directory, wholeRuns: true) else { return nil }
        logs.withLock { $0.set(found, for: log) }
        return found
    }

    /// The file of a container: under the name that is written, or one that was written earlier.
    private func fileName(of log: String) throws -> String {
        let written = "\(log).dcat"
        guard let store = StoreName(rawValue: String(log.dropFirst(4))),
            try directory.openFile(written, .read) == nil
        else { return written }
        return store.find(in: try directory.names()).first ?? written
    }

    func state(of log: String) throws -> PortalLogState {
        try DAREPortalFault.naming(fileName(of: log), in: directory) {
            guard let sequence = try open(log) else { return .none }
            return PortalLogState(try sequence.runState())
        }
    }

    /// How far the container goes, as its last frame, verified, says.
    func runState(of log: String) throws -> FrameRunState {
        try DAREPortalFault.naming(fileName(of: log), in: directory) {
            guard let sequence = try open(log) else { return .empty }
            let last = try sequence.refresh() - 1
            var checker = FrameRunChecker(try sequence.runState(before: last))
            let frames = try sequence.frameOctets(from: last, limit: 1)
            do throws(ReplicaError) {
                try checker.take(frames)
            } catch {
                throw DAREPortalFault.corrupt("\(sequence.path) is damaged in frame \(error.frame).", cause: error)
            }
            return checker.state
        }
    }

    func frames(of log: String, from first: Int, limit: Int, octets: Int) throws -> [[UInt8]] {
        try DAREPortalFault.naming(fileName(of: log), in: directory) {
            guard let sequence = try open(log) else { return [] }
            let frames = try sequence.frameOctets(from: first, limit: limit, octets: octets)
            guard !frames.isEmpty else { return [] }
            // What is given out is what was appended.
            var checker = FrameRunChecker(try sequence.runState(before: first))
            do throws(ReplicaError) {
                try checker.take(frames)
            } catch {
                throw DAREPortalFault.corrupt("\(sequence.path) is damaged in frame \(error.frame).", cause: error)
            }
            return frames
        }
    }

    func append(
        _ frames: [[UInt8]], to log: String, expecting count: Int, until deadline: ContinuousClock.Instant
    ) throws -> PortalLogState {
        try DAREPortalFault.naming(fileName(of: log), in: directory) {
            try appendFrames(frames, to: log, expecting: count, until: deadline)
        }
    }

    private func appendFrames(
        _ frames: [[UInt8]], to log: String, expecting count: Int, until deadline: ContinuousClock.Instant
    ) throws -> PortalLogState {
        do {
            if let sequence = try open(log) {
                return PortalLogState(
                    try sequence.append(verbatim: frames, expecting: count, durability: .grouped, until: deadline))
            }
            guard count == 0 else { throw PortalStoreRules.conflict(log, expected: count, count: 0) }
            guard !frames.isEmpty else { return .none }
            return try Self.alone(in: directory, until: deadline) {
                _ = try catalog.sequence
                let sequence = try DARESequence.create(
                    "\(log).dcat", in: directory, verbatim: frames, wholeRuns: true)
                logs.withLock { $0.set(sequence, for: log) }
                return PortalLogState(try sequence.runState())
            }
        } catch let error as PlatformError where error.code == .alreadyExists {
            throw PortalStoreRules.conflict(log, expected: count, count: try state(of: log).count)
        } catch let error as ReplicaError where error.code == .conflict {
            throw PortalStoreRules.conflict(log, expected: count, count: error.found?.count ?? 0)
        } catch let error as ReplicaError {
            throw DAREPortalFault.invalidFrames(log, error)
        }
    }
}
