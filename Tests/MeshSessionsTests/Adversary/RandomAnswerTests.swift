import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshTestSupport
import Synchronization
import Testing

@testable import MeshSessions

/// A portal whose answers are anything at all, under its own signature: there is a typed error each time, and nothing on the
/// machine is changed by it.
struct RandomAnswerTests {
    private let den: Den
    private let portal: RandomPortal
    private let seed: UInt64

    init() async throws {
        den = try await Den()
        let mutator = Mutator()
        seed = mutator.seed
        portal = RandomPortal(den.service, key: den.key, mutator: mutator)
    }

    private func session(_ machine: (any MeshPlatform)? = nil) -> MeshSession {
        MeshSession(machine ?? den.machine(), portal: portal)
    }

    private func pending(_ session: MeshSession, at owner: PersonalSession) async throws -> PendingConnection {
        let address = try #require(try await owner.accounts().first)
        let request = try await session.connect(to: address.canonical)
        return try #require(try await owner.connectPending().first { $0.witness == request.witness })
    }

    // MARK: Every call

    private static let address = "alice@example.com"

    /// A good answer to each transaction.
    private func goodAnswers() async throws -> (alice: PersonalSession, answers: [PortalTransaction: [[UInt8]]]) {
        let alice = try await session().createAccount(Self.address)
        try await alice.store(.credential).add(Den.credential("a.example"))
        _ = try await alice.sync()
        let second = session()
        let pending = try await pending(second, at: alice)
        _ = try await alice.connectClose(pending, .accept())
        let request = try #require(try await second.connectionRequests().first)
        _ = try await second.awaitConnection(request, polling: Household.polling)
        let escrow = try await alice.escrowAtPortal(quorum: 1, shares: 1)
        _ = try await session().recover(from: escrow.keyShares, at: Self.address)
        let made = try await alice.preconfigureDevice()
        _ = try await alice.connectStatic(made.uri)
        let device = session()
        _ = try await device.install(made.preconfiguration)
        _ = try await device.completePreconfigured()
        _ = try await alice.context().client(portal).transfer()
        let bob = try await session().createAccount("bob@example.com")
        _ = try await bob.deregister(from: "bob@example.com")
        #expect(Set(portal.good.keys) == Set(PortalTransaction.allCases))
        return (alice, portal.good)
    }

    private func call(_ transaction: PortalTransaction, _ client: MeshClient) async throws {
        let envelope = DAREEnvelope(header: [:], body: [1])
        switch transaction {
        case .hello: _ = try await client.hello()
        case .validateAccount: _ = try await client.validate()
        case .createAccount: try await client.createAccount(profile: envelope, updates: [])
        case .deleteAccount: try await client.deleteAccount()
        case .get: _ = try await client.entries("MAAA")
        case .publish: try await client.publish(envelope, as: "MAAA")
        case .status: _ = try await client.status(of: nil)
        case .download: _ = try await client.download([FrameSelection(container: "MMM_Credential", from: 0)])
        case .transact: _ = try await client.transact([])
        case .connectStart: _ = try await client.connectStart(envelope)
        case .connectStatus:
            _ = try await client.connectStatus(device: den.service.profile.udf, responseID: "MAAA")
        case .connectPending: _ = try await client.connectPending()
        case .connectComplete:
            _ = try await client.connectComplete(
                device: den.service.profile.udf, responseID: "MAAA", result: envelope)
        case .claim: _ = try await client.claim(envelope, for: client.account)
        case .pollClaim: _ = try await client.pollClaim(publicationID: "MAAA")
        case .transfer: _ = try await client.transfer()
        }
    }

    /// Answers what it is told to, under the service's signature; Hello as the service does.
    private final class CannedPortal: MeshPortal {
        let den: Den
        let transaction: PortalTransaction
        let answer = Mutex<[UInt8]>([])

        init(_ den: Den, _ transaction: PortalTransaction) {
            self.den = den
            self.transaction = transaction
        }

        func exchange(_ request: PortalRequest) async throws -> PortalResponse {
            guard try PortalWire.decodeRequest(request.body, limit: 1 << 24).transaction == transaction else {
                return await den.service.handle(request)
            }
            return try Lie.signed(answer.withLock { $0 }, 201, to: request, by: den.key)
        }
    }

