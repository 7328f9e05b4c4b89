import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import Synchronization
import Testing

struct MeshClientTests {
    private static let random = SeededRandomSource(seed: 5)
    private let clock = ManualClock()
    private let device: PrivateKey
    private let service: PrivateKey
    private let portal: ScriptedPortal
    private let sleeper = ScriptedSleeper()
    private let client: MeshClient

    init() throws {
        device = try PrivateKey.generate(.ed448, from: Self.random)
        service = try PrivateKey.generate(.ed25519, from: Self.random)
        portal = ScriptedPortal(key: service, time: clock.now, known: [device.publicKey])
        client = MeshClient(
            try AccountAddress("Alice@Example.com"), portal: portal, pin: .firstContact, signer: KeySigner(device),
            clock: clock, random: Self.random, sleeper: sleeper, readingProfile: ScriptedPortal.read)
    }

    private func client(
        pin: ServicePin = .firstContact, signer: PrivateKey? = nil, sleeper: ScriptedSleeper? = nil,
        portal: (any MeshPortal)? = nil
    ) throws -> MeshClient {
        MeshClient(
            client.account, portal: portal ?? self.portal, pin: pin, signer: KeySigner(signer ?? device), clock: clock,
            random: Self.random, sleeper: sleeper ?? self.sleeper, readingProfile: ScriptedPortal.read)
    }

    private func answer<R: PortalResponseMessage>(_ type: R.Type, _ status: PortalStatus? = .success) throws -> [UInt8]
    {
        var response = R()
        response.status = status
        return try PortalWire.encode(response)
    }

