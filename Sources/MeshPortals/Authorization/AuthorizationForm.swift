import MeshCore
import MeshCryptography
import MeshEncoding

/// What both kinds of authorization have in common: they are compact JSON of at most 8 KiB, in one form only.
enum AuthorizationForm {
    /// The largest authorization, in octets.
    static let limit = 8 << 10

    /// Reads one, and makes sure that it stands as it is written: no other octets mean the same.
    static func decode<T: Codable>(_ type: T.Type, _ octets: [UInt8]) throws(PortalError) -> T {
        guard octets.count <= limit else {
            throw PortalError(.malformed, "The authorization is longer than \(limit) octets.")
        }
        let value: T
        do {
            let options = JSONReadingOptions(
                encoding: .json, isTolerant: false, maximumDepth: 4, memory: .octets(1 << 20))
            value = try JSONBCDDecoder(options).decode(type, from: octets)
        } catch {
            throw PortalError(.malformed, "The authorization cannot be read.", cause: error)
        }
        guard try encode(value) == octets else {
            throw PortalError(.malformed, "The authorization does not stand in the form that is signed.")
        }
        return value
    }

    static func encode(_ value: some Encodable) throws(PortalError) -> [UInt8] {
        do {
            return try JSONBCDEncoder().encode(value)
        } catch {
            throw PortalError(.malformed, "The authorization cannot be written.", cause: error)
        }
    }

    /// Signs `fields` for the use that `domain` names.
    static func sign(_ fields: SignedFields, _ domain: String, with key: PrivateKey) throws(PortalError) -> [UInt8] {
        do {
            return try key.sign(fields.octets, context: Array(domain.utf8))
        } catch {
            throw PortalError(
                .unauthorized, "The key cannot sign requests: it is a \(key.algorithm) key.", cause: error)
        }
    }

    static func isValid(
        _ signature: [UInt8], of fields: SignedFields, _ domain: String, by key: PublicKey
    ) -> Bool {
        key.algorithm.canSign && key.isValidSignature(signature, for: fields.octets, context: Array(domain.utf8))
    }

    static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { right in constantTimeEqual(left, right) } }
    }
}

/// A public key in an authorization, as in the Mesh's schema: the curve, and the octets.
struct AuthorizationKey: Codable, Hashable, Sendable {
    var curve: String
    var octets: BinaryValue

    enum CodingKeys: String, CodingKey {
        case curve = "crv"
        case octets = "Public"
    }

    init(_ key: PublicKey) {
        curve = key.algorithm.description
        octets = BinaryValue(key.octets)
    }

    func publicKey() throws(PortalError) -> PublicKey {
        guard let algorithm = [KeyAlgorithm.ed448, .ed25519].first(where: { $0.description == curve }) else {
            throw PortalError(.malformed, "The key of the authorization is of no kind that signs.")
        }
        do {
            return try PublicKey(algorithm: algorithm, octets: octets.octets)
        } catch {
            throw PortalError(.malformed, "The key of the authorization is none.", cause: error)
        }
    }
}
