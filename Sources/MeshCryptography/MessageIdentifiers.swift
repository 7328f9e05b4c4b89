import MeshCore

/// The identifiers that belong to a message's own (`schema-08` §6.2).
public struct MessageIdentifiers: Hashable, Sendable {
    /// The identifier of the envelope the message travels in.
    public let envelope: UDF
    /// The identifier of the answer to it.
    public let response: UDF

    /// The identifiers for the message that `message` identifies: SHA-3 when that is a SHA-3 digest, else SHA-2.
    public init(of message: UDF) {
        let hash: ContentDigest.Hash = (80...84).contains(message.type.rawValue) ? .sha3 : .sha2
        let data = message.data
        envelope = ContentDigest(of: data, contentType: "application/mmm/envelopeid", hash: hash).udf()
        response = ContentDigest(of: data, contentType: "application/mmm/responseid", hash: hash).udf()
    }
}

/// The value that two people compare to connect a device: both ends make it from what they saw (protocol-09).
public enum ConnectionWitness {
    /// The witness text: seven groups of four characters, no type identifier.
    ///
    /// - Parameters:
    ///   - account: the account profile's signature key.
    ///   - serverNonce: the nonce the service chose, 16 octets.
    ///   - device: the device profile's signature key.
    ///   - clientNonce: the nonce the device chose, 16 octets.
    ///   - form: how the fingerprints are made.
    public static func text(
        account: PublicKey, serverNonce: [UInt8], device: PublicKey, clientNonce: [UInt8], form: KeyInfoForm = .draft
    ) -> String {
        let hash = HashAlgorithm.sha512
        let left = hash.digest(account.fingerprintOctets(form: form) + serverNonce)
        let right = hash.digest(device.fingerprintOctets(form: form) + clientNonce)
        return UDF.present(hash.digest(left + right), bits: UDF.defaultBits)
    }
}
