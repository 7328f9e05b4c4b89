import MeshCryptography

/// The private keys by which a person is known to others: those that the profile states for messages.
public struct PersonKeys: Sendable {
    /// Opens what is encrypted to the account.
    public let encryption: PrivateKey
    /// Authenticates as the account.
    public let authentication: PrivateKey
    /// Signs as the account.
    public let signature: PrivateKey

    init(encryption: PrivateKey, authentication: PrivateKey, signature: PrivateKey) {
        self.encryption = encryption
        self.authentication = authentication
        self.signature = signature
    }

    /// Whether they are the keys that `profile` states.
    func belong(to profile: ProfileUser) -> Bool {
        encryption.publicKey == profile.accountEncryption && authentication.publicKey == profile.accountAuthentication
            && signature.publicKey == profile.accountSignature
    }
}

/// The private keys of an account that an administrator has: to admit devices, and to hand to them.
public struct AdministratorKeys: Sendable {
    /// Signs connections and activations.
    public let administratorSignature: PrivateKey
    /// By which the person is known to others.
    public let person: PersonKeys
    /// The keys of the rights.
    public var groups: [GroupKey] = []
    /// Opens what is encrypted to the account.
    public var accountEncryption: PrivateKey { person.encryption }

    /// From the account's own seed, without the keys of the rights, which do not follow from it.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`; ``CryptographyError``.
    public init(seed: SecretSeed) throws {
        administratorSignature = try ProfileUser.key(.adminSign, from: seed)
        person = PersonKeys(
            encryption: try ProfileUser.key(.encrypt, from: seed),
            authentication: try ProfileUser.key(.authenticate, from: seed),
            signature: try ProfileUser.key(.sign, from: seed))
    }

    /// Those of a device that administers the account.
    ///
    /// - Throws: ``ProfileError`` `notPermitted` if it does not.
    public init(_ keys: AccountKeys) throws(ProfileError) {
        guard let administratorSignature = keys.administratorSignature, let person = keys.person else {
            throw ProfileError(
                .notPermitted, "The device \(keys.device.udf) does not administer the account.",
                remedy: "Do it on a device that does.")
        }
        self.administratorSignature = administratorSignature
        self.person = person
        groups = keys.groups
    }

    /// Whether they are the keys that `profile` states.
    func belong(to profile: ProfileUser) -> Bool {
        administratorSignature.publicKey == profile.administratorSignature && person.belong(to: profile)
    }
}
