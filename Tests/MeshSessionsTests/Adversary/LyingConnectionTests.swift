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

/// A portal that lies while a device is connected: what it shows is refused, or shows in what the two people compare.
struct LyingConnectionTests {
    private static let forged = SessionError(.connectionForged, "")

    /// Has `body` fail with `expected`, and the machine stay as it was.
    private func refuses<E: Error & Equatable>(
        _ what: String, _ machine: any MeshPlatform, _ expected: E, sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async throws {
        let before = try await MachineState(machine)
        await #expect(throws: expected, "\(what)", sourceLocation: sourceLocation) { try await body() }
        let after = try await MachineState(machine)
        #expect(after == before, "\(what): \(after.difference(from: before))", sourceLocation: sourceLocation)
    }

    @Test("The portal answers a request with another account's profile, another request, or nothing")
    func falseAcknowledgements() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let eve = try await den.session().createAccount("eve@example.com")
        let machine = den.machine()
        let session = den.session(machine)
        let device = try await session.createDevice()
        let other = try await den.session().connect(to: "alice@example.com")
        let (profile, key) = (eve.profile, den.key)
        let otherRequest = other.request.message.envelope
        let lies: [(String, @Sendable (inout ConnectStartResponse, ConnectStartRequest) throws -> Void)] = [
            ("another profile", { answer, _ in answer.profile = profile.envelope }),
            ("no profile", { answer, _ in answer.profile = nil }),
            ("no acknowledgement", { answer, _ in answer.acknowledgement = nil }),
            ("a profile of a device", { answer, _ in answer.profile = other.request.device.envelope }),
            ("an edited profile", { answer, _ in answer.profile?.body[40] ^= 1 }),
            ("an edited acknowledgement", { answer, _ in answer.acknowledgement?.body[40] ^= 1 }),
            (
                "another device's request",
                { answer, _ in
                    answer.acknowledgement = try VerifiedAssertion(
                        signing: AcknowledgeConnection(
                            of: VerifiedConnectionRequest(verifying: otherRequest),
                            account: alice.profile.content.profileSignature, random: SystemRandomSource()),
                        by: key, created: den.clock.now
                    ).envelope
                }
            ),
        ]
        for (what, lie) in lies {
            den.portal.lies = [.service(ConnectStartRequest.self, lie)]
            try await refuses(what, machine, Self.forged) {
                _ = try await session.connect(device, to: "alice@example.com")
            }
        }
        // A whole lie: another account, and a witness that fits it. It shows, because it is not the one that alice sees.
        den.portal.lies = [
            .service(ConnectStartRequest.self) { answer, asked in
                answer.profile = profile.envelope
                answer.acknowledgement = try VerifiedAssertion(
                    signing: AcknowledgeConnection(
                        of: VerifiedConnectionRequest(verifying: asked.request),
                        account: profile.content.profileSignature, random: SystemRandomSource()),
                    by: key, created: den.clock.now
                ).envelope
            }
        ]
        try await refuses("known fingerprint", machine, Self.forged) {
            _ = try await session.connect(device, to: "alice@example.com", expecting: alice.udf)
        }
        let request = try await session.connect(device, to: "alice@example.com")
        #expect(!(try await alice.connectPending().contains { $0.witness == request.witness }))
    }

