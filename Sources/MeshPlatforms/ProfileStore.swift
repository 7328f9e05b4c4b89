import MeshCore

/// Where a machine keeps signed profiles: the latest of each, and every version that was ever accepted.
///
/// The store keeps octets and does not look into them: whoever reads a profile verifies it. The rules that
/// `ProfileStoreConformance` of `MeshPlatformTesting` proves:
///
/// - ``accept(_:of:options:)`` appends to the archive before it replaces the latest, and returns when both are durable.
/// - A crash leaves the old or the new latest, and an archive that holds whatever the latest ever was.
/// - A damaged file throws `corrupt`; it is never taken for an absent profile.
public protocol ProfileStore: Sendable {
    /// Where the store is, for messages: a path, or `memory`.
    var name: String { get }

    /// The latest version of the profile; nil if there is none.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `tooLarge`, `insecurePermissions`, `accessDenied`, `inputOutput`.
    func latest(of profile: UDF, options: CallOptions) async throws -> [UInt8]?

    /// Keeps `signedProfile` as the newest version of the profile. The caller has verified it.
    ///
    /// - Throws: ``PlatformError`` `tooLarge` (over ``ProfileStoreLimits/largestProfile``), `noSpace`, `readOnly`, and
    ///   as ``latest(of:options:)``.
    func accept(_ signedProfile: [UInt8], of profile: UDF, options: CallOptions) async throws

    /// Every accepted version, oldest first; empty if the profile is not there.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, naming the first version that is damaged.
    func archive(of profile: UDF, options: CallOptions) async throws -> [[UInt8]]

    /// Puts back the newest archived version that `isValid` accepts as the latest, for when the latest is missing or
    /// does not verify (platform specification §9, resync). Damaged archive entries are passed over.
    ///
    /// - Returns: the version, or nil if none is valid.
    func restoreLatest(
        of profile: UDF, options: CallOptions, where isValid: @Sendable ([UInt8]) -> Bool
    ) async throws -> [UInt8]?

    /// Removes the profile with its archive; false if it was not there.
    func remove(_ profile: UDF, options: CallOptions) async throws -> Bool

    /// The profiles that are here, ordered by fingerprint.
    func list(options: CallOptions) async throws -> [UDF]

    /// Removes all profiles. In test modes only: `productionRefused` otherwise.
    func eraseTestData(options: CallOptions) async throws
}

/// Limits that hold for every profile store.
public enum ProfileStoreLimits {
    /// The largest signed profile, in octets.
    public static let largestProfile = 1 << 20
}

extension ProfileStore {
    /// As ``latest(of:options:)`` with the usual options.
    public func latest(of profile: UDF) async throws -> [UInt8]? {
        try await latest(of: profile, options: CallOptions())
    }

    /// As ``accept(_:of:options:)`` with the usual options.
    public func accept(_ signedProfile: [UInt8], of profile: UDF) async throws {
        try await accept(signedProfile, of: profile, options: CallOptions())
    }

    /// As ``archive(of:options:)`` with the usual options.
    public func archive(of profile: UDF) async throws -> [[UInt8]] {
        try await archive(of: profile, options: CallOptions())
    }

    /// As ``remove(_:options:)`` with the usual options.
    public func remove(_ profile: UDF) async throws -> Bool { try await remove(profile, options: CallOptions()) }

    /// As ``list(options:)`` with the usual options.
    public func list() async throws -> [UDF] { try await list(options: CallOptions()) }
}
