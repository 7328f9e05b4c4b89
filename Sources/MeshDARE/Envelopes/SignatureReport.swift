import MeshCryptography

/// What can be said about one signature of an envelope: for diagnosis. To rely on a signature, verify it.
public struct SignatureReport: Sendable {
    /// How it came out.
    public enum Result: Equatable, Sendable {
        /// It verifies.
        case valid(SignatureForm)
        /// It does not.
        case invalid
        /// None of the keys given made it.
        case unknownKey
        /// It is of a kind that is not known here.
        case unsupported
    }

    /// The signer's key as the entry names it.
    public let keyIdentifier: String?
    /// The key that verifies it, or that it names.
    public let signer: PublicKey?
    /// How it came out.
    public let result: Result
    /// How its witness value came out.
    public let witness: WitnessState
}

extension DAREEnvelope {
    /// Looks at every signature.
    ///
    /// - Parameters:
    ///   - keys: the keys that may have signed.
    ///   - payloadKey: what the body is encrypted under, if it is known, to check witness values with.
    /// - Throws: ``DAREError`` `unsupportedAlgorithm` for a digest that is not known, `malformed`.
    public func signatureReports(
        keys: [PublicKey], payloadKey: PayloadKey? = nil
    ) throws(DAREError) -> [SignatureReport] {
        let entries = try members.signatures
        guard !entries.isEmpty else { return [] }
        let digests = try members.signedDigests(computed: computedDigest())
        var reports: [SignatureReport] = []
        for entry in entries {
            let named = keys.filter { entry.names($0) }
            var result = named.isEmpty ? SignatureReport.Result.unknownKey : .invalid
            var signer = named.first
            for key in named.isEmpty ? keys : named {
                do {
                    result = .valid(try entry.verify(digests, by: key))
                    signer = key
                    break
                } catch {
                    guard error.code != .badSignature else { continue }
                    guard error.code == .unsupportedAlgorithm else { throw error }
                    result = .unsupported
                }
            }
            var form = SignatureForm.digest
            if case .valid(let found) = result { form = found }
            reports.append(
                SignatureReport(
                    keyIdentifier: entry.keyIdentifier, signer: signer, result: result,
                    witness: try members.witnessState(of: entry, form: form, digests: digests, under: payloadKey)))
        }
        return reports
    }
}
