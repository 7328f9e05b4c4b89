import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// Connects devices to an account: the one place that makes connections and activations (`schema-08` §7).
public struct DeviceConnector: Sendable {
    private let account: VerifiedProfile<ProfileUser>
    private let keys: AdministratorKeys

    /// - Throws: ``ProfileError`` `badKey` if the keys are not those of the account.
    public init(account: VerifiedProfile<ProfileUser>, keys: AdministratorKeys) throws(ProfileError) {
        guard keys.belong(to: account.content) else {
            throw ProfileError(.badKey, "The private keys are not those that the profile \(account.udf) states.")
        }
        self.account = account
        self.keys = keys
    }

    /// The entry of the device catalog that connects `device`: with its connection, and its activations sealed to it.
    ///
    /// The device's keys for the account are the sums of its own and those of a new seed, so that neither the device without
    /// the activation, nor whoever gets hold of the activation, can use them.
    ///
    /// - Parameters:
    ///   - rights: what the device may do. With ``Right/administrator`` it gets the key that signs connections.
    ///   - time: when the connection is made.
    /// - Throws: ``ProfileError`` `badKey` for a device whose keys are not Ed448 and X448.
    public func connect(
        _ device: VerifiedProfile<ProfileDevice>, rights: [Right], at time: Timestamp, random: any RandomSource
    ) throws(ProfileError) -> CatalogedDevice {
        let activation = ActivationDevice(
            seed: SecretSeed(.activationDevice, from: random), account: account.udf)
        let connection = try VerifiedAssertion(
            signing: connection(of: device, seed: activation.seed, rights: rights, at: time),
            by: keys.administratorSignature, created: time)
        let signer = keys.administratorSignature
        var entry = CatalogedDevice()
        entry.udf = connection.content.signature.udf.text
        entry.deviceUDF = device.udf.text
        entry.signatureUDF = account.udf.text
        entry.envelopedProfileUser = account.envelope.value
        entry.envelopedProfileDevice = device.envelope.value
        entry.content["EnvelopedConnectionDevice"] = connection.envelope.value
        entry.envelopedActivationDevice =
            try SealedAssertion.seal(
                activation, to: device.content.baseEncryption, by: signer, created: time, random: random
            ).value
        try hand(keysFor: connection.content, in: &entry, at: time, random: random)
        _ = try ConnectedDevice(verifying: entry, of: account)
        return entry
    }

    /// The entry of a device that is connected, with other rights, or with the keys that the rights have now. The device's own
    /// keys for the account stay.
    ///
    /// - Parameter rights: what the device may do from now on; nil: what it may.
    /// - Throws: ``ProfileError`` as ``ConnectedDevice/init(verifying:of:)``.
    public func change(
        _ entry: CatalogedDevice, rights: [Right]? = nil, at time: Timestamp, random: any RandomSource
    ) throws(ProfileError) -> CatalogedDevice {
        let old = try ConnectedDevice(verifying: entry, of: account).connection.content
        var entry = entry
        var content = old
        if let rights, rights != old.rights {
            content = ConnectionDevice(
                subject: old.subject, authority: old.authority, accountAddress: old.accountAddress,
                signature: old.signature, encryption: old.encryption, authentication: old.authentication,
                rights: rights, updated: time)
            let connection = try VerifiedAssertion(
                signing: content, by: keys.administratorSignature, created: time)
            entry.envelopedConnection = connection.envelope.value
        }
        try hand(keysFor: content, in: &entry, at: time, random: random)
        _ = try ConnectedDevice(verifying: entry, of: account)
        return entry
    }

    /// Seals to a device the keys that its rights give it.
    private func hand(
        keysFor connection: ConnectionDevice, in entry: inout CatalogedDevice, at time: Timestamp,
        random: any RandomSource
    ) throws(ProfileError) {
        let signer = keys.administratorSignature
        entry.envelopedActivationAccount =
            try SealedAssertion.seal(
                ActivationAccount(keys: keys, rights: connection.rights), to: connection.encryption, by: signer,
                created: time, random: random
            ).value
        let groups = keys.groups.handed(to: connection.rights)
        entry.envelopedActivationApplication =
            groups.isEmpty
            ? []
            : [
                try SealedAssertion.seal(
                    ActivationApplication(keys: groups), to: connection.encryption, by: signer, created: time,
                    random: random
                ).value
            ]
    }

    private func connection(
        of device: VerifiedProfile<ProfileDevice>, seed: SecretSeed, rights: [Right], at time: Timestamp
    ) throws(ProfileError) -> ConnectionDevice {
        func sum(_ base: PublicKey, _ operation: MeshKeyName.Operation) throws(ProfileError) -> PublicKey {
            do {
                return try PublicKey.sum(base, seed.deriveKey(operation).publicKey)
            } catch {
                throw ProfileError(
                    .badKey, "Nothing can be added to the \(base.algorithm) key \(base.udf) of the device.",
                    remedy: "Make a new device profile.", cause: error)
            }
        }
        return ConnectionDevice(
            subject: device.udf, authority: account.udf, accountAddress: account.content.accountAddress,
            signature: try sum(device.content.baseSignature, .sign),
            encryption: try sum(device.content.baseEncryption, .encrypt),
            authentication: try sum(device.content.baseAuthentication, .authenticate), rights: rights, updated: time)
    }
}
