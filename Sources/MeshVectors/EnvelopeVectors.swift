import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// Whole envelopes and annotations, as `dare.json` has them.
enum EnvelopeVectors {
    static func envelope(_ input: VectorInput) throws -> VectorMembers {
        let read = try DAREEnvelope(parsing: input.json("envelope").compact)
        // What is computed does not depend on how the envelope is written.
        let envelope = try DAREEnvelope(parsing: read.encoded(.jsonB))
        let keys = try ExchangeVectors.keys(input)
        let publicKeys = try ExchangeVectors.publicKeys(input)
        let decryption = DecryptionKeys(keys)
        func opened() throws -> OpenedEnvelope { try envelope.open(with: decryption, reportsInvalidDigest: true) }
        return [
            "payloadDigest": { _ in .text(words(try envelope.digestState().rawValue)) },
            "plaintext": { _ in .text(Hex.text(try opened().plaintext)) },
            "annotations": { _ in
                .array(
                    try opened().annotationTexts.map { text in
                        guard let text else { throw VectorProblem("an annotation is no text") }
                        return .text(text)
                    })
            },
            "baseSeed": { _ in
                guard let key = try envelope.members.payloadKey(with: decryption) else {
                    throw VectorProblem("the envelope is not encrypted")
                }
                return .text(Hex.text(key.seed.withOctets { $0.published }))
            },
            "signatures": { _ in
                let key = try? envelope.members.payloadKey(with: decryption)
                let reports = try envelope.signatureReports(keys: publicKeys, payloadKey: key)
                return .array(reports.map { .object(members(of: $0)) })
            },
        ]
    }

    private static func members(of report: SignatureReport) -> JSONObject {
        var over = JSONValue.null
        let result: String
        switch report.result {
        case .valid(let form):
            result = "valid"
            over = .string(form.rawValue)
        case .invalid: result = "INVALID"
        case .unknownKey: result = "unknown key"
        case .unsupported: result = "unsupported"
        }
        return [
            "kid": report.keyIdentifier.map { .string($0) } ?? .null, "result": .string(result), "over": over,
            "witness": [.valid, .invalid].contains(report.witness)
                ? .string(words(report.witness.rawValue)) : .null,
        ]
    }

    /// What must not be overlooked stands in capital letters.
    private static func words(_ state: String) -> String { state == "invalid" ? "INVALID" : state }

    static func segment(_ input: VectorInput) throws -> VectorMembers {
        let segment = try EncryptedDataSegment(parsing: input.base64("eds"))
        var body = segment.body
        if input.has("baseSeed") {
            let seed = try BaseSeed(SecretBytes(copying: input.octets("baseSeed")))
            let algorithm = try EncryptionAlgorithm(
                label: input.optionalText("enc") ?? EncryptionAlgorithm.standard.label)
            let salt = try input.octets("salt")
            body = try body.withUnsafeBytes {
                try seed.decrypt($0, tag: segment.tag, with: algorithm, salt: salt, prefix: segment.saltPrefix)
            }
        }
        return [
            "saltPrefix": { _ in .text(Hex.text(segment.saltPrefix)) },
            "body": { _ in .text(Hex.text(body)) },
            "tag": { _ in segment.tag.map { .text(Hex.text($0)) } ?? .null },
        ]
    }
}
