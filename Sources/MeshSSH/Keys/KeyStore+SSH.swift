import MeshCore
import MeshCryptography
import MeshPlatforms

// SSH keys in key stores, of whatever kind.
//
// What is stored is the key in OpenSSH's binary form (`openssh-key-v1`), not encrypted: the store protects it. The form
// says which kind of key it is, so that nothing else needs to. The key is known by the Mesh fingerprint of its public half.
extension KeyStore {
    /// Takes the SSH key called `identifier` out of the store.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `notExportable`, `unsupported` for a key that is no SSH key, `corrupt`, and
    ///   what reading throws.
    public func exportSSHKey(_ identifier: UDF, options: CallOptions = CallOptions()) async throws -> SSHPrivateKey {
        guard let stored = try await read(identifier, options: options) else {
            throw PlatformError(.notFound, store: traits.name, "There is no key \(identifier).")
        }
        guard stored.item.isExportable else {
            throw PlatformError(
                .notExportable, store: traits.name, "The key \(identifier) may be used, but not taken out.")
        }
        let magic = SSHPrivateKey.containerMagic
        guard stored.secret.withUnsafeBytes({ $0.starts(with: magic) }) else {
            throw PlatformError(.unsupported, store: traits.name, "The key \(identifier) is no SSH key.")
        }
        let key = try SSHPrivateKey(openSSHContainer: stored.secret)
        guard key.publicKey.meshKey.matches(identifier) else {
            throw PlatformError(.corrupt, store: traits.name, "What is stored as \(identifier) is another key.")
        }
        return key
    }

    /// Puts an SSH key into the store, as an exportable key of class Application.
    ///
    /// - Parameter label: the key's comment if nil, and if that is empty the usual label.
    /// - Returns: what the key is stored as; its identifier is the Mesh fingerprint of the public half.
    /// - Throws: ``PlatformError`` `alreadyExists` and what else storing throws.
    @discardableResult
    public func importSSHKey(
        _ key: borrowing SSHPrivateKey, account: String? = nil, label: String? = nil,
        replacement: KeyReplacement = .never, random: any RandomSource = SystemRandomSource(),
        options: CallOptions = CallOptions()
    ) async throws -> KeyItem {
        let comment = key.publicKey.comment
        let item = try KeyItem(
            identifier: key.publicKey.udf, keyClass: .application, isExportable: true, account: account,
            label: label ?? (comment.isEmpty ? nil : comment))
        let container = try key.openSSHContainer(random: random)
        try await store(container, as: item, replacement: replacement, options: options)
        return item
    }
}
