import MeshCore
import MeshCryptography

/// Fingerprints of public keys and what is made of them.
enum KeyVectors {
    static func algorithm(_ name: String) throws -> KeyAlgorithm {
        guard let algorithm = KeyAlgorithm(name: name) else { throw VectorProblem("algorithm \(name) is not known") }
        return algorithm
    }

    /// A public key in the Mesh encoding. X25519 with a parity octet is read too: its fingerprint is made without it.
    static func publicKey(_ name: String, _ octets: [UInt8]) throws -> PublicKey {
        let algorithm = try algorithm(name)
        var octets = octets
        if algorithm == .x25519, octets.count == 33, octets[32] & 0x7F == 0 { octets.removeLast() }
        return try PublicKey(algorithm: algorithm, octets: octets)
    }

    static func fingerprint(_ input: VectorInput) throws -> VectorMembers {
        let key = try publicKey(input.text("algorithm"), input.octets("public_hex"))
        let form = try input.optional("form", KeyInfoForm.self) ?? .draft
        let contentType = try input.optionalText("content_type") ?? PublicKey.fingerprintContentType
        let bits = try input.optionalNumber("bits") ?? UDF.defaultBits
        let digest = key.contentDigest(form: form, contentType: contentType)
        return [
            "der_hex": { _ in .text(Hex.text(key.keyInfo(form: form))) },
            "typed_digest_hex": { _ in .text(Hex.text(digest.value)) },
            "binary_hex": { _ in
                .text(Hex.text(key.fingerprintOctets(form: form, contentType: contentType)))
            },
            "type_id": { _ in .number("\(digest.type.rawValue)") },
            "udf": { _ in .text(key.fingerprint(form: form, contentType: contentType, bits: bits).text) },
        ]
    }

    static func oid(_ input: VectorInput) throws -> VectorMembers {
        let key = try publicKey(input.text("algorithm"), input.octets("public_hex"))
        let form = try input.optional("form", KeyInfoForm.self) ?? .draft
        return [
            "der_hex": { _ in .text(Hex.text(key.keyInfo(form: form))) },
            "type_id": { _ in .number("\(key.oidUDF(form: form).type.rawValue)") },
            "udf": { _ in .text(key.oidUDF(form: form).text) },
        ]
    }

    static func witness(_ input: VectorInput) throws -> VectorMembers {
        let account = try publicKey(input.text("account_algorithm"), input.octets("account_public_hex"))
        let device = try publicKey(input.text("device_algorithm"), input.octets("device_public_hex"))
        let serverNonce = try input.octets("server_nonce_hex")
        let clientNonce = try input.octets("client_nonce_hex")
        let form = try input.optional("form", KeyInfoForm.self) ?? .draft
        return [
            "witness": { _ in
                .text(
                    ConnectionWitness.text(
                        account: account, serverNonce: serverNonce, device: device, clientNonce: clientNonce,
                        form: form))
            },
            "account_udf": { _ in .text(account.fingerprint(form: form).text) },
            "device_udf": { _ in .text(device.fingerprint(form: form).text) },
        ]
    }
}
