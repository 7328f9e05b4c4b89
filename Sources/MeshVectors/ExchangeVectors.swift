import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// Keys of envelopes and what is made with them, as `dare.json` has them.
enum ExchangeVectors {
    /// A private key: curve and base64url octets.
    static func privateKey(_ curve: String, _ octets: [UInt8]) throws -> PrivateKey {
        try PrivateKey(algorithm: KeyVectors.algorithm(curve), octets: SecretBytes(copying: octets))
    }

    /// The private keys of the list `keys`, as the drafts print them.
    static func keys(_ input: VectorInput) throws -> [PrivateKey] {
        try entries(input).compactMap { entry in
            guard let key = entry["PrivateKeyECDH"] else { return nil }
            guard let curve = key["crv"]?.string, let octets = key["Private"]?.binary else {
                throw VectorProblem("a key is no PrivateKeyECDH of crv and Private")
            }
            return try privateKey(curve, octets)
        }
    }

    /// The public keys of the list `keys`: those of its private keys, and those that stand alone.
    static func publicKeys(_ input: VectorInput) throws -> [PublicKey] {
        try keys(input).map(\.publicKey)
            + entries(input).compactMap { entry in
                guard let key = entry["PublicKeyECDH"] else { return nil }
                guard let curve = key["crv"]?.string, let octets = key["Public"]?.binary else {
                    throw VectorProblem("a key is no PublicKeyECDH of crv and Public")
                }
                return try KeyVectors.publicKey(curve, octets)
            }
    }

    private static func entries(_ input: VectorInput) throws -> [JSONValue] {
        guard let list = input.optionalJSON("keys") else { return [] }
        guard let entries = list.array else { throw VectorProblem("keys is no list") }
        for entry in entries where entry["PrivateKeyECDH"] == nil && entry["PublicKeyECDH"] == nil {
            throw VectorProblem("a key is neither PrivateKeyECDH nor PublicKeyECDH")
        }
        return entries
    }

    static func publicKey(_ input: VectorInput) throws -> VectorMembers {
        let key = try privateKey(input.text("crv"), input.base64("private")).publicKey
        return [
            "public": { expected in
                // X448 is published with the parity octet and without, X25519 without.
                let isShort = key.algorithm == .x448 && Base64URL.decode(expected.description)?.count == 56
                return .text(Base64URL.encode(isShort ? Array(key.octets.dropLast()) : key.octets))
            },
            "kid": { _ in .text(key.udf.text) },
        ]
    }

    static func keyIdentifier(_ input: VectorInput) throws -> VectorMembers {
        let key = try KeyVectors.publicKey(input.text("crv"), input.base64("public"))
        let form: KeyInfoForm =
            switch try input.optionalText("form") ?? "own-oid-null" {
            case "own-oid-null", "draft": .draft
            case "ed25519-oid", "ed25519-oid-no-null", "release-1.0.2": .release
            case let other: throw VectorProblem("input form \(other) is not known")
            }
        return ["kid": { _ in .text(key.fingerprint(form: form).text) }]
    }

    static func keyAgreement(_ input: VectorInput) throws -> VectorMembers {
        let key = try privateKey(input.text("crv"), input.base64("private"))
        let peer = try input.base64("epk")
        return ["ikm": { _ in .text(Hex.text(try key.agree(withOctets: peer).published)) }]
    }

    static func keyWrapKey(_ input: VectorInput) throws -> VectorMembers {
        let agreement = try input.octets("ikm")
        let text = try input.optionalText("info") ?? ""
        let info = text == KeyWrapInfo.empty.rawValue ? [] : Array(text.utf8)
        let salt = try input.has("salt") ? input.octets("salt") : []
        return [
            "key": { _ in
                let secret = SecretBytes(copying: agreement)
                // What envelopes use has no salt.
                let key =
                    try salt.isEmpty
                    ? Recipient.wrapKey(agreement: secret, info: info)
                    : HKDF.derive(inputKey: secret, salt: salt, info: info, count: 32)
                return .text(Hex.text(key.published))
            }
        ]
    }

