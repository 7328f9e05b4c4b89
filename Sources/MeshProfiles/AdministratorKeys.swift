import MeshCryptography

/// The private keys of an account that an administrator has: to admit devices, and to hand to them.
public struct AdministratorKeys: Sendable {
    /// Signs connections and activations.
    public let administratorSignature: PrivateKey
    /// Opens what is encrypted to the account.
    public let accountEncryption: PrivateKey
    /// Authenticates as the account.
    public let accountAuthentication: PrivateKey
    /// Signs as the account.
    public let accountSignature: PrivateKey

    /// From the account's own seed.
    ///
    /// - Throws: ``ProfileError`` `wrongSeed`; ``CryptographyError``.
    public init(seed: SecretSeed) throws {
        administratorSignature = try ProfileUser.key(.adminSign, from: seed)
        accountEncryption = try ProfileUser.key(.encrypt, from: seed)
        accountAuthentication = try ProfileUser.key(.authenticate, from: seed)
        accountSignature = try ProfileUser.key(.sign, from: seed)
    }

    /// Those of a device that administers the account.
    ///
    /// - Throws: ``ProfileError`` `notPermitted` if it does not.
    public init(_ keys: AccountKeys) throws(ProfileError) {
        guard let administratorSignature = keys.administratorSignature else {
            throw ProfileError(
                .notPermitted, "The device \(keys.device.udf) does not administer the account.",
                remedy: "Do it on a device that does.")
        }
        self.administratorSignature = administratorSignature
        accountEncryption = keys.accountEncryption
        accountAuthentication = keys.accountAuthentication
        accountSignature = keys.accountSignature
    }

    /// Whether they are the keys that `profile` states.
    func belong(to profile: ProfileUser) -> Bool {
        administratorSignature.publicKey == profile.administratorSignature
            && accountEncryption.publicKey == profile.accountEncryption
            && accountAuthentication.publicKey == profile.accountAuthentication
            && accountSignature.publicKey == profile.accountSignature
    }
}
