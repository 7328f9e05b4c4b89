import MeshCore
import MeshDARE
import MeshFiles
import MeshPlatforms

/// The containers in a ``HomeDirectory``: `host.dare` at the top, and one directory for each account in `stores` (platform
/// specification §14).
public final class FileContainerStore: ContainerStore {
    public let name: String
    private let home: HomeDirectory

    /// The store in `home`. Nothing is opened or made yet.
    public init(_ home: HomeDirectory) {
        self.home = home
        name = home.path
    }

    public func root(create: Bool) throws -> (any ContainerDirectory)? {
        try home.root(create: create).map { LinuxContainerDirectory($0) }
    }

    public func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)? {
        guard
            let directory = try home.directory(HomeDirectory.Name.stores, create: create)?
                .subdirectory(account.text, create: create)
        else {
            guard create else { return nil }
            throw PlatformError(.changedUnderneath, store: name, "The directory was removed while it was in use.")
        }
        if create {
            // What killed writers have left.
            try directory.removeAbandonedFiles()
            try directory.subdirectory(LinuxContainerDirectory.locks, create: false)?.removeAbandonedFiles()
        }
        return LinuxContainerDirectory(directory)
    }

    public func accounts() throws -> [UDF] {
        guard let stores = try home.directory(HomeDirectory.Name.stores, create: false) else { return [] }
        return try stores.names().compactMap { name in
            guard let account = UDF(name), account.text == name, try stores.status(of: name)?.isDirectory == true else {
                return nil
            }
            return account
        }
    }

    public func removeEmptyDirectory(of account: UDF) throws -> Bool {
        guard let stores = try home.directory(HomeDirectory.Name.stores, create: false),
            let directory = try stores.subdirectory(account.text, create: false)
        else { return false }
        try directory.removeAbandonedFiles()
        let locksName = LinuxContainerDirectory.locks
        func isEmpty() throws -> Bool { try directory.names().allSatisfy { $0 == locksName } }
        guard try isEmpty() else { return false }
        if let locks = try directory.subdirectory(locksName, create: false) {
            var held: [(name: String, lock: HeldLock)] = []
            var sidecars: [any ContainerSidecar] = []
            defer {
                for sidecar in sidecars { sidecar.release(.synchronize) }
                for (_, lock) in held { lock.release() }
            }
            let containers = LinuxContainerDirectory(directory)
            do {
                for name in try locks.names() {
                    held.append((name, try FileLock(name, in: locks).acquire(until: .now)))
                    // Whoever makes durable what others have appended holds another lock of the same file.
                    guard name.hasSuffix(".lock"),
                        let sidecar = try containers.openSidecar(String(name.dropLast(5)), .append)
                    else { continue }
                    guard try sidecar.tryAcquire(.synchronize) else { return false }
                    sidecars.append(sidecar)
                }
            } catch let error as PlatformError where error.code == .timedOut {
                return false
            }
            guard try isEmpty() else { return false }
            // Only these: somebody may have made another meanwhile, and then the directories stay.
            for (name, _) in held { _ = try locks.removeFile(name) }
            try directory.removeEmptyDirectory(locksName)
        }
        try stores.removeEmptyDirectory(account.text)
        return directory.isRemoved
    }

    public func eraseTestData(options: CallOptions) async throws {
        try home.mode.requireTest(store: name)
        let deadline = ContinuousClock.now + options.deadline
        let abandonment = Abandonment()
        try await BlockingCalls(store: name).run(
            deadline: options.deadline, onAbandon: { abandonment.abandon() }
        ) { [self] in
            try erase(until: deadline, abandonment)
        }
    }

    private func erase(until deadline: ContinuousClock.Instant, _ abandonment: Abandonment) throws {
        guard let root = try home.root(create: false) else { return }
        let locks = try home.takeLocks(until: deadline, abandonment) { $0.hasPrefix(StoreName.host) }
        defer { for lock in locks.reversed() { lock.release() } }
        try abandonment.check()
        _ = try root.removeDirectory(HomeDirectory.Name.stores)
        // With the files beside it, whose names begin so.
        for name in try root.names() where name.hasPrefix(StoreName.host) { _ = try root.removeFile(name) }
        guard let lockDirectory = try home.directory(HomeDirectory.Name.locks, create: false) else { return }
        for name in try lockDirectory.names() where name.hasPrefix(StoreName.host) {
            _ = try lockDirectory.removeFile(name)
        }
    }
}
