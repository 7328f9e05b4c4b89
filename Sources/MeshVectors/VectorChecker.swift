import MeshCore

/// What a kind of case can produce: for each name of an expected member, how to compute it.
///
/// A member is computed only when a case expects it. `expected` is handed over for members that have more than one form.
typealias VectorMembers = [String: (_ expected: VectorValue) throws -> VectorValue]

/// How one case came out.
public struct VectorResult: Sendable {
    /// The case.
    public let vector: VectorCase
    /// What was wrong, a line of text each; empty when the case passed.
    public let problems: [String]
    /// Whether the case passed.
    public var passed: Bool { problems.isEmpty }

    /// One line for people: the verdict, the case, and what was expected and got.
    public var line: String {
        let name = "case \(vector.number) \(vector.kind) (\(vector.source))"
        return passed ? "ok   \(name)" : "FAIL \(name): " + problems.joined(separator: "; ")
    }
}

/// Runs the cases of vectors files on this package.
public enum VectorChecker {
    /// The kinds of cases there are.
    public static var kinds: [String] { handlers.keys.sorted() }

    private static let handlers: [String: @Sendable (VectorInput) throws -> VectorMembers] = [
        "content-digest": { try DigestVectors.contentDigest($0) },
        "compression": { try DigestVectors.compression($0) },
        "authenticator": { try DigestVectors.authenticator($0) },
        "key-fingerprint": { try KeyVectors.fingerprint($0) },
        "oid": { try KeyVectors.oid($0) },
        "nonce": { try DataVectors.nonce($0) },
        "encrypt-key": { try DataVectors.encryptionKey($0) },
        "derive-key": { try DerivationVectors.derive($0) },
        "secret-share-split": { try ShareVectors.split($0) },
        "secret-share-recover": { try ShareVectors.recover($0) },
        "share-prime": { try ShareVectors.prime($0) },
        "locator": { try DataVectors.locator($0) },
        "sin": { try DataVectors.strongInternetName($0) },
        "symmetric-key-id": { try DataVectors.symmetricKeyIdentifier($0) },
        "witness": { try ExchangeVectors.witness($0) },
        "pin": { try DataVectors.pin($0) },
        "message-id": { try DataVectors.messageIdentifiers($0) },
        "decode": { try EncodingVectors.decode($0) },
        "decodeStream": { try EncodingVectors.decodeStream($0) },
        "encode": { try EncodingVectors.encode($0) },
        "decodeError": { try EncodingVectors.decodeError($0) },
        "frame": { try FrameVectors.frame($0) },
        "frameWalk": { try FrameVectors.walk($0) },
        "frameError": { try FrameVectors.error($0) },
        "publicKey": { try ExchangeVectors.publicKey($0) },
        "keyIdentifier": { try ExchangeVectors.keyIdentifier($0) },
        "keyAgreement": { try ExchangeVectors.keyAgreement($0) },
        "keyWrapKey": { try ExchangeVectors.keyWrapKey($0) },
        "unwrap": { try ExchangeVectors.unwrap($0) },
        "recipient": { try ExchangeVectors.recipient($0) },
        "recipients": { try ExchangeVectors.recipients($0) },
        "payloadKeys": { try ExchangeVectors.payloadKeys($0) },
        "encryptPayload": { try ExchangeVectors.encryptPayload($0) },
        "digest": { try ExchangeVectors.digest($0) },
        "sign": { try ExchangeVectors.sign($0) },
        "envelope": { try EnvelopeVectors.envelope($0) },
        "eds": { try EnvelopeVectors.segment($0) },
        "previousFrame": { try SequenceVectors.previousFrame($0) },
        "chainDigest": { try SequenceVectors.chainDigest($0) },
        "treeDigest": { try SequenceVectors.treeDigest($0) },
        "headerText": { try SequenceVectors.headerText($0) },
        "sequenceLayout": { try SequenceVectors.layout($0) },
    ]

    /// Runs one case. A kind, input member or expected member that is not known is a problem, and so is a case that
    /// expects nothing.
    public static func check(_ vector: VectorCase) -> VectorResult {
        guard let handler = handlers[vector.kind] else {
            return VectorResult(vector: vector, problems: ["kind \(vector.kind) is not known"])
        }
        let input = VectorInput(vector.input)
        let members: VectorMembers
        do {
            members = try handler(input)
        } catch {
            return VectorResult(vector: vector, problems: [words(error)])
        }
        var problems = input.unused.map { "input member \($0) is not known" }
        if vector.expected.isEmpty { problems.append("nothing is expected") }
        for (name, expected) in vector.expected.sorted(by: { $0.key < $1.key }) {
            guard let compute = members[name] else {
                problems.append("expected member \(name) is not known")
                continue
            }
            do {
                let got = try compute(expected)
                if !got.isSame(as: expected) { problems.append("\(name) expected \(expected) got \(got)") }
            } catch {
                problems.append("\(name) expected \(expected) got error: \(words(error))")
            }
        }
        return VectorResult(vector: vector, problems: problems)
    }

    private static func words(_ error: any Error) -> String {
        (error as? VectorProblem)?.text ?? "\(error)"
    }
}