    @Test("The portal shows the administrator other requests than those that were made")
    func falseRequests() async throws {
        let den = try await Den()
        let machine = den.machine()
        let alice = try await den.session(machine).createAccount("alice@example.com")
        let request = try await den.session().connect(to: "alice@example.com")
        let key = den.key
        // The same identifier and nonce, and the keys of somebody else.
        let seed = SecretSeed(.profileDevice, from: SystemRandomSource())
        let profile = try VerifiedProfile(
            signing: ProfileDevice(seed: seed, description: "evil", updated: den.clock.now), seed: seed,
            created: den.clock.now)
        let swapped = try VerifiedConnectionRequest(
            signing: RequestConnection(account: "alice@example.com", device: profile, random: SystemRandomSource()),
            seed: seed, created: den.clock.now)
        let acknowledgement = try VerifiedAssertion(
            signing: AcknowledgeConnection(
                of: swapped, account: alice.profile.content.profileSignature, random: SystemRandomSource()),
            by: key, created: den.clock.now
        ).envelope
        den.portal.lies = [
            .service(ConnectPendingRequest.self) { answer, _ in answer.pending = [acknowledgement] }
        ]
        let shown = try await alice.connectPending()
        #expect(shown.count == 1)
        #expect(shown.first?.witness != request.witness)
        den.portal.lies = []
        // Accepted all the same, it connects nobody: the portal that tells the truth has no such request.
        if let swapped = shown.first {
            await #expect(throws: SessionError(.requestClosed, "")) { try await alice.connectClose(swapped, .accept()) }
        }
        #expect(try await alice.connectedDevices().count == 1)

        // What does not verify is not shown.
        let lies: [(String, @Sendable (inout DAREEnvelope) throws -> Void)] = [
            ("edited", { $0.body[60] ^= 1 }),
            (
                "signed by another",
                { envelope in
                    let content = try VerifiedAssertion<AcknowledgeConnection>(
                        verifying: envelope, by: key.publicKey
                    ).content
                    envelope = try VerifiedAssertion(
                        signing: content, by: PrivateKey.generate(.ed448, from: SystemRandomSource()),
                        created: den.clock.now
                    ).envelope
                }
            ),
            ("a profile", { $0 = profile.envelope }),
        ]
        for (what, lie) in lies {
            den.portal.lies = [
                .service(ConnectPendingRequest.self) { answer, _ in
                    answer.pending = try answer.pending?.map { envelope in
                        var envelope = envelope
                        try lie(&envelope)
                        return envelope
                    }
                }
            ]
            #expect(try await alice.connectPending().isEmpty, "\(what)")
        }
        // A page that never ends does not keep the administrator for ever.
        den.portal.lies = []
        #expect(try await alice.connectPending().map(\.witness) == [request.witness])
    }

    @Test("The device believes only an administrator's answer to its own request")
    func falseAnswers() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let eve = try await den.session().createAccount("eve@example.com")
        let member = try await den.connect(den.session(), to: alice)
        let machine = den.machine()
        let session = den.session(machine)
        let request = try await session.connect(to: "alice@example.com")
        let now = den.clock.now
        let administrator = try await alice.context().administratorKeys()
        let connector = try DeviceConnector(account: alice.profile, keys: administrator)
        let eves = try await eve.context().administratorKeys()
        let eveConnector = try DeviceConnector(account: eve.profile, keys: eves)
        let random = SystemRandomSource()
        let entry = try connector.connect(request.request.device, rights: Right.usual, at: now, random: random)
        let otherDevice = try await den.session().connect(to: "alice@example.com").request
        let otherEntry = try connector.connect(otherDevice.device, rights: Right.usual, at: now, random: random)
        let eveEntry = try eveConnector.connect(request.request.device, rights: Right.usual, at: now, random: random)
        let memberKey = try await member.context().keys.signature
        let adminKey = administrator.administratorSignature

