import MeshCore
import MeshCryptography
import MeshDARE

/// What a device has of an account: its own summed keys for it, and those keys of the account that its rights give it.
///
/// Made from the device's seed and its activations, which only together give the keys: the one place that opens activations.
public struct AccountKeys: Sendable {
    /// The device, as it is connected.
    public let device: ConnectedDevice
    /// Opens what the device seals to itself. It is the device's alone, and stays when the device is connected anew.
    public let own: PrivateKey
    /// Signs as the device.
    public let signature: PrivateKey
    /// Opens what is encrypted to the device for the account.
    public let encryption: PrivateKey
    /// Authenticates as the device.
    public let authentication: PrivateKey
    /// By which the person is known to others; nil without the right ``Right/messages``.
    public let person: PersonKeys?
    /// The keys of the rights that the device has: the newest of each, and the one before it.
    public let groups: [GroupKey]
    /// Signs connections. Only administrators have it.
    public let administratorSignature: PrivateKey?

    /// Opens the activations in the device's entry.
    ///
    /// The entry is verified as ``ConnectedDevice`` says; the sums of the device's own keys and those of the activation must be
    /// the keys that the connection lists, and the account's private keys those of its profile.
    ///
    /// - Parameters:
    ///   - seed: the seed of the device's profile.
    ///   - account: the account's profile, the newest that is known.
    /// - Throws: ``ProfileError`` as ``ConnectedDevice/init(verifying:of:)``; `wrongSeed`, `cannotOpen`, `wrongActivation`,
    ///   `notRelated`, `badKey`.
    public init(
        opening entry: CatalogedDevice, of account: VerifiedProfile<ProfileUser>, seed: SecretSeed
    ) throws(ProfileError) {
        let device = try ConnectedDevice(verifying: entry, of: account)
        let administrator = account.content.administratorSignature
        guard try Self.key(.profile, from: seed).publicKey == device.profile.content.profileSignature else {
            throw ProfileError(
                .wrongSeed, "The seed is that of another device than \(device.udf).",
                remedy: "Open the entry of this device.")
        }
        own = try Self.key(.encrypt, from: seed)
        let activation = try SealedAssertion.open(
            ActivationDevice.self, ConnectedDevice.envelope(entry.envelopedActivationDevice, "an activation"),
            with: own, signedBy: administrator)
        guard activation.account == account.udf else {
            throw ProfileError(.notRelated, "The activation is one of the account \(activation.account).")
        }
        signature = try Self.sum(.sign, seed, activation.seed, device.signature)
        encryption = try Self.sum(.encrypt, seed, activation.seed, device.encryption)
        authentication = try Self.sum(.authenticate, seed, activation.seed, device.authentication)

        let keys = try SealedAssertion.open(
            ActivationAccount.self,
            ConnectedDevice.envelope(entry.envelopedActivationAccount, "an activation of the account"),
            with: encryption, signedBy: administrator)
        guard keys.person.map({ $0.belong(to: account.content) }) ?? true,
            keys.administratorSignature.map({ $0.publicKey == administrator }) ?? true
        else { throw ProfileError(.badKey, "The keys that the device was handed are not those of the account.") }
        guard (keys.administratorSignature != nil) == device.isAdministrator,
            (keys.person != nil) == device.rights.give(.messages)
        else {
            throw ProfileError(.notRelated, "The device was handed other keys than its rights give it.")
        }
        self.device = device
        var groups: [GroupKey] = []
        for value in entry.envelopedActivationApplication {
            groups += try SealedAssertion.open(
                ActivationApplication.self, ConnectedDevice.envelope(value, "an activation of its rights"),
                with: encryption, signedBy: administrator
            ).keys
        }
        self.groups = groups
        guard groups.allSatisfy({ device.rights.give($0.right) }) else {
            throw ProfileError(.notRelated, "The device was handed the key of a right that it does not have.")
        }
        person = keys.person
        administratorSignature = keys.administratorSignature
    }

    private static func key(
        _ operation: MeshKeyName.Operation, from seed: SecretSeed
    ) throws(ProfileError) -> PrivateKey {
        do {
            return try ProfileDevice.key(operation, from: seed)
        } catch {
            throw ProfileError(.wrongSeed, "The seed is not one of a device.", cause: error)
        }
    }

    private static func sum(
        _ operation: MeshKeyName.Operation, _ base: SecretSeed, _ contribution: SecretSeed, _ listed: PublicKey
    ) throws(ProfileError) -> PrivateKey {
        let sum: PrivateKey
        do {
            sum = try PrivateKey.sum(key(operation, from: base), contribution.deriveKey(operation))
        } catch {
            throw ProfileError(.wrongActivation, "The device's key and its activation have no sum.", cause: error)
        }
        guard sum.publicKey == listed else {
            throw ProfileError(
                .wrongActivation, "The sum of the device's key and its activation is not the key of its connection.",
                remedy: "Have the device connected anew.")
        }
        return sum
    }
}
