import ArgumentParser
import MeshCryptography
import MeshDARE

/// Who can read a new sequence, and who signs its frames. Frame 0 says so for good.
struct PolicyOptions: ParsableArguments {
    @OptionGroup var recipients: RecipientOptions
    @OptionGroup var signing: SigningOptions

    /// Whether any of them was given.
    var isEmpty: Bool { recipients.isEmpty && !signing.isGiven }

    /// The policy, and the key that signs.
    ///
    /// - Parameter signature: which frames are signed, if any are.
    func policy(
        _ shared: SharedOptions, _ profile: ProfileOption, signature: SequencePolicy.Signature
    ) async throws -> (policy: SequencePolicy, signer: PrivateKey?) {
        let signer = try await signing.keys(shared, profile).first
        let policy = SequencePolicy(
            recipients: try await recipients.keys(shared), signature: signer == nil ? .none : signature,
            signers: signer.map { [$0.publicKey] } ?? [])
        return (policy, signer)
    }

    /// The keys that appending to a sequence takes, as its policy says.
    static func appendingKeys(
        _ signing: SigningOptions, to policy: SequencePolicy, _ shared: SharedOptions, _ profile: ProfileOption,
        _ opening: OpeningKeys
    ) async throws -> SequenceKeys {
        var keys = SequenceKeys.none
        // With one exchange for all frames, who appends must be able to open it.
        if policy.encryption == .once { keys.decryption = try await opening.keys(shared, profile) }
        let isSigned = policy.signature == .isolated || policy.signature == .last
        if isSigned || signing.isGiven {
            var signing = signing
            if signing.signKey == nil { signing.sign = true }
            keys.signer = try await signing.keys(shared, profile).first
        }
        return keys
    }
}