    @Test("Every call that is answered by anything at all fails as calls do, or has an answer that can be read")
    func everyCall() async throws {
        let (alice, answers) = try await goodAnswers()
        let signature = try await alice.context().keys.signature
        var mutator = Mutator(seed: seed)
        for transaction in PortalTransaction.allCases {
            let good = try #require(answers[transaction])
            let canned = CannedPortal(den, transaction)
            func met() throws -> MeshClient {
                MeshClient(
                    try AccountAddress(Self.address), portal: canned, pin: .profile(den.service.profile.udf),
                    signer: KeySigner(signature), clock: den.clock, random: SystemRandomSource())
            }
            var client = try met()
            var failures = 0
            for number in 0..<400 {
                let body = RandomPortal.lie(
                    good.randomElement(using: &mutator) ?? [], transaction, &mutator)
                canned.answer.withLock { $0 = body }
                // What was learned from one lie is not what the next is measured by.
                if transaction == .hello { client = try met() }
                do {
                    try await call(transaction, client)
                } catch is PortalError {
                    failures += 1
                } catch {
                    Issue.record(
                        "seed \(seed), \(transaction) \(number): \(error): \(String(decoding: body, as: UTF8.self))")
                }
            }
            #expect(failures > 120, "seed \(seed), \(transaction): \(failures) failures")
        }
    }

    // MARK: Every operation

    /// Something that is asked of sessions, on a machine that it must leave as it was if it fails.
    private struct Operation {
        let name: String
        let lies: Set<PortalTransaction>
        /// Whether nothing may be different after a failure. Otherwise it may have begun, and goes on when it is done again.
        var changesNothing = true
        /// Whether it can be done once.
        var isOnce = true
        let prepare: () async throws -> (machine: any MeshPlatform, run: () async throws -> Void)
    }

