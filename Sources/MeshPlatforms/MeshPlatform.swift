import MeshCore

/// What a machine offers to a session: key store, registry, profile files, containers, time and randomness, all of one mode.
///
/// A session is given a platform and never knows which one it has. Each part can be replaced alone.
public protocol MeshPlatform: Sendable {
    /// Whose data these are.
    var mode: PlatformMode { get }
    /// Where secrets are kept.
    var keys: any KeyStore { get }
    /// Where settings are kept.
    var registry: any Registry { get }
    /// Where signed profiles are kept.
    var profiles: any ProfileStore { get }
    /// Where containers (catalogs, spools and other DARE sequences) are kept.
    var containers: any ContainerStore { get }
    /// What tells the time.
    var clock: any MeshClock { get }
    /// Where randomness comes from.
    var random: any RandomSource { get }
    /// What people call this machine, such as the host's name; nil if it has none.
    var machineName: String? { get }

    /// Erases everything of this test mode: keys (in keyrings too), registry, profiles, containers, files. Follows no link out.
    ///
    /// Can be repeated: erasing nothing is no error.
    ///
    /// - Throws: ``PlatformError`` `productionRefused` in production mode, and what the parts throw. What could be
    ///   erased before a failure stays erased.
    func eraseTestData() async throws
}

extension MeshPlatform {
    /// None.
    public var machineName: String? { nil }

    /// Erases the parts, keys first, so that a failure in between leaves the rest for another try.
    public func eraseTestData() async throws {
        try mode.requireTest(store: "platform")
        _ = try await keys.eraseTestKeys(options: CallOptions())
        try await containers.eraseTestData(options: CallOptions())
        try await profiles.eraseTestData(options: CallOptions())
        try await registry.eraseTestData(options: CallOptions())
    }
}
