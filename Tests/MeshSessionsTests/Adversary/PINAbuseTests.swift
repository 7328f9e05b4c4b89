import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPortals
import MeshProfiles
import Testing

@testable import MeshSessions

/// PINs in the wrong hands, and requests that several answer.
struct PINAbuseTests {
    /// A request that names the PIN, and has a wrong proof of knowing it.
    private func guess(_ den: Den, naming pin: ConnectionPIN, proof: UInt8) async throws -> UDF {
        let seed = SecretSeed(.profileDevice, from: SystemRandomSource())
        let profile = try VerifiedProfile(
            signing: ProfileDevice(seed: seed, description: "guess", updated: den.clock.now), seed: seed,
            created: den.clock.now)
        let content = try RequestConnection(
            account: "alice@example.com", device: profile, random: SystemRandomSource())
        var members = content.members
        members["PinId"] = .string(pin.identifier.text)
        members["PinWitness"] = .binary([UInt8](repeating: proof, count: 64))
        let request = try VerifiedConnectionRequest(
            signing: RequestConnection(members: members), seed: seed, created: den.clock.now)
        let client = try await PortalAccess(platform: den.machine(), portal: den.portal).client(
            for: AccountAddress("alice@example.com"), signer: ProfileDevice.key(.sign, from: seed))
        _ = try await client.connectStart(request.message.envelope)
        return profile.udf
    }

