import MeshCore
import MeshCryptography
import MeshDARE

/// What the outbox calls entries in its headers, which anyone who has the file can read: a digest under a key that only
/// the device knows. The same entry has the same name each time.
final class OutboxNames: Sendable {
    private let key: SecretBytes

    /// The names of the device whose key is `encryption`.
    init(_ encryption: PrivateKey) {
        key = encryption.withPrivateOctets { HMAC.authenticate(Array("mesh outbox names".utf8), key: $0) }
    }

    /// What an entry is called.
    func name(_ store: StoreName, _ key: String) -> String { name("\(store.rawValue)/\(key)") }

    /// What entries are called that have a secondary key.
    func name(_ store: StoreName, _ key: SecondaryKey) -> String {
        name("\(store.rawValue)/\(key.name.utf8.count)/\(key.name)/\(key.value)")
    }

    private func name(_ text: String) -> String {
        HMAC.authenticate(Array(text.utf8), key: key, hash: .sha256).withUnsafeBytes {
            Base64.url.encode(Array($0.prefix(16)))
        }
    }
}
