import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles
import Testing

/// What a profile that was altered, cut, swapped or forged gets.
struct ProfileVerificationTests {
    private static let now = Timestamp(secondsSince1970: 1_700_000_000)

    private static func profile(_ seed: SecretSeed) throws -> VerifiedProfile<ProfileUser> {
        try VerifiedProfile(signing: try ProfileUser(seed: seed, updated: now), seed: seed, created: now)
    }

    @Test func aProfileIsTheSameFromTheSameSeed() throws {
        let seed = SecretSeed(.profileAccount, from: SeededRandomSource(seed: 7))
        let first = try Self.profile(seed)
        #expect(try Self.profile(seed).signed == first.signed)
        #expect(try VerifiedProfile<ProfileUser>(verifying: first.signed).content.agrees(with: first.content))
    }

    /// Published data: the seed that the architecture draft's shares recover, and the fingerprints of its keys.
    @Test func thePublishedSeedGivesThePublishedProfile() throws {
        let text = "ZAAQ-E5Z4-47NC-6QAL-KB4E-2KV5-QHGQ-RL4C-O433-3RKB-KMRM-VBUB-PSJD-37MY"
        let seed = try SecretSeed(parsing: SecretBytes(copying: Array(text.utf8)))
        let profile = try Self.profile(seed)
        #expect(profile.udf.text == "MC44-IZC3-IWZT-VCVZ-L2AG-HI4E-LOV2")
        #expect(profile.content.accountEncryption.udf.text == "MCQX-PF7A-LY3G-3ZPI-AIYO-LR5D-YG6W")
    }

    @Test func everyChangedOctetIsRefusedOrChangesNothing() throws {
        let profile = try Self.profile(SecretSeed(.profileAccount, from: SystemRandomSource()))
        var accepted = 0
        for place in profile.signed.indices {
            var changed = profile.signed
            changed[place] ^= 1
            // The header is not covered by the signature, and nothing is concluded from it: what is accepted says the same.
            if let verified = try? VerifiedProfile<ProfileUser>(verifying: changed, as: profile.udf) {
                #expect(verified.content.agrees(with: profile.content), "octet \(place)")
                accepted += 1
            }
        }
        let header = try DAREEnvelope(parsing: profile.signed).header
        // Beside the header that is how the signature's entry names the key and the kind: the key is known, and verifies.
        #expect(accepted <= JSONValue.object(header).compact.count + 56, "\(accepted) changes were accepted")
    }

