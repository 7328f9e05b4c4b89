import MeshCore
import MeshCryptography
import MeshEncoding

/// What a person says of themselves: the *personal profile* of the guide (`schema-08` §10.2, ProfileUser).
public struct ProfileUser: ProfileContent {
    public static let tag = "ProfileUser"
    public static let seedType: KeySpecifier = KeySpecifier.profileAccount

    public let profileSignature: PublicKey
    /// The portal account, once there is one.
    public let accountAddress: String?
    /// The fingerprint of the profile of the service that the account is at: what a client pins.
    public let serviceUDF: UDF?
    /// The key that signs for the person's administration devices.
    public let administratorSignature: PublicKey
    /// The key to encrypt to the person.
    public let accountEncryption: PublicKey
    /// The key by which the person authenticates.
    public let accountAuthentication: PublicKey
    /// The key by which the person signs.
    public let accountSignature: PublicKey
    /// The key to which decryption keys are escrowed.
    public let escrowEncryption: PublicKey
    /// The keys of devices that the holder of the seed has made administrators when no other was left to do so, each once. A
    /// device with such a key enters itself in the device catalog. (`RecoveryKeys`, an extension of the schema.)
    public private(set) var recoveryKeys: [PublicKey] = []
    public let updated: Timestamp?

    /// What the person whose seed is `seed` says of themselves.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`, ``CryptographyError``.
    public init(
        seed: SecretSeed, accountAddress: String? = nil, serviceUDF: UDF? = nil, recoveryKeys: [PublicKey] = [],
        updated: Timestamp
    ) throws {
        profileSignature = try Self.key(.profile, from: seed).publicKey
        self.accountAddress = accountAddress
        self.serviceUDF = serviceUDF
        administratorSignature = try Self.key(.adminSign, from: seed).publicKey
        accountEncryption = try Self.key(.encrypt, from: seed).publicKey
        accountAuthentication = try Self.key(.authenticate, from: seed).publicKey
        accountSignature = try Self.key(.sign, from: seed).publicKey
        escrowEncryption = try Self.key(.escrow, from: seed).publicKey
        self.recoveryKeys = recoveryKeys
        self.updated = updated
    }

    public init(members: JSONObject) throws(ProfileError) {
        profileSignature = try KeyData.decode("ProfileSignature", of: members, algorithms: KeyData.signing)
        accountAddress = members["AccountAddress"]?.string
        serviceUDF = members["ServiceUdf"]?.string.flatMap { UDF($0) }
        administratorSignature = try KeyData.decode("AdministratorSignature", of: members, algorithms: KeyData.signing)
        accountEncryption = try KeyData.decode("AccountEncryption", of: members, algorithms: KeyData.agreement)
        accountAuthentication = try KeyData.decode(
            "AccountAuthentication", of: members, algorithms: KeyData.agreement.union(KeyData.signing))
        accountSignature = try KeyData.decode("AccountSignature", of: members, algorithms: KeyData.signing)
        escrowEncryption = try KeyData.decode("EscrowEncryption", of: members, algorithms: KeyData.agreement)
        updated = members["Updated"]?.string.flatMap { Timestamp($0) }
        guard let list = members["RecoveryKeys"], list != .null else { return }
        guard let list = list.array, list.count <= Self.mostRecoveryKeys else {
            throw ProfileError(.malformed, "The keys by which the profile was recovered are no list, or too many.")
        }
        for key in list {
            recoveryKeys.append(try KeyData.decode("RecoveryKeys", of: ["RecoveryKeys": key], algorithms: [.ed448]))
        }
    }

    /// How often a profile can be recovered.
    public static let mostRecoveryKeys = 256

    public var members: JSONObject {
        var members = JSONObject()
        members["ProfileSignature"] = KeyData.encode(profileSignature)
        members["AccountAddress"] = accountAddress.map { .string($0) }
        members["ServiceUdf"] = serviceUDF.map { .string($0.text) }
        members["EscrowEncryption"] = KeyData.encode(escrowEncryption)
        members["AccountEncryption"] = KeyData.encode(accountEncryption)
        members["AdministratorSignature"] = KeyData.encode(administratorSignature)
        members["AccountAuthentication"] = KeyData.encode(accountAuthentication)
        members["AccountSignature"] = KeyData.encode(accountSignature)
        members["RecoveryKeys"] =
            recoveryKeys.isEmpty ? nil : .array(recoveryKeys.map { KeyData.encode($0) })
        members["Updated"] = updated.map { .string($0.description) }
        return members
    }
}
