import MeshCore
import MeshFiles
import MeshPlatforms

/// The profile store in a ``HomeDirectory``: two files a profile, as platform specification §14 says.
public final class FileProfileStore: ProfileStore {
    public let name: String
    private let home: HomeDirectory
    private let calls: BlockingCalls

    /// The lock that is held while profiles are changed.
    private static let lockName = "profiles.lock"

    /// The store in `home`. Nothing is opened or made yet.
    public init(_ home: HomeDirectory) {
        self.home = home
        name = "\(home.path)/\(HomeDirectory.Name.profiles)"
        calls = BlockingCalls(store: name)
    }

    public func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        try await run(options) { store, _ in
            try store.directory(of: profile)?.readFile(
                Self.latestName(profile), limit: ProfileStoreLimits.largestProfile)
        }
    }

    public func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        guard signedProfile.count <= ProfileStoreLimits.largestProfile else {
            throw PlatformError(
                .tooLarge, store: name, "A profile has at most \(ProfileStoreLimits.largestProfile) octets.")
        }
        try await changing(options) { store in
            let directory = try store.createDirectory(of: profile)
            try directory.removeAbandonedFiles()
            try directory.subdirectory(LinuxContainerDirectory.locks, create: false)?.removeAbandonedFiles()
            try ProfileArchive.append(
                signedProfile, to: Self.archiveName(profile), in: LinuxContainerDirectory(directory))
            try directory.replaceFile(Self.latestName(profile), with: signedProfile)
        }
    }

    public func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        try await run(options) { store, deadline in
            // Without the lock first: that is enough unless someone is appending at this moment.
            var (archive, path) = try store.readArchive(of: profile)
            if archive?.isTorn == true {
                (archive, path) = try store.locked(deadline) { try store.readArchive(of: profile) }
            }
            guard let archive else { return [] }
            if let number = archive.firstDamaged { throw ProfileArchive.damaged(number, path) }
            return archive.versions.compactMap { $0 }
        }
    }

    public func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        let versions = try await run(options) { store, deadline -> [[UInt8]] in
            guard try store.directory(of: profile) != nil else { return [] }
            return try store.locked(deadline) { () -> [[UInt8]] in
                guard let archive = try store.readArchive(of: profile).archive else { return [] }
                return archive.versions.compactMap { $0 }
            }
        }
        guard let newest = versions.last(where: isValid) else { return nil }
        try await changing(options) { store in
            try store.createDirectory(of: profile).replaceFile(Self.latestName(profile), with: newest)
        }
        return newest
    }

    public func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        guard try await run(options, { store, _ in try store.directory(of: profile) != nil }) else { return false }
        return try await changing(options) { store in
            guard let profiles = try store.profiles(create: false) else { return false }
            try profiles.removeAbandonedFiles()
            return try profiles.removeDirectory(profile.text)
        }
    }

    public func list(options: CallOptions) async throws -> [UDF] {
        try await run(options) { store, _ in
            guard let profiles = try store.profiles(create: false) else { return [] }
            return try profiles.names().compactMap { name in
                guard let profile = UDF(name), profile.text == name,
                    try profiles.status(of: name)?.isDirectory == true
                else { return nil }
                return profile
            }
        }
    }

    public func eraseTestData(options: CallOptions) async throws {
        try home.mode.requireTest(store: name)
        guard try await run(options, { store, _ in try store.profiles(create: false) != nil }) else { return }
        try await changing(options) { store in
            _ = try store.home.root(create: false)?.removeDirectory(HomeDirectory.Name.profiles)
        }
    }

    // MARK: - Files

    private static func latestName(_ profile: UDF) -> String { "\(profile.text).mmm" }
    private static func archiveName(_ profile: UDF) -> String { "\(profile.text).all.mmm" }

    private func profiles(create: Bool) throws -> Directory? {
        try home.directory(HomeDirectory.Name.profiles, create: create)
    }

    private func directory(of profile: UDF) throws -> Directory? {
        try profiles(create: false)?.subdirectory(profile.text, create: false)
    }

    private func createDirectory(of profile: UDF) throws -> Directory {
        guard let directory = try profiles(create: true)?.subdirectory(profile.text, create: true) else {
            throw PlatformError(.changedUnderneath, store: name, "The directory was removed while it was in use.")
        }
        return directory
    }

    private func readArchive(of profile: UDF) throws -> (archive: ProfileArchive?, path: String) {
        guard let directory = try directory(of: profile) else { return (nil, name) }
        let name = Self.archiveName(profile)
        return (try ProfileArchive(name, in: LinuxContainerDirectory(directory)), directory.path(of: name))
    }

    // MARK: - Calls

    private func run<R: Sendable>(
        _ options: CallOptions,
        _ body: @escaping @Sendable (FileProfileStore, ContinuousClock.Instant) throws -> R
    ) async throws -> R {
        let deadline = ContinuousClock.now + options.deadline
        return try await calls.run(deadline: options.deadline) { try body(self, deadline) }
    }

    /// Runs `body` under the lock.
    private func changing<R: Sendable>(
        _ options: CallOptions, _ body: @escaping @Sendable (FileProfileStore) throws -> R
    ) async throws -> R {
        let deadline = ContinuousClock.now + options.deadline
        let abandonment = Abandonment()
        return try await calls.run(deadline: options.deadline, onAbandon: { abandonment.abandon() }) {
            try self.home.lock(Self.lockName).withLock(until: deadline, abandonment: abandonment) {
                try body(self)
            }
        }
    }

    private func locked<R>(_ deadline: ContinuousClock.Instant, _ body: () throws -> R) throws -> R {
        try home.lock(Self.lockName).withLock(until: deadline, body)
    }
}