    @Test func everyCutIsRefused() throws {
        let profile = try Self.profile(SecretSeed(.profileAccount, from: SystemRandomSource()))
        for length in 0..<profile.signed.count {
            #expect(throws: ProfileError.self) {
                try VerifiedProfile<ProfileUser>(verifying: Array(profile.signed.prefix(length)))
            }
        }
    }

    @Test("K09: a profile that is not what it says is refused, for its reason")
    func eachForgeryIsRefusedForItsReason() throws {
        let seed = SecretSeed(.profileAccount, from: SystemRandomSource())
        let profile = try Self.profile(seed)
        let other = SecretSeed(.profileAccount, from: SystemRandomSource())
        let envelope = try DAREEnvelope(parsing: profile.signed)

        var unsigned = envelope
        unsigned.trailer["signatures"] = nil
        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedProfile<ProfileUser>(verifying: unsigned.encoded)
        }

        // Signed by another key, which is named as what it is, or as the profile's.
        var foreign = try DAREEnvelope.signed(envelope.body, by: try ProfileUser.key(.profile, from: other))
        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedProfile<ProfileUser>(verifying: foreign.encoded)
        }
        var signature = try #require(foreign.trailer["signatures"]?.array?.first?.object)
        signature["kid"] = .string(profile.udf.text)
        foreign.trailer["signatures"] = [.object(signature)]
        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedProfile<ProfileUser>(verifying: foreign.encoded)
        }

        // The administration key is not the profile's key.
        let online = try DAREEnvelope.signed(envelope.body, by: try ProfileUser.key(.adminSign, from: seed))
        #expect(throws: ProfileError(.badSignature, "")) { try VerifiedProfile<ProfileUser>(verifying: online.encoded) }

        // A key with another's fingerprint beside it, signed properly.
        var members = profile.content.members
        var key = try #require(members["AccountEncryption"]?.object)
        key["Udf"] = .string(try Self.profile(other).content.accountEncryption.udf.text)
        members["AccountEncryption"] = .object(key)
        let body = JSONValue.object(["ProfileUser": .object(members)]).compact
        let misnamed = try DAREEnvelope.signed(body, by: try ProfileUser.key(.profile, from: seed))
        #expect(throws: ProfileError(.badKey, "")) { try VerifiedProfile<ProfileUser>(verifying: misnamed.encoded) }

        // A digest algorithm that is weaker or unknown.
        var downgraded = envelope
        downgraded.header["dig"] = "S256"
        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedProfile<ProfileUser>(verifying: downgraded.encoded)
        }

        #expect(throws: ProfileError(.wrongKind, "")) { try VerifiedProfile<ProfileDevice>(verifying: profile.signed) }
        #expect(throws: ProfileError(.wrongProfile, "")) {
            try VerifiedProfile<ProfileUser>(verifying: profile.signed, as: try Self.profile(other).udf)
        }
        #expect(throws: ProfileError(.wrongSeed, "")) {
            try VerifiedProfile(signing: profile.content, seed: other, created: Self.now)
        }
        let device = SecretSeed(.profileDevice, from: SystemRandomSource())
        #expect(throws: ProfileError(.wrongSeed, "")) { try ProfileUser(seed: device, updated: Self.now) }
    }

    @Test(arguments: [
        "", "[]", "[{},\"\",{}]", "{}", "[{},\"e30\",{}]", "[[],\"e30\",{}]", "[{},5,{}]", "[{},\"e30\",{},1]",
        "{\"DareEnvelope\":[{},\"!!\"]}", "[{},\"eyJQcm9maWxlVXNlciI6W119\",{}]",
    ])
    func whatIsNoProfileIsRefused(text: String) {
        #expect(throws: ProfileError.self) { try VerifiedProfile<ProfileUser>(verifying: Array(text.utf8)) }
    }

    /// The published signed envelope of the DARE draft verifies, so that what is verified here is what others sign.
    @Test func thePublishedSignatureVerifies() throws {
        let text = """
            {"DareEnvelope":[{"dig":"S512"},"VGhpcyBpcyBhIHRlc3QgbG9uZyBlbm91Z2ggdG8gcmVxdWlyZSBtdWx0aXBsZSBibG9ja3M",\
            {"signatures":[{"alg":"S512","kid":"MCM2-KJVW-53WM-34MC-KA5N-WOUA-OTPO",\
            "signature":"3bncPZjGBT3ZamGcqxTr2xy_gcPqSU4MJNh0N1ByjyeTBc56ZCSdPaMEcneM-I3gC1tYENjuZeaeHvFQqYZRDA"}],\
            "PayloadDigest":"raim8SV5adPbWWn8FMM4mrRAQCO9A2jZ0NZAnFXWlG0xF6sWGJbnKSdtIJMmMU_hjarlIPEoY3vy9UdVlH5KAg"}]}
            """
        let envelope = try DAREEnvelope(parsing: Array(text.utf8))
        let octets = try #require(Base64URL.decode("MIBPnv_pLhRDy_O5rHpwnjl2w6Nv40HxpWYlKYaSyNs"))
        let key = try PrivateKey(algorithm: .ed25519, octets: SecretBytes(copying: octets))
        try envelope.verifySignature(by: key.publicKey)
        let ours = try DAREEnvelope.signed(envelope.body, by: key)
        #expect(try DAREEnvelope(parsing: ours.encoded).trailer["signatures"] == envelope.trailer["signatures"])
    }
}
