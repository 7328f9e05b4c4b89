import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// Devices that their makers prepare, and that their owners connect by the code they carry.
struct PreconfiguredDeviceTests {
    private let home: Household
    private let maker: PersonalSession
    private let owner: PersonalSession

    init() async throws {
        home = try await Household()
        maker = try await home.session().createAccount("maker@example.com")
        owner = try await home.session().createAccount("alice@example.com")
    }

    @Test func aDeviceIsConnectedByItsCode() async throws {
        let made = try await maker.preconfigureDevice(description: "lamp")
        // What goes into the device gets there as octets.
        let device = home.session()
        let installed = try await device.install(try Preconfiguration(text: made.preconfiguration.text()), name: "lamp")
        #expect(installed.udf == made.preconfiguration.device.udf)
        #expect(try await device.completePreconfigured() == nil)

        let claimed = try await owner.connectStatic(made.uri)
        #expect(claimed.device.udf == installed.udf)
        #expect(claimed.device.content.description == "lamp")
        // Done again, it is the same claim.
        #expect(try await owner.connectStatic(made.uri).expires == claimed.expires)

        let request = try #require(try await device.completePreconfigured())
        #expect(request.profile.udf == owner.udf)
        #expect(try await device.completePreconfigured()?.id == request.id)
        #expect(try await owner.acceptProven().list.contains(.init(.device, .created, installed.udf.text)))
        let connected = try await device.awaitConnection(request, polling: Household.polling)
        #expect(connected.udf == owner.udf)
        #expect(try await owner.connectedDevices().contains { $0.udf == installed.udf })
        #expect(try await device.completePreconfigured() == nil)
        #expect(try await AccountRecords(platform: device.platform).machines(.preconfigured).isEmpty)
    }

    @Test func onlyWhoKnowsTheCodeClaims() async throws {
        let made = try await maker.preconfigureDevice()
        let other = try DeviceCode(
            SecretSeed(.profileDevice, from: SystemRandomSource()), maker: AccountAddress("maker@example.com"))
        await #expect(throws: PortalError(.notFound, "")) { try await owner.connectStatic(other.uri()) }
        #expect(try await owner.store(.local).entries().isEmpty)
        let bad = [
            "", "mcu://", "mcu://maker@example.com", "mcu://maker@example.com/", "mcu://maker@example.com/ABCD",
            "http://x/y",
        ]
        for text in bad {
            await #expect(throws: SessionError(.malformed, "")) {
                try await owner.connectStatic(SharedSecret(SecretBytes(copying: Array(text.utf8))))
            }
        }
        #expect(throws: SessionError(.malformed, "")) { try Preconfiguration(text: made.uri.bytes) }
        // The identifier is public; the code does not follow from it, nor from what the portal keeps.
        let entries = try await maker.store(.publication).entries()
        #expect(entries.map(\.key) == [made.publication])
        let code = try DeviceCode(uri: made.uri.bytes)
        let pin = try code.pin(for: AccountAddress("alice@example.com"))
        for secret in [made.uri, pin] {
            let last = secret.bytes.withUnsafeBytes { Array($0.suffix(30)) }
            #expect(
                !String(decoding: entries[0].content, as: UTF8.self).contains(String(decoding: last, as: UTF8.self)))
        }
    }

    @Test func aDeviceIsClaimedOnce() async throws {
        let made = try await maker.preconfigureDevice()
        let device = home.session()
        _ = try await device.install(made.preconfiguration)
        _ = try await owner.connectStatic(made.uri)
        let bob = try await home.session().createAccount("bob@example.com")
        await #expect(throws: SessionError(.requestClosed, "")) { try await bob.connectStatic(made.uri) }
        #expect(try await bob.store(.local).entries().isEmpty)
        let request = try #require(try await device.completePreconfigured())
        #expect(request.account.canonical == "alice@example.com")
    }

    @Test func aForgedClaimIsRefused() async throws {
        let made = try await maker.preconfigureDevice()
        let device = home.session()
        _ = try await device.install(made.preconfiguration)
        // The portal knows what proves a claim to it, and lets somebody claim who does not know the code.
        let mallory = try await home.session().createAccount("mallory@example.com")
        let context = try await mallory.context()
        let code = try DeviceCode(uri: made.uri.bytes)
        let claim = MessageClaim(
            sender: "mallory@example.com", recipient: code.maker.canonical, publicationID: code.publication,
            serviceAuthenticate: try code.serviceAuthenticator(),
            deviceAuthenticate: try code.deviceAuthenticator(of: AccountAddress("alice@example.com")),
            expires: Timestamp(secondsSince1970: home.clock.now.secondsSince1970 + 600), random: SystemRandomSource())
        let signed = try VerifiedAssertion(signing: claim, by: context.keys.signature, created: home.clock.now)
        let client = try await PortalAccess(platform: mallory.platform, portal: home.portal).client(
            for: code.maker, signer: context.keys.signature)
        _ = try await client.claim(signed.envelope, for: AccountAddress("mallory@example.com"))
        await #expect(throws: SessionError(.connectionForged, "")) { try await device.completePreconfigured() }
        #expect(try await device.connectionRequests().isEmpty)
    }

    @Test func anOfferAndAClaimExpire() async throws {
        let made = try await maker.preconfigureDevice(lifetime: .seconds(60))
        let lasting = try await maker.preconfigureDevice()
        home.clock.advance(by: 61)
        await #expect(throws: PortalError(.expired, "")) { try await owner.connectStatic(made.uri) }
        let device = home.session()
        _ = try await device.install(lasting.preconfiguration)
        let first = try await owner.connectStatic(lasting.uri)
        home.clock.advance(by: 86_401)
        #expect(try await device.completePreconfigured() == nil)
        let second = try await owner.connectStatic(lasting.uri)
        #expect(second.expires > first.expires)
        #expect(try await device.completePreconfigured() != nil)
        #expect(try await owner.acceptProven().list.contains { $0.effect == .accepted })
    }

    @Test func theMakerIsAtAnotherPortal() async throws {
        let other = try await Household("maker.example")
        let portals = MeshPortalDirect(["example.com": home.service, "maker.example": other.service])
        let factory = try await MeshSession(other.machine(), portal: portals).createAccount("factory@maker.example")
        let carol = try await MeshSession(home.machine(), portal: portals).createAccount("carol@example.com")
        let made = try await factory.preconfigureDevice()
        let device = MeshSession(home.machine(), portal: portals)
        _ = try await device.install(made.preconfiguration)
        _ = try await carol.connectStatic(made.uri)
        let request = try #require(try await device.completePreconfigured())
        _ = try await carol.acceptProven()
        #expect(try await device.awaitConnection(request, polling: Household.polling).udf == carol.udf)
    }
}
