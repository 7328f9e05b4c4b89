import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

extension FuzzTarget {
    /// Envelopes, and what stands in them.
    static let envelopes = [
        FuzzTarget("envelope") { input in
            guard let envelope = try? DAREEnvelope(parsing: input) else { return }
            guard let again = try? DAREEnvelope(parsing: envelope.encoded) else {
                require(false, "an envelope that was written does not read")
                return
            }
            require(again.body == envelope.body && again.header == envelope.header, "an envelope reads as another")
        },
        FuzzTarget("profile") { input in
            _ = try? VerifiedProfile<ProfileUser>(verifying: input)
            _ = try? VerifiedProfile<ProfileDevice>(verifying: input)
        },
    ]
}
