import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// What a maker publishes of a device, for whoever reads its code (`schema-08` §10.5, DevicePreconfiguration). Signed by the
/// device's own signature key; sealed under its code before it is published.
public struct DevicePreconfiguration: AssertionContent {
    public static let tag = "DevicePreconfiguration"

    /// The device's profile.
    public let profile: DAREEnvelope
    /// The connection of the device to the account of its maker, if there is one.
    public let connection: DAREEnvelope?
    /// The address by which the device is connected: `mcu://account/code`.
    public let connectURI: String?

    /// A description of those parts. The address may not hold the code: it stands with what is published.
    public init(profile: VerifiedProfile<ProfileDevice>, connection: DAREEnvelope? = nil, connectURI: String? = nil) {
        self.profile = profile.envelope
        self.connection = connection
        self.connectURI = connectURI
    }

    public init(members: JSONObject) throws(ProfileError) {
        profile = try members.envelope("EnvelopedProfileDevice")
        connection =
            members["EnvelopedConnectionDevice"] == nil ? nil : try members.envelope("EnvelopedConnectionDevice")
        connectURI = members["ConnectUri"]?.string
    }

    public var members: JSONObject {
        var members: JSONObject = ["EnvelopedProfileDevice": profile.value]
        members["EnvelopedConnectionDevice"] = connection?.value
        members["ConnectUri"] = connectURI.map { .string($0) }
        return members
    }
}

/// A published device whose profile and description were verified. There is no other way to get one.
public struct VerifiedPreconfiguration: Sendable {
    /// The description.
    public let description: VerifiedAssertion<DevicePreconfiguration>
    /// The device.
    public let device: VerifiedProfile<ProfileDevice>

    /// Verifies that the device signed the description that holds its profile.
    ///
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`.
    public init(verifying signed: [UInt8]) throws(ProfileError) {
        let object = try SignedObject<DevicePreconfiguration>(reading: signed)
        device = try VerifiedProfile(verifying: object.content.profile)
        description = try VerifiedAssertion(object, signed: signed, by: device.content.baseSignature)
    }
}