    private var operations: [Operation] {
        var number = 0
        func owner() async throws -> PersonalSession {
            number += 1
            return try await session().createAccount("owner\(number)@example.com")
        }
        func prepared(_ personal: PersonalSession, _ run: @escaping () async throws -> Void) -> (
            any MeshPlatform, () async throws -> Void
        ) { (personal.platform, run) }
        func escrowed() async throws -> (OfflineEscrowEntry, PersonalSession) {
            let personal = try await owner()
            return (try await personal.escrowAtPortal(quorum: 1, shares: 1), personal)
        }
        return [
            Operation(name: "validate", lies: [.hello, .validateAccount], isOnce: false) {
                let session = session()
                return (session.platform, { _ = try await session.validate("nobody@example.com") })
            },
            Operation(name: "create", lies: [.validateAccount]) {
                let session = session()
                let personal = try await session.createPersonalProfile()
                number += 1
                let address = "new\(number)@example.com"
                return prepared(personal) { _ = try await session.createAccount(address, for: personal) }
            },
            Operation(name: "connect", lies: [.hello, .connectStart], isOnce: false) {
                let address = try #require(try await owner().accounts().first)
                let session = session()
                _ = try await session.createDevice()
                return (session.platform, { _ = try await session.connect(to: address.canonical) })
            },
            Operation(name: "complete", lies: [.connectStatus]) {
                let personal = try await owner()
                let session = session()
                _ = try await personal.connectClose(try await pending(session, at: personal), .accept())
                let request = try #require(try await session.connectionRequests().first)
                return (
                    session.platform,
                    {
                        guard case .pending = try await session.complete(request) else { return }
                        throw SessionError(.connectionTimedOut, "Nobody has answered.")
                    }
                )
            },
            Operation(name: "pending", lies: [.connectPending], isOnce: false) {
                let personal = try await owner()
                _ = try await pending(session(), at: personal)
                return prepared(personal) { _ = try await personal.connectPending() }
            },
            Operation(name: "accept", lies: [.connectComplete]) {
                let personal = try await owner()
                let pending = try await pending(session(), at: personal)
                return prepared(personal) { _ = try await personal.connectClose(pending, .accept()) }
            },
            Operation(name: "reject", lies: [.connectComplete]) {
                let personal = try await owner()
                let pending = try await pending(session(), at: personal)
                return prepared(personal) { _ = try await personal.connectClose(pending, .reject) }
            },
            Operation(name: "receive", lies: [.status, .download]) {
                let personal = try await owner()
                let session = session()
                _ = try await personal.connectClose(try await pending(session, at: personal), .accept())
                let request = try #require(try await session.connectionRequests().first)
                let second = try await session.awaitConnection(request, polling: Household.polling)
                try await personal.store(.credential).add(Den.credential("a.example"))
                _ = try await personal.sync()
                return prepared(second) { _ = try await second.sync() }
            },
            Operation(name: "send", lies: [.transact]) {
                let personal = try await owner()
                try await personal.store(.credential).add(Den.credential("a.example"))
                return prepared(personal) { _ = try await personal.commit() }
            },
            Operation(name: "escrow", lies: [.publish]) {
                let personal = try await owner()
                return prepared(personal) { _ = try await personal.escrowAtPortal(quorum: 1, shares: 2) }
            },
            Operation(name: "rehearse", lies: [.get], isOnce: false) {
                let (entry, personal) = try await escrowed()
                return prepared(personal) { try await personal.rehearse(with: entry.keyShares, on: den.machine()) }
            },
            Operation(name: "recover", lies: [.get]) {
                let (entry, personal) = try await escrowed()
                let address = try #require(try await personal.accounts().first)
                let session = session()
                return (
                    session.platform,
                    { _ = try await session.recover(from: entry.keyShares, at: address.canonical) }
                )
            },
            Operation(name: "deregister", lies: [.deleteAccount]) {
                let personal = try await owner()
                let address = try #require(try await personal.accounts().first)
                return prepared(personal) { _ = try await personal.deregister(from: address.canonical) }
            },
            Operation(name: "claim", lies: [.claim], changesNothing: false, isOnce: false) {
                let personal = try await owner()
                let made = try await personal.preconfigureDevice()
                return prepared(personal) { _ = try await personal.connectStatic(made.uri) }
            },
            Operation(name: "claimed", lies: [.pollClaim, .connectStart]) {
                let personal = try await owner()
                let made = try await personal.preconfigureDevice()
                _ = try await personal.connectStatic(made.uri)
                let session = session()
                _ = try await session.install(made.preconfiguration)
                return (
                    session.platform,
                    {
                        if try await session.completePreconfigured() == nil {
                            throw SessionError(.connectionTimedOut, "Nobody has claimed the device.")
                        }
                    }
                )
            },
        ]
    }

    @Test("Whatever a portal answers, an operation fails with an error that says what, and the machine stays as it was")
    func everyOperation() async throws {
        _ = try await goodAnswers()
        let operations = operations
        var current: [(machine: any MeshPlatform, run: () async throws -> Void)] = []
        for operation in operations { current.append(try await operation.prepare()) }
        var failures: [String: Int] = [:]
        for number in 0..<1000 {
            let place = number % operations.count
            let operation = operations[place]
            let (machine, run) = current[place]
            let before = try await MachineState(machine)
            portal.lies = operation.lies
            do {
                try await run()
                portal.lies = []
                // What was told could be true: then it was done, and the portal knows nothing of it.
                if operation.isOnce { current[place] = try await operation.prepare() }
            } catch {
                let told = portal.told
                portal.lies = []
                failures[operation.name, default: 0] += 1
                let after = try await MachineState(machine)
                if !(error is any MeshError) || told.isEmpty || operation.changesNothing && after != before {
                    Issue.record(
                        """
                        seed \(seed), \(number), \(operation.name): \(error), \
                        \(after.difference(from: before)), after \(told)
                        """)
                    current[place] = try await operation.prepare()
                }
            }
        }
        for (operation, (machine, run)) in zip(operations, current) {
            #expect(failures[operation.name, default: 0] > 10, "seed \(seed), \(operation.name): \(failures)")
            // And it was the lies that it failed for.
            let before = try await MachineState(machine)
            await #expect(throws: Never.self, "\(operation.name)") { try await run() }
            #expect(before.count > 0 || operation.name == "validate" || operation.name == "recover")
        }
    }
}