    @Test("Whoever names a PIN without knowing it is refused, and after five tries the PIN is void", arguments: [4, 5])
    func guesses(_ count: Int) async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let pin = try await alice.makePIN()
        for number in 0..<count { _ = try await guess(den, naming: pin, proof: UInt8(number)) }
        // Asked by hand, none of them is accepted.
        let pending = try await alice.connectPending()
        #expect(pending.count == count)
        for request in pending {
            #expect(request.proof == .refused)
            await #expect(throws: SessionError(.pinRefused, "")) { try await alice.connectClose(request, .accept()) }
        }
        // The right one comes with them, as the last: what they have tried counts before it is looked at.
        den.clock.advance(by: 1)
        let session = den.session()
        let request = try await session.connect(to: "alice@example.com", pin: pin.pin)
        let changes = try await alice.acceptProven()
        #expect(
            changes.list.filter { $0.effect == .rejected }.count == count + (count < ConnectionPIN.maximumTries ? 0 : 1)
        )
        #expect(try await alice.connectPending().isEmpty)
        if count < ConnectionPIN.maximumTries {
            _ = try await session.awaitConnection(request, polling: Household.polling)
            #expect(try await alice.connectedDevices().count == 2)
        } else {
            await #expect(throws: SessionError(.connectionRejected, "")) {
                try await session.awaitConnection(request, polling: Household.polling)
            }
            #expect(try await alice.connectedDevices().count == 1)
        }
    }

    @Test("A PIN that is too old, of another account, or guessed")
    func otherPINs() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let bob = try await den.session().createAccount("bob@example.com")
        let bobs = try await bob.makePIN()
        let old = try await alice.makePIN()
        let random = SharedSecret(SaltedPIN.makePIN(from: SystemRandomSource()))
        den.clock.advance(by: ConnectionPIN.lifetime.components.seconds + 1)
        for pin in [bobs.pin, old.pin, random] {
            let session = den.session()
            let request = try await session.connect(to: "alice@example.com", pin: pin)
            #expect(try await alice.connectPending().map(\.proof) == [.refused])
            #expect(try await alice.acceptProven().list.contains { $0.effect == .rejected })
            await #expect(throws: SessionError(.connectionRejected, "")) {
                try await session.awaitConnection(request, polling: Household.polling)
            }
        }
        #expect(try await alice.connectedDevices().count == 1)
    }

    @Test("A PIN connects one device, of two that have it at the same time")
    func oneDevice() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let pin = try await alice.makePIN()
        let sessions = [den.session(), den.session()]
        var requests: [ConnectionRequest] = []
        for session in sessions {
            requests.append(try await session.connect(to: "alice@example.com", pin: pin.pin))
            den.clock.advance(by: 1)
        }
        let listed = try await alice.connectPending()
        #expect(listed.map(\.proof) == [.proved(Right.usual), .proved(Right.usual)])
        let changes = try await alice.acceptProven()
        #expect(changes.list.filter { $0.effect == .accepted }.count == 1)
        #expect(changes.list.filter { $0.effect == .rejected }.count == 1)
        #expect(try await alice.connectedDevices().count == 2)
        // What was listed before is true no more.
        let other = try #require(listed.last)
        await #expect(throws: SessionError.self) { try await alice.connectClose(other, .accept()) }
        #expect(try await alice.connectedDevices().count == 2)
    }

    @Test("The PIN is used up at another administrator too")
    func twoAdministratorsOnePIN() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let other = try await den.connect(den.session(), to: alice, rights: [.administrator])
        let pin = try await alice.makePIN()
        let (first, second) = (den.session(), den.session())
        let one = try await first.connect(to: "alice@example.com", pin: pin.pin)
        // The other administrator has not synchronised since, and knows the PIN all the same.
        #expect(try await other.acceptProven().list.contains(.init(.device, .created, one.device.text)))
        _ = try await second.connect(to: "alice@example.com", pin: pin.pin)
        #expect(try await alice.connectPending().map(\.proof) == [.refused])
        #expect(try await alice.acceptProven().list.contains { $0.effect == .rejected })
        _ = try await alice.sync()
        #expect(try await alice.connectedDevices().count == 3)
    }

    @Test("An acceptance by somebody who does not know the PIN is not believed")
    func unprovedAnswer() async throws {
        let den = try await Den()
        let alice = try await den.session().createAccount("alice@example.com")
        let eve = try await den.session().createAccount("eve@example.com")
        let pin = try await alice.makePIN()
        let key = den.key
        let profile = eve.profile
        // The portal leads the device to another account, which accepts without the PIN.
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
        let machine = den.machine()
        let session = den.session(machine)
        let request = try await session.connect(to: "alice@example.com", pin: pin.pin)
        let keys = try await eve.context().administratorKeys()
        let entry = try DeviceConnector(account: eve.profile, keys: keys).connect(
            request.request.device, rights: Right.usual, at: den.clock.now, random: SystemRandomSource())
        let wrong = try SaltedPIN(
            pin: SaltedPIN.makePIN(from: SystemRandomSource()), action: ConnectionPIN.action)
        let before = try await MachineState(machine)
        for proof in [nil, wrong] {
            let answer = try VerifiedAssertion(
                signing: RespondConnection(
                    accepting: request.request, entry: entry, account: eve.udf, history: nil, pin: proof),
                by: keys.administratorSignature, created: den.clock.now
            ).envelope
            den.portal.lies = [.service(ConnectStatusRequest.self) { status, _ in status.result = answer }]
            await #expect(throws: SessionError(.connectionForged, "")) { try await session.complete(request) }
            #expect(try await MachineState(machine) == before)
        }
    }

    @Test("Two administrators answer one request at the same time: one of them does it")
    func twoAdministrators() async throws {
        for rejects in [false, true] {
            let den = try await Den()
            let alice = try await den.session().createAccount("alice@example.com")
            let other = try await den.connect(den.session(), to: alice, rights: [.administrator])
            let session = den.session()
            let request = try await session.connect(to: "alice@example.com")
            let (left, right) = (try await alice.connectPending(), try await other.connectPending())
            let (mine, theirs) = (try #require(left.first), try #require(right.first))
            async let first = Result { try await alice.connectClose(mine, .accept()) }
            async let second = Result { try await other.connectClose(theirs, rejects ? .reject : .accept()) }
            let results = await [first, second]
            let done = results.filter { if case .success = $0 { true } else { false } }
            #expect(done.count == 1, "\(results)")
            for case .failure(let error) in results {
                #expect(error as? SessionError == SessionError(.requestClosed, ""), "\(error)")
            }
            _ = try await alice.sync()
            let isConnected = try await alice.connectedDevices().count == 3
            do {
                _ = try await session.awaitConnection(request, polling: Household.polling)
                #expect(isConnected)
            } catch let error as SessionError {
                #expect(error == SessionError(.connectionRejected, "") && !isConnected)
            }
            if case .success = results[1], !rejects {
                // It is what the other has decided.
                _ = try await other.connectClose(theirs, .accept())
            } else {
                await #expect(throws: SessionError(.requestClosed, "")) {
                    try await other.connectClose(theirs, .accept())
                }
            }
            _ = try await alice.sync()
            #expect(try await alice.connectedDevices().count == (isConnected ? 3 : 2))
        }
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do {
            self = .success(try await body())
        } catch {
            self = .failure(error)
        }
    }
}
