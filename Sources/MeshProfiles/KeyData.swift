import MeshCore
import MeshCryptography
import MeshEncoding

/// A public key as profiles carry it: the key and its fingerprint (`schema-08` §10.1, KeyData).
enum KeyData {
    /// The JSON form.
    static func encode(_ key: PublicKey) -> JSONValue {
        [
            "Udf": .string(key.udf.text),
            "PublicParameters": [
                "PublicKeyECDH": [
                    "crv": .string(key.algorithm.description), "Public": .string(Base64URL.encode(key.octets)),
                ]
            ],
        ]
    }

    /// Reads the key that is the member `name` of `profile`.
    ///
    /// - Throws: ``ProfileError`` `badKey` if it is missing, is of none of `algorithms`, or has another fingerprint than
    ///   the one beside it.
    static func decode(
        _ name: String, of profile: JSONObject, algorithms: Set<KeyAlgorithm>
    ) throws(ProfileError) -> PublicKey {
        guard let data = profile[name]?.object else {
            throw ProfileError(.badKey, "The profile does not have the key \(name).")
        }
        guard let parameters = data["PublicParameters"]?["PublicKeyECDH"]?.object,
            let curve = parameters["crv"]?.string?.asLabel,
            let algorithm = algorithms.first(where: { $0.description == curve }),
            let octets = parameters["Public"]?.string.flatMap({ Base64URL.decode($0, isTolerant: true) })
        else {
            throw ProfileError(
                .badKey,
                "The key \(name) is not one of \(algorithms.map(\.description).sorted().joined(separator: ", ")).")
        }
        let key: PublicKey
        do {
            key = try PublicKey(algorithm: algorithm, octets: octets)
        } catch {
            throw ProfileError(.badKey, "The key \(name) is no \(curve) key.", cause: error)
        }
        guard let stated = data["Udf"]?.string.flatMap({ UDF($0) }), stated.matches(key.udf) else {
            throw ProfileError(.badKey, "The key \(name) does not have the fingerprint that the profile states.")
        }
        return key
    }

    static let signing: Set<KeyAlgorithm> = [.ed448, .ed25519]
    static let agreement: Set<KeyAlgorithm> = [.x448, .x25519]

    // MARK: Private keys

    /// The JSON form of a private key, whose octets are added to `json`.
    static func encode(_ key: PrivateKey, secrets json: inout SecretJSON) -> JSONValue {
        let text = key.withPrivateOctets { Base64(.url, isPadded: false).encode($0) }
        return [
            "Udf": .string(key.publicKey.udf.text),
            "PrivateParameters": [
                "PrivateKeyECDH": ["crv": .string(key.algorithm.description), "Private": json.add(text)]
            ],
        ]
    }

    /// Reads the private key that is the member `name`; nil if there is none.
    ///
    /// - Throws: ``ProfileError`` `badKey` as ``decode(_:of:algorithms:)``.
    static func decode(
        _ name: String, of members: JSONObject, secrets json: SecretJSON, algorithms: Set<KeyAlgorithm>
    ) throws(ProfileError) -> PrivateKey? {
        guard let data = members[name], data != .null else { return nil }
        let parameters = data["PrivateParameters"]?["PrivateKeyECDH"]
        guard let curve = parameters?["crv"]?.string?.asLabel,
            let algorithm = algorithms.first(where: { $0.description == curve }),
            let text = json.secret(parameters?["Private"]),
            let octets = text.bytes.withUnsafeBytes({ Base64(.url, isPadded: false).decode($0) })
        else { throw ProfileError(.badKey, "The private key \(name) is not one that can stand there.") }
        let key: PrivateKey
        do {
            key = try PrivateKey(algorithm: algorithm, octets: octets)
        } catch {
            throw ProfileError(.badKey, "The private key \(name) is no \(curve) key.", cause: error)
        }
        guard let stated = data["Udf"]?.string.flatMap({ UDF($0) }), stated.matches(key.publicKey.udf) else {
            throw ProfileError(.badKey, "The private key \(name) does not have the fingerprint beside it.")
        }
        return key
    }
}
