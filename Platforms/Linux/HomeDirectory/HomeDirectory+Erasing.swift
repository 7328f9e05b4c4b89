import MeshCore
import MeshFiles
import MeshPlatforms

extension HomeDirectory {
    /// Removes the directory of this test mode with everything in it: registry, profiles, containers, key files, locks.
    ///
    /// Links are removed and not followed; nothing outside is touched. Waits for everyone who holds a lock in it, or appends to a container. Can be
    /// repeated: erasing nothing is no error.
    ///
    /// - Throws: ``PlatformError`` `productionRefused` in production mode, or if the directory is not marked as this
    ///   test's; `timedOut` if a lock is held until the deadline; and as ``root(create:)``. What was removed before a
    ///   failure stays removed.
    public func eraseTestData(options: CallOptions = CallOptions()) async throws {
        try mode.requireTest(store: path)
        let deadline = ContinuousClock.now + options.deadline
        let abandonment = Abandonment()
        try await BlockingCalls(store: path).run(
            deadline: options.deadline, onAbandon: { abandonment.abandon() }
        ) { [self] in
            try erase(until: deadline, abandonment)
        }
    }

    private func erase(until deadline: ContinuousClock.Instant, _ abandonment: Abandonment) throws {
        guard let directory = try root(create: false) else { return try removeRoot() }
        // Held to the end.
        let locks = try takeLocks(until: deadline, abandonment) { _ in true }
        defer { for lock in locks.reversed() { lock.release() } }
        try abandonment.check()
        // The mark goes last, so that an erasure that was interrupted can be repeated.
        try directory.removeContents(except: [Name.mode])
        _ = try directory.removeFile(Name.mode)
        try removeRoot()
    }

    /// Takes the system lock, as everyone does first who takes several; then those at the top that `isWanted` names; then
    /// those of all containers of accounts. Takes none if nothing was ever locked.
    func takeLocks(
        until deadline: ContinuousClock.Instant, _ abandonment: Abandonment, where isWanted: (String) -> Bool
    ) throws -> [HeldLock] {
        var held: [HeldLock] = []
        func take(_ names: [String], in directory: Directory) throws {
            for name in names where name.hasSuffix(Self.lockSuffix) {
                held.append(try FileLock(name, in: directory).acquire(until: deadline, abandonment: abandonment))
            }
        }
        if let locks = try directory(Name.locks, create: false) {
            try take([Name.systemLock], in: locks)
            try take(locks.names().filter { $0 != Name.systemLock && isWanted($0) }, in: locks)
        }
        guard let stores = try directory(Name.stores, create: false) else { return held }
        for account in try stores.names() where try stores.status(of: account)?.isDirectory == true {
            guard
                let locks = try stores.subdirectory(account, create: false)?
                    .subdirectory(LinuxContainerDirectory.locks, create: false)
            else { continue }
            try take(locks.names(), in: locks)
        }
        return held
    }

    static let lockSuffix = ".lock"

    /// Removes the directory itself if nothing is in it.
    private func removeRoot() throws {
        guard let slash = path.lastIndex(of: "/"), let above = try Directory.open(parent(slash), create: false) else {
            return
        }
        try above.removeEmptyDirectory(String(path[path.index(after: slash)...]))
    }

    private func parent(_ slash: String.Index) -> String { slash == path.startIndex ? "/" : String(path[..<slash]) }
}
