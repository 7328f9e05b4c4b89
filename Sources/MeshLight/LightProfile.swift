import MeshCore
import MeshPortals
internal import MeshProfiles
internal import MeshSessions

/// What there is to know of the personal profile that this machine is connected to.
public struct LightProfile: Sendable, Equatable {
    /// Its fingerprint.
    public let udf: String
    /// Its accounts, `name@portal`, the default first.
    public let accounts: [String]
    /// The fingerprint of this device.
    public let device: String
    /// What this device may do.
    public let rights: [String]
}

/// The default personal profile. Needs no portal.
///
/// - Throws: ``PlatformError`` `notFound` if there is none; ``SessionError`` `noAccount`, `notConnected`.
public func personalProfile(_ context: LightContext) async throws -> LightProfile {
    let personal = try await context.session.personalSession()
    guard let device = try await personal.connectedDevices().first(where: \.isThis) else {
        throw SessionError(.notConnected, "This device is none of the account's.")
    }
    return LightProfile(
        udf: personal.udf.text, accounts: try await personal.accounts().map(\.canonical), device: device.udf.text,
        rights: device.device.rights.map(\.rawValue))
}

/// Receives what other devices have changed, and sends what was changed here.
///
/// - Returns: how many entries two devices have changed, which wait until a person decides.
/// - Throws: as `PersonalSession.sync`.
@discardableResult
public func synchronize(_ context: LightContext) async throws -> Int {
    try await context.session.personalSession().sync().conflicts.count
}
