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
        FuzzTarget("envelope-stream", seeds: FuzzKeys.sealedEnvelopes) { input in
            for signers in [nil, [FuzzKeys.signer.publicKey]] {
                var place = 0
                var sink = CollectingSink()
                let opener = EnvelopeOpener(keys: FuzzKeys.decryption, signers: signers)
                let opened = try? opener.open(
                    from: { buffer in
                        let count = min(buffer.count, 61, input.count - place)
                        buffer.copyBytes(from: input[place..<place + count])
                        place += count
                        return count
                    }, into: &sink)
                require((opened != nil) == sink.isCommitted, "a sink is not told what the caller is")
                guard let opened else { continue }
                require(opened.plaintextCount == sink.octets.count, "octets are miscounted")
                // What is opened in pieces is opened as a whole, and is the same.
                guard let envelope = try? DAREEnvelope(parsing: input) else { continue }
                let whole =
                    try? signers.map { try envelope.verify(by: $0).open(with: FuzzKeys.decryption) }
                    ?? envelope.open(with: FuzzKeys.decryption)
                require(whole?.plaintext == sink.octets, "an envelope in pieces has another content")
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

/// Keeps what is written until it is told what to do with it.
private struct CollectingSink: PlaintextSink {
    var octets: [UInt8] = []
    var isCommitted = false

    mutating func write(_ octets: UnsafeRawBufferPointer) { self.octets += octets }
    mutating func commit() { isCommitted = true }
    mutating func discard() { octets = [] }
}
