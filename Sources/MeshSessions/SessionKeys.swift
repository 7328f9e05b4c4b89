import MeshCryptography
import MeshPlatforms
import MeshProfiles

// Private keys, for work that takes a key of a profile: opening what was sealed to it, signing in its name.
extension PersonalSession {
    /// The private key of the profile for `operation`, derived from the seed in the key store. It is for one piece of work:
    /// let go of it afterwards.
    ///
    /// - Throws: ``SessionError`` `keyMissing`, `keyMismatch`; ``PlatformError`` of the key store; ``CryptographyError``.
    public func privateKey(_ operation: MeshKeyName.Operation) async throws -> PrivateKey {
        let (seed, _) = try await ProfileKeeper(platform: platform).seed(ProfileUser.self, of: udf)
        return try ProfileUser.key(operation, from: seed)
    }
}

extension MeshSession {
    /// The private key of `device` for `operation`; as ``PersonalSession/privateKey(_:)``.
    public func privateKey(
        _ operation: MeshKeyName.Operation, of device: DeviceRegistration
    ) async throws -> PrivateKey {
        let (seed, _) = try await ProfileKeeper(platform: platform).seed(ProfileDevice.self, of: device.udf)
        return try ProfileDevice.key(operation, from: seed)
    }
}
