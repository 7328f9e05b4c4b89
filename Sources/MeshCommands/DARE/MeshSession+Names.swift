import MeshCryptography
import MeshPlatforms
import MeshProfiles
import MeshSessions

extension MeshSession {
    /// What a public key is wanted for.
    enum PublicKeyUse {
        /// To encrypt to its holder.
        case encryption
        /// To verify what its holder signed.
        case signature
    }

    /// The public key of the personal profile called `name`, or else of the device called so.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `ambiguous`; ``SessionError`` `profileDamaged`.
    func publicKey(of name: String, for use: PublicKeyUse) async throws -> PublicKey {
        do {
            let person = try await personalSession(name).profile.content
            return use == .encryption ? person.accountEncryption : person.accountSignature
        } catch let error as PlatformError where error.code == .notFound {
            do {
                let device = try await device(name).profile.content
                return use == .encryption ? device.baseEncryption : device.baseSignature
            } catch let other as PlatformError where other.code == .notFound {
                throw error
            }
        }
    }
}
