import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// Devices that are connected by the code they carry, where somebody lies: who publishes, who claims, or the portal.
struct StaticConnectionAbuseTests {
    private let den: Den
    private let maker: PersonalSession
    private let owner: PersonalSession

    init() async throws {
        den = try await Den()
        maker = try await den.session().createAccount("maker@example.com")
        owner = try await den.session().createAccount("alice@example.com")
    }

    private static let forged = SessionError(.connectionForged, "")

    private func client(_ personal: PersonalSession) async throws -> (MeshClient, PrivateKey) {
        let key = try await personal.context().keys.signature
        let maker = try AccountAddress("maker@example.com")
        return (
            try await PortalAccess(platform: personal.platform, portal: den.portal).client(for: maker, signer: key), key
        )
    }

    /// What the portal has of the maker's account, and of the owner's.
    private func kept() -> [PortalRecord] {
        den.store.contents.records("", in: .account(maker.udf))
            + den.store.contents.records("", in: .account(owner.udf))
    }

    @Test("What is published under the code is not the description of the device that has it")
    func forgedDescriptions() async throws {
        let other = try await maker.preconfigureDevice(description: "another")
        let otherEntry = try #require(
            try await maker.store(.publication).entries().first { $0.key == other.publication })
        let otherContent = try #require(try JSONValue(decoding: otherEntry.content)["CatalogedPublication"]?.object)
        let random = SystemRandomSource()
        let now = den.clock.now
        let (_, makersKey) = try await client(maker)
        /// A description of `other`, sealed under the right code, and signed by a key that is not that device's.
        func substituted(_ made: PreconfiguredDevice, by key: PrivateKey) throws -> JSONValue {
            let signed = try VerifiedAssertion(
                signing: DevicePreconfiguration(profile: other.preconfiguration.device), by: key, created: now)
            let sealed = try DeviceCode(uri: made.uri.bytes).seal(signed.signed, random: random)
            return sealed.value
        }
        typealias Edit = (PreconfiguredDevice, JSONObject) throws -> JSONValue?
        func edit(_ change: @escaping (PreconfiguredDevice, inout JSONObject) throws -> Void) -> Edit {
            { made, content in
                var content = content
                try change(made, &content)
                return ["CatalogedPublication": .object(content)]
            }
        }
        let rows: [(String, Edit)] = [
            ("nothing", { _, _ in nil }), ("no entry", { _, _ in "x" }), ("an empty entry", edit { $1 = [:] }),
            ("another device's entry", { _, _ in ["CatalogedPublication": .object(otherContent)] }),
            ("another device's description", edit { $1["EnvelopedData"] = otherContent["EnvelopedData"] }),
            ("no description", edit { $1["EnvelopedData"] = nil }),
            (
                "an edited description",
                edit { _, content in
                    var envelope = try DAREEnvelope(try #require(content["EnvelopedData"]))
                    envelope.body[envelope.body.count / 2] ^= 1
                    content["EnvelopedData"] = envelope.value
                }
            ),
            (
                "a description in clear",
                edit { made, content in
                    content["EnvelopedData"] = made.preconfiguration.device.envelope.value
                }
            ),
            (
                "another device, signed by this one",
                edit { made, content in
                    content["EnvelopedData"] = try substituted(
                        made, by: ProfileDevice.key(.sign, from: made.preconfiguration.seed))
                }
            ),
            (
                "another device, signed by the maker",
                edit { made, content in content["EnvelopedData"] = try substituted(made, by: makersKey) }
            ),
        ]
        for (what, edit) in rows {
            let made = try await maker.preconfigureDevice(description: what)
            let entry = try #require(
                try await maker.store(.publication).entries().first { $0.key == made.publication })
            let content = try #require(try JSONValue(decoding: entry.content)["CatalogedPublication"]?.object)
            let shown = try edit(made, content)
            den.portal.lies = [.service(ClaimRequest.self) { answer, _ in answer.publication = shown }]
            await #expect(throws: Self.forged, "\(what)") { try await owner.connectStatic(made.uri) }
            den.portal.lies = []
            // Whoever asks for that connection is not proved by anything any more.
            #expect(try await owner.store(.local).entries().isEmpty, "\(what)")
            let device = den.session()
            _ = try await device.install(made.preconfiguration)
            if let request = try await device.completePreconfigured() {
                #expect(try await owner.acceptProven().list.allSatisfy { $0.effect == .rejected }, "\(what)")
                await #expect(throws: SessionError(.connectionRejected, ""), "\(what)") {
                    try await device.awaitConnection(request, polling: Household.polling)
                }
            }
        }
        #expect(try await owner.connectedDevices().count == 1)
    }

    @Test("A claim that is shown to the device, and is not one of it by who knows its code")
    func forgedClaims() async throws {
        let made = try await maker.preconfigureDevice()
        let other = try await maker.preconfigureDevice()
        let device = den.session()
        _ = try await device.install(made.preconfiguration)
        let eve = try await den.session().createAccount("eve@example.com")
        _ = try await eve.connectStatic(other.uri)
        _ = try await owner.connectStatic(made.uri)
        func claims(_ made: PreconfiguredDevice) async throws -> DAREEnvelope {
            let key = try ProfileDevice.key(.sign, from: made.preconfiguration.seed)
            let client = try await PortalAccess(platform: den.machine(), portal: den.portal).client(
                for: made.preconfiguration.maker, signer: key)
            return try #require(try await client.pollClaim(publicationID: made.publication))
        }
        let (right, elsewhere) = (try await claims(made), try await claims(other))
        let code = try DeviceCode(uri: made.uri.bytes)
        let (_, evesKey) = try await client(eve)
        let now = den.clock.now
        /// A claim by eve, who has seen the owner's, and does not know the code.
        func claim(sender: String, device: String, publication: String? = nil) throws -> DAREEnvelope {
            try VerifiedAssertion(
                signing: MessageClaim(
                    sender: sender, recipient: "maker@example.com", publicationID: publication ?? code.publication,
                    serviceAuthenticate: code.serviceAuthenticator(), deviceAuthenticate: device,
                    expires: Timestamp(secondsSince1970: now.secondsSince1970 + 600), random: SystemRandomSource()),
                by: evesKey, created: now
            ).envelope
        }
        let proof = try code.deviceAuthenticator(of: AccountAddress("alice@example.com"))
        var edited = right
        edited.body[edited.body.count / 2] ^= 0x01
        let profile = eve.profile.envelope
        let rows: [(String, DAREEnvelope)] = [
            ("of another device", elsewhere), ("edited", edited), ("no claim", profile),
            ("nothing", DAREEnvelope(header: [:], body: [])),
            ("by eve, with the owner's proof", try claim(sender: "eve@example.com", device: proof)),
            ("by eve, without a proof", try claim(sender: "eve@example.com", device: "")),
            (
                "by eve, with the proof to the service",
                try claim(sender: "eve@example.com", device: code.serviceAuthenticator())
            ),
            (
                "of another device, with this one's proof",
                try claim(sender: "alice@example.com", device: proof, publication: other.publication)
            ),
            ("by no address", try claim(sender: "alice", device: proof)),
        ]
        let before = try await MachineState(device.platform)
        let records = kept()
        for (what, claim) in rows {
            den.portal.lies = [.service(PollClaimRequest.self) { answer, _ in answer.claim = claim }]
            await #expect(throws: Self.forged, "\(what)") { try await device.completePreconfigured() }
            #expect(try await MachineState(device.platform) == before, "\(what)")
        }
        // One that was good once is shown again.
        den.portal.lies = [.service(PollClaimRequest.self) { answer, _ in answer.claim = right }]
        den.clock.advance(by: PersonalSession.claimLifetime.components.seconds)
        await #expect(throws: SessionError(.connectionExpired, "")) { try await device.completePreconfigured() }
        #expect(try await MachineState(device.platform) == before)
        #expect(kept() == records)
        den.portal.lies = []
        #expect(try await device.completePreconfigured() == nil)
    }

    @Test("Claims that are replayed, guessed, too late, or made by who may not change nothing at the portal")
    func refusedClaims() async throws {
        let made = try await maker.preconfigureDevice()
        let bob = try await den.session().createAccount("bob@example.com")
        let member = try await den.connect(den.session(), to: owner)
        await #expect(throws: SessionError(.notAdministrator, "")) { try await member.connectStatic(made.uri) }
        let code = try DeviceCode(uri: made.uri.bytes)
        let (bobs, bobsKey) = try await client(bob)
        let bobsAddress = try AccountAddress("bob@example.com")
        func claim(_ change: (inout (publication: String, proof: String, expires: Int64)) throws -> Void) throws
            -> DAREEnvelope
        {
            var parts = (publication: code.publication, proof: try code.serviceAuthenticator(), expires: Int64(600))
            try change(&parts)
            return try VerifiedAssertion(
                signing: MessageClaim(
                    sender: "bob@example.com", recipient: "maker@example.com", publicationID: parts.publication,
                    serviceAuthenticate: parts.proof, deviceAuthenticate: "x",
                    expires: Timestamp(secondsSince1970: den.clock.now.secondsSince1970 + parts.expires),
                    random: SystemRandomSource()), by: bobsKey, created: den.clock.now
            ).envelope
        }
        let (_, ownersKey) = try await client(owner)
        let owners = try VerifiedAssertion(
            signing: MessageClaim(
                sender: "alice@example.com", recipient: "maker@example.com", publicationID: code.publication,
                serviceAuthenticate: code.serviceAuthenticator(),
                deviceAuthenticate: code.deviceAuthenticator(of: AccountAddress("alice@example.com")),
                expires: Timestamp(secondsSince1970: den.clock.now.secondsSince1970 + 600),
                random: SystemRandomSource()), by: ownersKey, created: den.clock.now
        ).envelope
        let rows: [(String, DAREEnvelope, PortalError.Code)] = [
            ("the owner's, by bob", owners, .rejected),
            ("a wrong proof", try claim { $0.proof = "ADAA-AAAA" }, .notFound),
            ("no proof", try claim { $0.proof = "" }, .notFound),
            ("of nothing", try claim { $0.publication = bob.udf.text }, .notFound),
            ("expired", try claim { $0.expires = 0 }, .expired),
            ("no claim", bob.profile.envelope, .rejected),
        ]
        let records = kept()
        for (what, claim, code) in rows {
            await #expect(throws: PortalError(code, ""), "\(what)") { try await bobs.claim(claim, for: bobsAddress) }
            #expect(kept() == records, "\(what)")
        }
        // A code is a key of its own: guessing is no way.
        for _ in 0..<40 {
            let guess = try DeviceCode(
                SecretSeed(.profileDevice, from: SystemRandomSource()), maker: AccountAddress("maker@example.com"))
            await #expect(throws: PortalError(.notFound, "")) { try await bob.connectStatic(guess.uri()) }
        }
        #expect(kept() == records)
        #expect(try await bob.store(.local).entries().isEmpty)
        // What was taken back is not there.
        try await maker.store(.publication).delete(made.publication, from: nil)
        _ = try await maker.sync()
        await #expect(throws: PortalError(.notFound, "")) { try await owner.connectStatic(made.uri) }
        let device = den.session()
        _ = try await device.install(made.preconfiguration)
        await #expect(throws: PortalError(.notFound, "")) { try await device.completePreconfigured() }
    }

    @Test("A claim that ran out can be made anew as long as the device is offered")
    func claimAgain() async throws {
        let made = try await maker.preconfigureDevice(lifetime: .seconds(10 * 86_400))
        let bob = try await den.session().createAccount("bob@example.com")
        _ = try await owner.connectStatic(made.uri)
        let device = den.session()
        _ = try await device.install(made.preconfiguration)
        await #expect(throws: SessionError(.requestClosed, "")) { try await bob.connectStatic(made.uri) }
        den.clock.advance(by: PersonalSession.claimLifetime.components.seconds + 1)
        #expect(try await device.completePreconfigured() == nil)
        _ = try await owner.connectStatic(made.uri)
        let request = try #require(try await device.completePreconfigured())
        _ = try await owner.acceptProven()
        #expect(try await device.awaitConnection(request, polling: Household.polling).udf == owner.udf)
        // A device that is connected is nobody's to claim, as long as the claim stands.
        await #expect(throws: SessionError(.requestClosed, "")) { try await bob.connectStatic(made.uri) }
    }
}
