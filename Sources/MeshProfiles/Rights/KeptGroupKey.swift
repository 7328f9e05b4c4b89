import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A key of a right as the account keeps it in its access catalog (`schema-08` §10.4, CapabilityDecrypt): sealed to the escrow
/// key of the profile, by which who recovers the profile opens it; and, once there is a newer key of the right, to that one:
/// so a device needs only the newest key to read what is older.
public struct KeptGroupKey: Sendable {
    static let kind = "CapabilityDecrypt"

    /// The right.
    public let right: Right
    /// Which of the right's keys it is.
    public let generation: Int
    /// The fingerprint of the key.
    public let key: UDF
    private let envelope: DAREEnvelope

    /// The entry of the access catalog that keeps `key`.
    ///
    /// - Parameters:
    ///   - readers: who can open it.
    ///   - signer: the administration key of the account.
    /// - Throws: ``ProfileError`` `badKey` for a reader's key to which nothing can be sealed.
    public static func entry(
        for key: GroupKey, readers: [PublicKey], signedBy signer: PrivateKey, at time: Timestamp,
        random: any RandomSource
    ) throws(ProfileError) -> CatalogedAccess {
        let sealed = try SealedAssertion.seal(
            ActivationApplication(keys: [key]), to: readers, by: signer, created: time, random: random)
        return CatalogedAccess(
            kind,
            [
                "Id": .string(key.key.publicKey.udf.text), "SubjectId": .string(key.right.rawValue),
                "Generation": .integer(Int64(key.generation)), "EnvelopedKeyShares": .array([sealed.value]),
            ])
    }

    /// What an entry of the access catalog keeps; nil if it is something else.
    public init?(_ entry: CatalogedAccess) {
        guard let (kind, members) = entry.capability, kind == Self.kind,
            let key = members["Id"]?.string.flatMap({ UDF($0) }), let right = members["SubjectId"]?.string,
            let generation = members["Generation"]?.integer.flatMap({ Int(exactly: $0) }),
            let shares = members["EnvelopedKeyShares"]?.array, shares.count == 1,
            let envelope = try? DAREEnvelope(shares[0])
        else { return nil }
        self.right = Right(rawValue: right)
        self.generation = generation
        self.key = key
        self.envelope = envelope
    }

    /// Whether `reader` can open it.
    public func isFor(_ reader: PublicKey) -> Bool {
        ((try? envelope.members.recipients) ?? []).contains { $0.names(reader) }
    }

    /// The key.
    ///
    /// - Parameter signer: the administration key of the account.
    /// - Throws: ``ProfileError`` `badSignature`, `cannotOpen`, `malformed`; `notRelated` if another key is inside.
    public func open(with reader: PrivateKey, signedBy signer: PublicKey) throws(ProfileError) -> GroupKey {
        let opened = try SealedAssertion.open(ActivationApplication.self, envelope, with: reader, signedBy: signer)
        guard opened.keys.count == 1, let key = opened.keys.first, key.key.publicKey.udf == self.key,
            key.right == right, key.generation == generation
        else { throw ProfileError(.notRelated, "In the entry of the key \(self.key) is another key.") }
        return key
    }
}
