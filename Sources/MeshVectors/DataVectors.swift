import MeshCore
import MeshCryptography

/// UDFs that hold data, names made of UDFs, and values for connecting devices.
enum DataVectors {
    static func nonce(_ input: VectorInput) throws -> VectorMembers { try data(input, type: .nonce) }

    static func encryptionKey(_ input: VectorInput) throws -> VectorMembers { try data(input, type: .encryption) }

    /// A UDF from its data, or the data from a UDF (whose type is then reported, not checked).
    private static func data(_ input: VectorInput, type: UDFType) throws -> VectorMembers {
        guard input.has("udf") != input.has("data_hex") else {
            throw VectorProblem("input must have udf or data_hex")
        }
        let octets: [UInt8]
        let text: String
        if input.has("udf") {
            let given = SecretBytes(published: try input.text("udf"))
            octets = try SecretUDF.octets(of: given).published
            text = try SecretUDF.canonicalText(of: given).publishedText
        } else {
            let value = try input.octets("data_hex")
            octets = [type.rawValue] + value
            text =
                type == .nonce
                ? UDF(type: .nonce, value: value).text
                : EncryptionKeyUDF.text(of: SecretBytes(copying: value)).publishedText
        }
        return [
            "type_id": { _ in .number("\(octets.first ?? 0)") },
            "data_hex": { _ in .text(Hex.text(octets.dropFirst())) },
            "udf": { _ in .text(text) },
        ]
    }

    static func locator(_ input: VectorInput) throws -> VectorMembers {
        let given = SecretBytes(published: try input.text("udf"))
        let domain = try DomainName(input.text("domain"))
        let contentType = try input.optionalText("content_type") ?? Locator.identifierContentType
        let identifier: UDF
        let name: String
        let uri: String
        if SecretUDF.type(of: given)?.isSecret == true {
            let locator = try EncryptedLocator(keyText: given, domain: domain)
            identifier = locator.identifier(contentType: contentType)
            name = locator.nameURI().publishedText
            uri = locator.uri().publishedText
        } else {
            let locator = Locator(try UDF(parsing: given.publishedText), domain: domain)
            identifier = locator.identifier(contentType: contentType)
            name = locator.nameURI
            uri = locator.uri
        }
        return [
            "identifier": { _ in .text(identifier.text) },
            "name_uri": { _ in .text(name) },
            "locator_uri": { _ in .text(uri) },
            "target_uri": { _ in .text(Locator.targetURI(domain: domain, identifier: identifier)) },
        ]
    }

    static func strongInternetName(_ input: VectorInput) throws -> VectorMembers {
        let name = try StrongInternetName(
            fingerprintText: input.text("udf"), domain: DomainName(input.text("domain")))
        return [
            "label": { _ in .text(name.label) },
            "prefix_form": { _ in .text(name.prefixForm) },
            "suffix_form": { _ in .text(name.suffixForm) },
        ]
    }

    static func symmetricKeyIdentifier(_ input: VectorInput) throws -> VectorMembers {
        let key = try EncryptionKeyUDF.octets(of: SecretBytes(published: input.text("udf")))
        let identifier = EncryptionKeyUDF.identifier(of: key)
        return ["udf": { _ in .text(identifier.text) }]
    }

    static func pin(_ input: VectorInput) throws -> VectorMembers {
        let pin = try SaltedPIN(pin: SecretBytes(published: input.text("pin")), action: input.text("action"))
        let account = try input.text("account")
        var members: VectorMembers = [
            "salted_pin": { _ in .text(pin.withText { String(decoding: $0, as: UTF8.self) }) },
            "pin_id": { _ in .text(pin.identifier(account: account).text) },
        ]
        let nonce = try input.optionalOctets("client_nonce_hex")
        let digest = try input.optionalOctets("payload_digest_hex")
        if let nonce, let digest {
            members["pin_witness_hex"] = { _ in
                .text(Hex.text(pin.witness(account: account, clientNonce: nonce, payloadDigest: digest)))
            }
        } else if nonce != nil || digest != nil {
            throw VectorProblem("client_nonce_hex and payload_digest_hex go together")
        }
        return members
    }

    static func messageIdentifiers(_ input: VectorInput) throws -> VectorMembers {
        let identifiers = MessageIdentifiers(of: try UDF(parsing: input.text("message_id")))
        return [
            "envelope_id": { _ in .text(identifiers.envelope.text) },
            "response_id": { _ in .text(identifiers.response.text) },
        ]
    }
}
