import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@testable import MeshProfiles

/// Devices that a maker describes, and claims of them.
struct PreconfigurationTests {
    private func description(_ family: Family) throws -> DevicePreconfiguration {
        let connection = try ConnectedDevice(verifying: family.entry(), of: family.account).connection.envelope
        return DevicePreconfiguration(
            profile: family.device, connection: connection, connectURI: "mcu://maker@example.com/")
    }

    private func signed(_ content: DevicePreconfiguration, by key: PrivateKey) throws -> [UInt8] {
        try VerifiedAssertion(signing: content, by: key, created: Family.time).signed
    }

    @Test func descriptionIsSignedByTheDeviceInIt() throws {
        let family = try Family()
        let content = try description(family)
        let key = try ProfileDevice.key(.sign, from: family.deviceSeed)
        let taken = try VerifiedPreconfiguration(verifying: signed(content, by: key))
        #expect(taken.device.udf == family.device.udf)
        #expect(taken.description.content.connectURI == "mcu://maker@example.com/")
        #expect(taken.description.content.connection?.body == content.connection?.body)
        let plain = DevicePreconfiguration(profile: family.device)
        let least = try VerifiedPreconfiguration(verifying: signed(plain, by: key))
        #expect(least.description.content.connection == nil && least.description.content.connectURI == nil)

        // By the maker, by another key of the device, and one that describes another device.
        let other = try Family.device(SecretSeed(.profileDevice, from: family.random))
        for (content, key) in [
            (content, family.keys.administratorSignature),
            (content, try ProfileDevice.key(.profile, from: family.deviceSeed)),
            (DevicePreconfiguration(profile: other), key),
        ] {
            let forged = try signed(content, by: key)
            #expect(throws: ProfileError(.badSignature, "")) { try VerifiedPreconfiguration(verifying: forged) }
        }
    }

    @Test func whatIsNoDescriptionIsRefused() throws {
        let family = try Family()
        let key = try ProfileDevice.key(.sign, from: family.deviceSeed)
        func expect(_ code: ProfileError.Code, _ body: JSONValue) throws {
            let envelope = try DAREEnvelope.signed(body.compact, by: key).encoded
            #expect(throws: ProfileError(code, "")) { try VerifiedPreconfiguration(verifying: envelope) }
        }
        let profile = family.device.envelope.value
        try expect(.wrongKind, ["ProfileDevice": ["EnvelopedProfileDevice": profile]])
        try expect(.malformed, ["DevicePreconfiguration": [:]])
        try expect(.malformed, ["DevicePreconfiguration": ["EnvelopedProfileDevice": "x"]])
        try expect(
            .malformed,
            ["DevicePreconfiguration": ["EnvelopedProfileDevice": profile, "EnvelopedConnectionDevice": []]])
        // A profile of another kind stands where the device's must.
        try expect(
            .wrongKind, ["DevicePreconfiguration": ["EnvelopedProfileDevice": family.account.envelope.value]])
        #expect(throws: ProfileError(.malformed, "")) { try VerifiedPreconfiguration(verifying: []) }
    }

    @Test func everyChangeOfTheBodyIsRefused() throws {
        let family = try Family()
        let key = try ProfileDevice.key(.sign, from: family.deviceSeed)
        let good = try signed(DevicePreconfiguration(profile: family.device), by: key)
        let envelope = try DAREEnvelope(parsing: good)
        for place in stride(from: 0, to: envelope.body.count, by: 5) {
            var changed = envelope
            changed.body[place] ^= 0x01
            #expect(throws: ProfileError.self, "octet \(place)") {
                try VerifiedPreconfiguration(verifying: changed.encoded)
            }
        }
    }

    @Test func claimIsThatOfAConnectedDevice() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let keys = try AccountKeys(opening: family.entry(), of: family.account, seed: family.deviceSeed)
        func claim(_ sender: String, by key: PrivateKey) throws -> DAREEnvelope {
            try VerifiedAssertion(
                signing: MessageClaim(
                    sender: sender, recipient: "maker@example.com", publicationID: "p", serviceAuthenticate: "s",
                    deviceAuthenticate: "d", expires: Family.time, random: family.random), by: key,
                created: Family.time
            ).envelope
        }
        let good = try claim("alice@example.com", by: keys.signature)
        let taken = try VerifiedClaim(verifying: good, by: keys.device, of: family.account)
        #expect(taken.content.publicationID == "p" && taken.content.expires == Family.time)
        #expect(taken.device.udf == family.device.udf)
        // By the device's own key without its activation, by the account, by another's name, for another account.
        for key in [try ProfileDevice.key(.sign, from: family.deviceSeed), family.keys.person.signature] {
            let forged = try claim("alice@example.com", by: key)
            #expect(throws: ProfileError(.badSignature, "")) {
                try VerifiedClaim(verifying: forged, by: keys.device, of: family.account)
            }
        }
        let named = try claim("bob@example.com", by: keys.signature)
        #expect(throws: ProfileError(.notRelated, "")) {
            try VerifiedClaim(verifying: named, by: keys.device, of: family.account)
        }
        #expect(throws: ProfileError(.notRelated, "")) {
            try VerifiedClaim(verifying: good, by: keys.device, of: other.account)
        }
    }
}