        func answer(_ content: RespondConnection, _ key: PrivateKey) throws -> DAREEnvelope {
            try VerifiedAssertion(signing: content, by: key, created: now).envelope
        }
        func accepting(_ entry: CatalogedDevice, _ asked: VerifiedConnectionRequest? = nil) -> RespondConnection {
            RespondConnection(
                accepting: asked ?? request.request, entry: entry, account: alice.udf, history: nil)
        }
        var edited = try answer(accepting(entry), adminKey)
        edited.body[edited.body.count / 2] ^= 1
        let answers: [(String, DAREEnvelope)] = [
            ("by another account", try answer(accepting(eveEntry), eves.administratorSignature)),
            ("by another account, with our entry", try answer(accepting(entry), eves.administratorSignature)),
            ("by a member", try answer(accepting(entry), memberKey)),
            ("by the service", try answer(accepting(entry), den.key)),
            ("a refusal by a member", try answer(RespondConnection(rejecting: request.request), memberKey)),
            ("a refusal of another", try answer(RespondConnection(rejecting: otherDevice), adminKey)),
            ("the answer to another", try answer(accepting(otherEntry, otherDevice), adminKey)),
            ("another device's entry", try answer(accepting(otherEntry), adminKey)),
            ("another account's entry", try answer(accepting(eveEntry), adminKey)),
            ("edited", edited),
        ]
        for (what, envelope) in answers {
            den.portal.lies = [.service(ConnectStatusRequest.self) { answer, _ in answer.result = envelope }]
            try await refuses(what, machine, Self.forged) { _ = try await session.complete(request) }
        }
        // An entry whose secrets are for somebody else: the keys would not be the sums that it states.
        var mixed = entry
        mixed.envelopedActivationDevice = otherEntry.envelopedActivationDevice
        let wrongKeys = try answer(accepting(mixed), adminKey)
        den.portal.lies = [.service(ConnectStatusRequest.self) { answer, _ in answer.result = wrongKeys }]
        let before = try await MachineState(machine)
        await #expect(throws: ProfileError.self) { try await session.complete(request) }
        #expect(try await MachineState(machine) == before)
        // And then the truth.
        den.portal.lies = []
        let pending = try #require(try await alice.connectPending().first { $0.witness == request.witness })
        _ = try await alice.connectClose(pending, .accept())
        #expect(try await session.awaitConnection(request, polling: Household.polling).udf == alice.udf)
    }

    @Test("A new device that is shown another history than the administrator's finds out at once")
    func newDeviceAndHistories() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        try await alice.store(.credential).add(Den.credential("a.example"))
        _ = try await alice.sync()
        let writer = try await den.connect(den.session(), to: alice)
        _ = try await writer.sync()
        // The first view goes on by one entry, the second by another.
        let old = den.store.contents
        try await alice.store(.credential).add(Den.credential("b.example"))
        _ = try await alice.sync()
        for view in ["older", "forked"] {
            let session = den.session()
            let request = try await session.connect(to: "alice@example.com")
            let pending = try #require(try await alice.connectPending().first { $0.witness == request.witness })
            _ = try await alice.connectClose(pending, .accept())
            // What the new device is shown: the device catalog as it is, and the credentials of another history.
            let account = PortalPartition.account(alice.udf)
            var frames = old.frames(of: "MMM_Credential", in: account)
            if view == "forked" {
                let context = try await writer.context()
                let opened = try OpenedStore(.credential, keys: context.storeKeys, platform: writer.platform)
                let signer = RunSigner(context.storeKeys.scope(.credential), key: context.keys.signature)
                let replica = try #require(opened.replica)
                frames += try replica.prepareRun(signedBy: signer) {
                    _ = try $0.add(Den.credential("c.example"))
                }.frames.frames
            }
            var checker = FrameRunChecker()
            try checker.take(frames)
            let (shown, state) = (frames, checker.state)
            den.portal.lies = [
                .service(StatusRequest.self) { answer, _ in
                    guard let index = answer.containers?.firstIndex(where: { $0.container == "MMM_Credential" })
                    else { return }
                    answer.containers?[index] = ContainerStatus(
                        container: "MMM_Credential", index: state.count, digest: state.digest)
                },
                .service(DownloadRequest.self) { answer, asked in
                    guard let asked = asked.select.first, asked.container == "MMM_Credential" else { return }
                    answer.updates = [
                        ContainerUpdate(
                            container: asked.container, index: asked.indexMin, digest: [],
                            frames: Array(shown.dropFirst(asked.indexMin)))
                    ]
                },
            ]
            if view == "forked" {
                await #expect(throws: SessionError(.historyForked, "")) { try await session.complete(request) }
            } else {
                await #expect(throws: PortalError(.rolledBack, "")) { try await session.complete(request) }
            }
            den.portal.lies = []
        }
    }
}
