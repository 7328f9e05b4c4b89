import MeshCore
import MeshFiles
import MeshPlatforms

extension HomeDirectory {
    /// Removes the directory of this test mode with everything in it: registry, profiles, key files, locks.
    ///
    /// Links are removed and not followed; nothing outside is touched. Waits for everyone who holds a lock in it. Can be
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
        // Held to the end; the system lock first, as everyone does who takes several.
        var locks: [HeldLock] = []
        defer { for lock in locks.reversed() { lock.release() } }
        if let lockDirectory = try self.directory(Name.locks, create: false) {
            let others = try lockDirectory.names().filter { $0.hasSuffix(".lock") && $0 != Name.systemLock }
            for name in [Name.systemLock] + others {
                locks.append(
                    try FileLock(name, in: lockDirectory).acquire(until: deadline, abandonment: abandonment))
            }
        }
        try abandonment.check()
        // The mark goes last, so that an erasure that was interrupted can be repeated.
        try directory.removeContents(except: [Name.mode])
        _ = try directory.removeFile(Name.mode)
        try removeRoot()
    }

    /// Removes the directory itself if nothing is in it.
    private func removeRoot() throws {
        guard let slash = path.lastIndex(of: "/"), let above = try Directory.open(parent(slash), create: false) else {
            return
        }
        try above.removeEmptyDirectory(String(path[path.index(after: slash)...]))
    }

    private func parent(_ slash: String.Index) -> String { slash == path.startIndex ? "/" : String(path[..<slash]) }
}