    private func code(_ body: () async throws -> Void) async -> PortalError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PortalError)?.code
        }
    }

    // MARK: What is sent

    @Test func firstContact() async throws {
        #expect(client.service == nil)
        portal.then(.answer(try answer(StatusResponse.self)), .answer(try answer(StatusResponse.self)))
        _ = try await client.status()
        _ = try await client.status(of: ["MMM_Device"])
        #expect(client.service == ServiceIdentity(udf: service.publicKey.udf, key: service.publicKey))
        let state = portal.state_
        #expect(state.helloCount == 1 && state.accepted.count == 2)
        #expect(state.accepted.allSatisfy { $0.account == "alice@example.com" && $0.transaction == .status })
        #expect(Set(state.accepted.map(\.nonce)).count == 2)
    }

    /// What anyone may ask is not signed, and no two requests are the same.
    @Test func anonymousRequests() async throws {
        portal.then(
            .answer(try answer(ValidateAccountResponse.self)), .answer(try answer(ValidateAccountResponse.self)))
        var anonymous = client
        anonymous.signer = nil
        _ = try await anonymous.validate()
        _ = try await anonymous.validate()
        let requests = portal.state_.requests
        #expect(requests.count == 3 && requests.allSatisfy { $0.authorization == nil && $0.portal == "example.com" })
        #expect(Set(requests.map(\.digest)).count == 3)
        #expect(await code { _ = try await anonymous.status() } == .unauthorized)
    }

    /// The typed calls ask for what they are called after, about the account; keys are shown where the service cannot know them.
    @Test func everyCall() async throws {
        let envelope = DAREEnvelope(header: [:], body: [1])
        let bob = try AccountAddress("bob@example.org")
        let calls: [(PortalTransaction, [UInt8], (MeshClient) async throws -> Void)] = [
            (.validateAccount, try answer(ValidateAccountResponse.self), { _ = try await $0.validate() }),
            (
                .createAccount, try answer(CreateAccountResponse.self),
                { try await $0.createAccount(profile: envelope, updates: []) }
            ),
            (.deleteAccount, try answer(DeleteAccountResponse.self), { try await $0.deleteAccount() }),
            (.get, try answer(GetResponse.self), { _ = try await $0.profile() }),
            (.get, try answer(GetResponse.self), { _ = try await $0.entry("MAAA") }),
            (.get, try answer(GetResponse.self), { _ = try await $0.entries("MAAA") }),
            (.publish, try answer(PublishResponse.self), { try await $0.publish(profile: envelope) }),
            (.publish, try answer(PublishResponse.self), { try await $0.publish(envelope, as: "MAAA") }),
            (.status, try answer(StatusResponse.self), { _ = try await $0.status() }),
            (
                .download, try answer(DownloadResponse.self),
                { _ = try await $0.download([FrameSelection(container: "MMM_Device", from: 0)]) }
            ),
            (.transact, try answer(TransactResponse.self), { _ = try await $0.transact([]) }),
            (.connectStart, try answer(ConnectStartResponse.self), { _ = try await $0.connectStart(envelope) }),
            (
                .connectStatus, try answer(ConnectStatusResponse.self),
                { client in
                    let result = try await client.connectStatus(device: service.publicKey.udf, responseID: "R")
                    #expect(result == nil)
                }
            ),
            (.connectPending, try answer(ConnectPendingResponse.self), { _ = try await $0.connectPending() }),
            (
                .connectComplete, try answer(ConnectCompleteResponse.self),
                {
                    _ = try await $0.connectComplete(
                        device: service.publicKey.udf, responseID: "R", result: envelope)
                }
            ),
            (.claim, try answer(ClaimResponse.self), { _ = try await $0.claim(envelope, for: bob) }),
            (
                .pollClaim, try answer(PollClaimResponse.self),
                { client in
                    let claim = try await client.pollClaim(publicationID: "P")
                    #expect(claim == nil)
                }
            ),
            (.transfer, try answer(TransferResponse.self), { _ = try await $0.transfer() }),
        ]
        #expect(Set(calls.map(\.0)).union([.hello]) == Set(PortalTransaction.allCases))
        for (transaction, body, call) in calls {
            portal.then(.answer(body))
            try await call(client)
            let request = try #require(portal.state_.requests.last)
            #expect(try PortalWire.decodeRequest(request.body, limit: 1 << 20).transaction == transaction)
            let authorization = try request.authorization.map { try RequestAuthorization(parsing: $0) }
            #expect((authorization == nil) == (transaction.access == .anyone))
            // A portal does not know the devices of bob's account, which is elsewhere.
            let isUnknown = transaction.access == .holder || transaction == .claim
            #expect((authorization?.key != nil) == isUnknown)
            if let authorization {
                #expect(authorization.account == (transaction == .claim ? bob : client.account).canonical)
                #expect(authorization.transaction == transaction && authorization.epoch == "first")
            }
        }
    }

    // MARK: What comes back

    @Test func everyStatus() async throws {
        typealias Row = (Int?, PortalError.Code)
        let rows: [Row] = [
            (400, .malformed), (401, .unauthorized), (404, .notFound), (405, .unsupported), (409, .conflict),
            (410, .deviceRevoked), (413, .tooLarge), (422, .rejected), (429, .overloaded), (500, .serviceFailed),
            (503, .overloaded), (507, .full), (599, .serviceFailed), (303, .unsupported), (0, .unsupported),
            (-1, .unsupported),
            (nil, .serviceFailed),
        ]
        for (number, expected) in rows {
            let status = number.map { PortalStatus(rawValue: $0) }
            portal.then(.answer(try answer(StatusResponse.self, status), status: number ?? 201))
            #expect(await code { _ = try await client.status() } == expected, "\(String(describing: number))")
            // The same in an answer that only says what is wrong.
            portal.then(.answer(try answer(ErrorResponse.self, status), status: number ?? 201))
            #expect(await code { _ = try await client.status() } == expected, "\(String(describing: number))")
        }
        portal.then(.answer(try answer(CreateAccountResponse.self, .conflict), status: 409))
        let envelope = DAREEnvelope(header: [:], body: [])
        #expect(await code { try await client.createAccount(profile: envelope, updates: []) } == .accountExists)
        portal.then(.answer(try answer(ConnectStatusResponse.self, .gone), status: 410))
        #expect(
            await code { _ = try await client.connectStatus(device: device.publicKey.udf, responseID: "R") } == .expired
        )
        // The answer of an old service, which says nothing: no success.
        portal.then(.answer(Array(#"{"ConnectStatusResponse":{}}"#.utf8)))
        #expect(
            await code { _ = try await client.connectStatus(device: device.publicKey.udf, responseID: "R") }
                == .serviceFailed)
        portal.then(.answer(try answer(GetResponse.self, .notFound), status: 404))
        #expect(try await client.profile() == nil)
        portal.then(.answer(try answer(GetResponse.self, .notFound), status: 404))
        #expect(try await client.entries("MAAA").isEmpty)
        // The code beside the body says no.
        portal.then(.answer(try answer(StatusResponse.self), status: 500))
        #expect(await code { _ = try await client.status() } == .serviceFailed)
        // An error that says that it is none.
        portal.then(.answer(try answer(ErrorResponse.self)))
        #expect(await code { _ = try await client.status() } == .malformed)
        portal.then(.answer(Array(#"{"GetResponse":{"Status":201}}"#.utf8)))
        #expect(await code { _ = try await client.status() } == .malformed)
        portal.then(.answer(Array("nonsense".utf8)))
        #expect(await code { _ = try await client.status() } == .malformed)
    }

    @Test func thePortalsWordsAreShownSafely() async throws {
        var response = PublishResponse()
        response.status = .invalid
        response.statusDescription = "The profile\u{1B}[2J is older.\u{202E}\n"
        portal.then(.answer(try PortalWire.encode(response), status: 422))
        let envelope = DAREEnvelope(header: [:], body: [])
        let error = try await #require(throws: PortalError.self) { try await client.publish(profile: envelope) }
        #expect(error.code == .rejected && error.message.contains("The profile [2J is older."))
        #expect(error.message.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x202E })
    }

    // MARK: Epochs and clocks

    @Test func theServiceStartsAnew() async throws {
        portal.then(.answer(try answer(StatusResponse.self)), .answer(try answer(StatusResponse.self)))
        _ = try await client.status()
        portal.state.withLock { $0.epoch = "second" }
        _ = try await client.status()
        let state = portal.state_
        #expect(state.accepted.count == 2 && state.helloCount == 1 && state.requests.count == 4)
        // What was refused was signed anew: with another nonce.
        #expect(Set(state.requests.compactMap(\.authorization)).count == 3)
    }

    /// A portal that asks for another epoch each time is asked no more than twice.
    @Test func anEpochThatNeverFits() async throws {
        var stale = ErrorResponse()
        stale.status = .staleEpoch
        stale.epoch = "first"
        let body = try PortalWire.encode(stale)
        portal.then(.answer(body, status: 419), .answer(body, status: 419), .answer(body, status: 419))
        #expect(await code { _ = try await client.status() } == .staleEpoch)
        #expect(portal.state_.steps.count == 1)
        // Without an epoch: Hello is asked.
        stale.epoch = nil
        portal.state.withLock { $0.steps = [] }
        portal.then(
            .answer(try PortalWire.encode(stale), status: 419), .answer(try answer(StatusResponse.self)))
        _ = try await client.status()
        #expect(portal.state_.helloCount == 2)
    }

    @Test(arguments: [-3600, -121, 121, 3600] as [Int64])
    func aWrongClock(seconds: Int64) async throws {
        clock.advance(by: seconds)
        let error = try await #require(throws: PortalError.self) { try await client.status() }
        #expect(error.code == .wrongClock && error.remedy != nil)
        #expect(error.message.contains("\(seconds.magnitude) s \(seconds < 0 ? "slow" : "fast")"))
        // Nothing was signed for nothing; what needs no signature works.
        #expect(portal.state_.requests.allSatisfy { $0.authorization == nil })
        portal.then(.answer(try answer(ValidateAccountResponse.self)), .answer(try answer(StatusResponse.self)))
        _ = try await client.validate()
        // Set right, it works at once.
        clock.advance(by: -seconds)
        _ = try await client.status()
    }

    /// A clock that goes wrong later is told from a key that may not.
    @Test func aClockThatGoesWrong() async throws {
        portal.then(.answer(try answer(StatusResponse.self)))
        _ = try await client.status()
        clock.advance(by: 1000)
        #expect(await code { _ = try await client.status() } == .wrongClock)
        clock.advance(by: -1000)
        let stranger = try client(signer: PrivateKey.generate(.ed448, from: Self.random))
        #expect(await code { _ = try await stranger.status() } == .unauthorized)
    }

    // MARK: Lies

    @Test func aPinnedService() async throws {
        for pin in [ServicePin.profile(service.publicKey.udf), .key(service.publicKey)] {
            portal.then(.answer(try answer(StatusResponse.self)))
            _ = try await client(pin: pin).status()
        }
        for pin in [ServicePin.profile(device.publicKey.udf), .key(device.publicKey)] {
            let pinned = try client(pin: pin)
            #expect(await code { _ = try await pinned.hello() } == .serviceChanged)
            #expect(await code { _ = try await pinned.status() } == .serviceChanged)
            #expect(pinned.service == nil)
        }
        #expect(portal.state_.accepted.count == 2)
    }

    /// Another service under the same domain, after the first contact.
    @Test func theServiceIsAnother() async throws {
        _ = try await client.hello()
        let other = try PrivateKey.generate(.ed25519, from: Self.random)
        portal.then(.answer(try answer(StatusResponse.self)))
        portal.state.withLock { $0.key = other }
        #expect(await code { _ = try await client.status() } == .serviceChanged)
        portal.state.withLock { $0.shown = other }
        #expect(await code { _ = try await client.hello() } == .serviceChanged)
        #expect(client.service?.key == service.publicKey)
    }

    /// A Hello that shows the profile of the service, and is signed by someone else or nobody.
    @Test func aHelloOfSomeoneElse() async throws {
        let other = try PrivateKey.generate(.ed25519, from: Self.random)
        portal.state.withLock { $0.key = other }
        #expect(await code { _ = try await client.hello() } == .serviceChanged)
        portal.state.withLock {
            $0.key = service; $0.showsProfile = false
        }
        #expect(await code { _ = try await client.hello() } == .unauthenticated)
        let unknown = MeshClient(
            client.account, portal: portal, pin: .firstContact, clock: clock, random: Self.random, sleeper: sleeper
        ) { _ in throw PortalError(.malformed, "") }
        portal.state.withLock { $0.showsProfile = true }
        #expect(await code { _ = try await unknown.hello() } == .unauthenticated)
        #expect(client.service == nil && unknown.service == nil)
    }

    /// The Hello that was given to an earlier request is no answer to a later one.
    @Test func aHelloOfYesterday() async throws {
        let recorder = Recorder(portal)
        _ = try await client(portal: recorder).hello()
        let recorded = try #require(recorder.last.withLock { $0 })
        let later = try client(portal: Fixed(recorded))
        #expect(await code { _ = try await later.hello() } == .unauthenticated)
    }

    @Test func answersThatWereChanged() async throws {
        _ = try await client.hello()
        let body = try answer(StatusResponse.self)
        let changes: [(PortalError.Code, @Sendable (inout PortalResponse) -> Void)] = [
            (.unauthenticated, { $0.authorization = nil }),
            (.unauthenticated, { $0.body.append(0x20) }),
            (.unauthenticated, { $0.status = 202 }),
            (.malformed, { $0.authorization = Array("{}".utf8) }),
            (.malformed, { $0.authorization = [UInt8](repeating: 0x20, count: 1 << 20) }),
        ]
        for (expected, change) in changes {
            portal.then(.changed(body, change))
            #expect(await code { _ = try await client.status() } == expected)
        }
        // The answer to another request of the same kind.
        let recorder = Recorder(portal)
        let recording = try client(portal: recorder)
        portal.then(.answer(body))
        _ = try await recording.status()
        let earlier = try #require(recorder.last.withLock { $0 })
        portal.then(.changed(body) { $0 = earlier })
        #expect(await code { _ = try await client.status() } == .unauthenticated)
        portal.then(.changed(body) { $0.body = [UInt8](repeating: 0x20, count: PortalWire.maximumResponse + 1) })
        #expect(await code { _ = try await client.status() } == .tooLarge)
    }

    // MARK: Time, tries and sizes

    @Test func whatOnlyReadsIsTriedAgain() async throws {
        _ = try await client.hello()
        let unreachable = PortalError(.unreachable, "")
        portal.then(.failure(unreachable), .failure(unreachable), .answer(try answer(StatusResponse.self)))
        _ = try await client.status()
        let waits = sleeper.waits.withLock { $0 }
        #expect(waits.count == 2)
        #expect(waits[0] >= .milliseconds(100) && waits[0] <= .milliseconds(200))
        #expect(waits[1] >= .milliseconds(200) && waits[1] <= .milliseconds(400))
        // Each attempt was a request of its own.
        #expect(Set(portal.state_.accepted.map(\.nonce)).count == 3)

        portal.then(.failure(unreachable), .failure(unreachable), .failure(unreachable), .failure(unreachable))
        #expect(await code { _ = try await client.status() } == .unreachable)
        #expect(portal.state_.steps.count == 1)
        // What changes something is not.
        #expect(await code { _ = try await client.transact([]) } == .unreachable)
        #expect(portal.state_.steps.isEmpty)
        // Nor is another failure.
        portal.then(.failure(PortalError(.timedOut, "")))
        #expect(await code { _ = try await client.status() } == .timedOut)
        struct Odd: Error {}
        portal.then(.failure(Odd()))
        #expect(await code { _ = try await client.transact([]) } == .unreachable)
        #expect(sleeper.waits.withLock { $0.count } == 4)
    }

    @Test func aSilentPortal() async throws {
        let hasty = try client(sleeper: ScriptedSleeper(deadlineComes: true), portal: Silent())
        #expect(await code { _ = try await hasty.status() } == .timedOut)
        // Cancelled, and the caller goes on at once.
        let patient = try client(portal: Silent())
        let task = Task { try await patient.status() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        // One that does not heed the cancellation holds nobody.
        let deaf = Deaf()
        let impatient = try client(sleeper: ScriptedSleeper(deadlineComes: true), portal: deaf)
        #expect(await code { _ = try await impatient.hello() } == .timedOut)
        deaf.release()
    }

    @Test func hostileSizes() async throws {
        portal.state.withLock { state in
            var limits = PortalLimits()
            limits.signedBody = 100
            state.limits = limits
        }
        let update = ContainerUpdate(
            container: "MMM_Device", index: 0, digest: [], frames: [[UInt8](repeating: 1, count: 200)])
        #expect(await code { _ = try await client.transact([update]) } == .tooLarge)
        #expect(client.limits.signedBody == 100)
        // An epoch that no authorization holds.
        portal.state.withLock { $0.epoch = String(repeating: "e", count: 10_000) }
        _ = try await client.hello()
        #expect(await code { _ = try await client.status() } == .malformed)
    }

    @Test func whatTheSignerThrows() async throws {
        struct Locked: Error {}
        struct LockedSigner: PortalSigner {
            func sign(_ body: @Sendable (PrivateKey) throws -> [UInt8]) async throws -> [UInt8] { throw Locked() }
        }
        var locked = client
        locked.signer = LockedSigner()
        await #expect(throws: Locked.self) { try await locked.status() }
    }
}

/// Hands on, and keeps the last answer.
private final class Recorder: MeshPortal {
    private let portal: any MeshPortal
    let last = Mutex<PortalResponse?>(nil)
    init(_ portal: any MeshPortal) { self.portal = portal }
    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        let response = try await portal.exchange(request)
        last.withLock { $0 = response }
        return response
    }
}

/// Says always the same.
private struct Fixed: MeshPortal {
    let response: PortalResponse
    init(_ response: PortalResponse) { self.response = response }
    func exchange(_ request: PortalRequest) async throws -> PortalResponse { response }
}

/// Says nothing.
private struct Silent: MeshPortal {
    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        try await Task.sleep(for: .seconds(86_400))
        throw CancellationError()
    }
}

/// Says nothing, and does not notice that nobody waits any more.
private final class Deaf: MeshPortal {
    private let waiting = Mutex<(isReleased: Bool, continuations: [CheckedContinuation<Void, Never>])>((false, []))
    func exchange(_ request: PortalRequest) async throws -> PortalResponse {
        await withCheckedContinuation { continuation in
            let isReleased = waiting.withLock { waiting in
                if !waiting.isReleased { waiting.continuations.append(continuation) }
                return waiting.isReleased
            }
            if isReleased { continuation.resume() }
        }
        throw CancellationError()
    }
    func release() {
        let continuations = waiting.withLock { waiting in
            defer { waiting = (true, []) }
            return waiting.continuations
        }
        for continuation in continuations { continuation.resume() }
    }
}
