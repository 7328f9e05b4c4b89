import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

extension FuzzTarget {
    /// Envelopes, and what stands in them.
    static let envelopes = [
        FuzzTarget("envelope", seeds: FuzzKeys.sealedEnvelopes) { input in
            guard let envelope = try? DAREEnvelope(parsing: input) else { return }
            for encoding in EnvelopeEncoding.allCases {
                guard let again = try? DAREEnvelope(parsing: envelope.encoded(encoding)) else {
                    // Nothing is lost but numbers that JSON does not have.
                    continue
                }
                require(again.body == envelope.body, "an envelope has another body in \(encoding)")
            }
            _ = try? envelope.open(with: FuzzKeys.decryption, reportsInvalidDigest: true)
            _ = try? envelope.signatureReports(keys: [FuzzKeys.signer.publicKey])
            if let verified = try? envelope.verify(by: [FuzzKeys.signer.publicKey]) {
                _ = try? verified.open(with: FuzzKeys.decryption)
            }
        },
        FuzzTarget("eds") { input in
            guard let segment = try? EncryptedDataSegment(parsing: input) else { return }
            require((try? EncryptedDataSegment(parsing: segment.encoded)) == segment, "a segment reads as another")
            _ = try? segment.open(under: FuzzKeys.payload)
        },
        FuzzTarget("profile") { input in
            _ = try? VerifiedProfile<ProfileUser>(verifying: input)
            _ = try? VerifiedProfile<ProfileDevice>(verifying: input)
        },
    ]
}
