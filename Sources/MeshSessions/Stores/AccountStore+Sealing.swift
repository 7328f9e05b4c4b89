import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles

// Secrets inside of entries, sealed apart: who looks at an entry does not open them, and they are never a text.
//
// The store is encrypted besides, to the same devices. When one of them loses the right, the entries are encrypted anew, and the
// sealed parts in them stay as they are: the device cannot get at them through the new encryption. It may have kept them from
// before, though: ``isSealedToFormerKey(_:)`` says so.
extension AccountStore {
    /// Seals a secret that an entry of this store is to hold, for the devices that may read the store now: a DARE envelope,
    /// encrypted by A256GCM to the newest key of the store's right.
    ///
    /// - Parameters:
    ///   - id: `EnvelopeId`, by which it is found among others; not encrypted by itself.
    ///   - contentType: the media type of the secret; not encrypted by itself.
    /// - Returns: the value of a member of an entry.
    /// - Throws: ``SessionError`` `rightMissing` if this device may not read the store, or the portal may.
    public func seal(
        _ secret: borrowing SecretBytes, id: String? = nil, contentType: String? = nil
    ) throws -> JSONValue {
        var sealer = EnvelopeSealer(recipients: [try newestKey().publicKey])
        sealer.encryption = .a256GCM
        sealer.random = platform.random
        sealer.envelopeID = id
        if let contentType {
            var meta = ContentMeta()
            meta.contentType = contentType
            sealer.contentMeta = meta
        }
        return try sealer.seal(secret).value
    }

    /// Opens what ``seal(_:id:contentType:)`` gave on any device, with any key of the store's right that this device has, or that
    /// the account keeps for those who have the newest.
    ///
    /// That it opens says that somebody sealed it who could: who may write the store is proved by the store itself.
    ///
    /// - Throws: ``DAREError`` `wrongRecipient`, `malformed`, `decryptionFailed`; ``SessionError`` `rightMissing`;
    ///   ``PlatformError``.
    public func open(_ sealed: JSONValue) async throws -> SecretBytes {
        let envelope = try DAREEnvelope(sealed)
        let right = try storeRight()
        _ = try newestKey()
        return try await workWithStores { stores in
            SharedSecret(try envelope.openSecret(with: DecryptionKeys(try stores.allKeys(of: right))))
        }.bytes.duplicate()
    }

    /// Whether a sealed part is sealed to another key than the newest of the store's right: then there may be a device that knows
    /// the secret, and has lost the right since, or was removed. What the secret opens should be closed by another.
    ///
    /// - Throws: ``DAREError`` `malformed`; ``SessionError`` `rightMissing`.
    public func isSealedToFormerKey(_ sealed: JSONValue) throws -> Bool {
        let newest = try newestKey().publicKey
        let recipients = try DAREEnvelope(sealed).members.recipients
        return recipients.isEmpty || !recipients.allSatisfy { $0.names(newest) }
    }

    private func storeRight() throws -> Right {
        guard let right = name.right else {
            throw SessionError(
                .rightMissing, "\(name.containerName) is read by the portal too: no secret can be sealed for it.")
        }
        return right
    }

    private func newestKey() throws -> PrivateKey { try stores.keys.newest(of: storeRight(), for: name).key }
}
