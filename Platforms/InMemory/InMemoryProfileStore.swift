import MeshCore
import MeshPlatforms
import Synchronization

/// A profile store in the memory of this process.
public final class InMemoryProfileStore: ProfileStore {
    private struct Versions {
        var latest: [UInt8]?
        var archive: [[UInt8]] = []
    }
    private final class Contents: Sendable {
        let profiles = Mutex<[PlatformMode: [UDF: Versions]]>([:])
    }

    /// Whose profiles these are.
    public let mode: PlatformMode
    public let name = "memory"
    private let contents: Contents

    /// A new, empty store.
    public convenience init(mode: PlatformMode = .test("memory")) {
        self.init(mode: mode, contents: Contents())
    }

    private init(mode: PlatformMode, contents: Contents) {
        self.mode = mode
        self.contents = contents
    }

    /// Another store of the same memory, as another process on one machine would open it: for this mode or another.
    public func reopened(in mode: PlatformMode? = nil) -> InMemoryProfileStore {
        InMemoryProfileStore(mode: mode ?? self.mode, contents: contents)
    }

    /// Forgets the latest version of the profile and keeps its archive, as after a loss of the file, for tests of
    /// resynchronisation.
    public func loseLatest(of profile: UDF) {
        contents.profiles.withLock { $0[mode]?[profile]?.latest = nil }
    }

    private func versions(of profile: UDF) throws -> Versions? {
        try Task.checkCancellation()
        return contents.profiles.withLock { $0[mode]?[profile] }
    }

    public func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]? {
        try versions(of: profile)?.latest
    }

    public func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws {
        try Task.checkCancellation()
        guard signedProfile.count <= ProfileStoreLimits.largestProfile else {
            throw PlatformError(
                .tooLarge, store: name,
                "The profile \(profile) has \(signedProfile.count) octets; \(ProfileStoreLimits.largestProfile) are allowed."
            )
        }
        contents.profiles.withLock { profiles in
            profiles[mode, default: [:]][profile, default: Versions()].archive.append(signedProfile)
            profiles[mode, default: [:]][profile, default: Versions()].latest = signedProfile
        }
    }

    public func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]] {
        try versions(of: profile)?.archive ?? []
    }

    public func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]? {
        try Task.checkCancellation()
        return contents.profiles.withLock { profiles in
            guard let valid = profiles[mode]?[profile]?.archive.last(where: isValid) else { return nil }
            profiles[mode]?[profile]?.latest = valid
            return valid
        }
    }

    public func remove(_ profile: UDF, options: CallOptions) async throws -> Bool {
        try Task.checkCancellation()
        return contents.profiles.withLock { $0[mode]?.removeValue(forKey: profile) != nil }
    }

    public func list(options: CallOptions) async throws -> [UDF] {
        try Task.checkCancellation()
        return contents.profiles.withLock { $0[mode].map { Array($0.keys) } ?? [] }.sorted { $0.text < $1.text }
    }

    public func eraseTestData(options: CallOptions) async throws {
        try mode.requireTest(store: name)
        try Task.checkCancellation()
        contents.profiles.withLock { $0[mode] = nil }
    }
}