    static func unwrap(_ input: VectorInput) throws -> VectorMembers {
        let key = try input.octets("key")
        let wrapped = try input.octets("wrapped")
        return [
            "seed": { _ in
                .text(Hex.text(try AESKeyWrap.unwrap(wrapped, with: SecretBytes(copying: key)).published))
            }
        ]
    }

    static func recipient(_ input: VectorInput) throws -> VectorMembers {
        guard let members = try input.json("recipient").object else { throw VectorProblem("recipient is no object") }
        return try opened([Recipient(members)], input)
    }

    static func recipients(_ input: VectorInput) throws -> VectorMembers {
        guard let entries = try input.json("header")["recipients"]?.array else {
            throw VectorProblem("header has no recipients")
        }
        return try opened(entries.compactMap { $0.object.map { Recipient($0) } }, input)
    }

    private static func opened(_ recipients: [Recipient], _ input: VectorInput) throws -> VectorMembers {
        let (seed, info) = try DecryptionKeys(keys(input)).openSeed(recipients)
        return [
            "baseSeed": { _ in .text(Hex.text(seed.withOctets { $0.published })) },
            "kdfInfo": { _ in .text(info.rawValue) },
        ]
    }

    static func payloadKeys(_ input: VectorInput) throws -> VectorMembers {
        let seed = try BaseSeed(SecretBytes(copying: input.octets("baseSeed")))
        let salt = try input.octets("salt")
        return [
            "key": { _ in .text(Hex.text(try seed.payloadKeys(.aes256CBC, salt: salt).key.published)) },
            "iv": { _ in .text(Hex.text(try seed.payloadKeys(.aes256CBC, salt: salt).iv.published)) },
        ]
    }

    static func encryptPayload(_ input: VectorInput) throws -> VectorMembers {
        let seed = try BaseSeed(SecretBytes(copying: input.octets("baseSeed")))
        let salt = try input.octets("salt")
        let plaintext = try input.octets("plaintext")
        let algorithm = try EncryptionAlgorithm(label: input.optionalText("enc") ?? EncryptionAlgorithm.standard.label)
        let sealed = try plaintext.withUnsafeBytes { try seed.encrypt($0, with: algorithm, salt: salt) }
        return [
            "ciphertext": { _ in .text(Hex.text(sealed.body)) },
            "tag": { _ in sealed.tag.map { .text(Hex.text($0)) } ?? .null },
        ]
    }

    static func digest(_ input: VectorInput) throws -> VectorMembers {
        let algorithm = try HashAlgorithm(dareLabel: input.text("alg"))
        let data = try input.octets("data")
        return ["digest": { _ in .text(Base64URL.encode(algorithm.digest(data))) }]
    }

    static func sign(_ input: VectorInput) throws -> VectorMembers {
        let key = try privateKey(input.text("crv"), input.base64("private"))
        let message = try input.octets("message")
        let context: [UInt8]? =
            switch try input.optionalText("domain") ?? "pure" {
            case "ctx-empty": []
            case "pure": nil
            case let other: throw VectorProblem("input domain \(other) is not known")
            }
        let signature = try key.sign(message, context: context)
        guard key.publicKey.isValidSignature(signature, for: message, context: context) else {
            throw VectorProblem("the signature does not verify")
        }
        return ["signature": { _ in .text(Base64URL.encode(signature)) }]
    }

    /// `udf.json` and `dare.json` call different things a witness: of two keys, and of a base seed.
    static func witness(_ input: VectorInput) throws -> VectorMembers {
        guard input.has("baseSeed") else { return try KeyVectors.witness(input) }
        let seed = try BaseSeed(SecretBytes(copying: input.octets("baseSeed")))
        let salt = try input.octets("salt")
        let info = try input.octets("info")
        return ["witness": { _ in .text(Base64URL.encode(try seed.witness(salt: salt, info: info))) }]
    }
}
