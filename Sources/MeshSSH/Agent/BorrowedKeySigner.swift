import MeshCore
import MeshCryptography
import MeshPlatforms

/// Signs with one Ed25519 key, which `borrow` lends for each signature.
public struct BorrowedKeySigner: SSHSigner {
    private let key: SSHPublicKey
    private let borrow: @Sendable () async throws -> PrivateKey

    /// A signer for `key`.
    ///
    /// - Parameter borrow: gives the private half of `key`. It is let go of when the signature is made.
    public init(_ key: SSHPublicKey, borrow: @escaping @Sendable () async throws -> PrivateKey) {
        self.key = key
        self.borrow = borrow
    }

    public func identities() async throws -> [SSHPublicKey] { [key] }

    public func sign(_ message: [UInt8], with key: SSHPublicKey) async throws -> SSHSignature {
        let lent = try await borrow()
        guard key.wire == self.key.wire, lent.publicKey == key.meshKey, lent.algorithm == .ed25519 else {
            throw PlatformError(
                .corrupt, store: SSHError.subject, "What was lent as the key \(key.fingerprint) is another one.")
        }
        return SSHSignature(ed25519: try lent.sign(message))
    }
}
