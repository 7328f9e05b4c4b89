import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization

@testable import MeshSessions

/// Those who take part in connecting a device, everything that they sign once, and the real service that they talk to.
///
/// What the service does is worked out once for each content of its store and each message, by the service itself.
final class ConnectionCast {
    enum Who: Hashable { case device, hostile }
    enum Admin: Hashable { case first, second }

    /// A message that closes a request.
    enum Answer: Hashable {
        case accept(Who, Admin)
        case reject(Who, Admin)
        /// Signed by a device that is no administrator, in the result and in the frames.
        case byMember(Who)
        /// The administrator's acceptance of the device, sent for the hostile one.
        case swapped
        /// Another account's administrator accepts the device into this account.
        case byStranger
    }

    /// What is asked of the service.
    enum Message: Hashable {
        case ask(Who)
        case copiedAsk
        case poll(Who)
        case list(Admin)
        case complete(Answer)
        case revoke
    }

    /// What came of it.
    struct Outcome {
        var store: String
        var acknowledgement: DAREEnvelope?
        var pending: [DAREEnvelope] = []
        var result: DAREEnvelope?
        var error: PortalError?
    }

    static let address = "alice@example.com"
    let account: VerifiedProfile<ProfileUser>
    let stranger: VerifiedProfile<ProfileUser>
    let device: VerifiedConnectionRequest
    let hostile: VerifiedConnectionRequest
    /// The device's request with its identifier and nonce, and the hostile device's keys.
    let copied: VerifiedConnectionRequest
    /// Another account's acceptance of the device, as that account would say it.
    let strangersResult: DAREEnvelope
    /// The acceptance of the device by a member.
    let membersResult: DAREEnvelope
    /// The first store.
    private(set) var start = ""
    /// How often the service was really asked.
    private(set) var exchanges = 0
    let serviceKey: PrivateKey

    private let keys = InMemoryKeyStore()
    private let seeds: [Who: SecretSeed]
    private let administrators: [Admin: AccountKeys]
    private let member: AccountKeys
    private let administration: AdministratorKeys
    private let strangerAdministration: AdministratorKeys
    private let entries: [Admin: [Who: CatalogedDevice]]
    private var contents: [String: SnapshotStore.Contents] = [:]
    private struct Asked: Hashable {
        let store: String
        let message: Message
        let isLate: Bool
    }
    private var known: [Asked: Outcome] = [:]
    private var books: [String: [UDF]] = [:]
    private static let time = Timestamp(secondsSince1970: 1_700_000_000)
    private static let late = Timestamp(secondsSince1970: 1_700_000_000 + 2 * 86_400)

    init() async throws {
        let random = SeededRandomSource(seed: 29)
        let store = SnapshotStore()
        let clock = ManualClock(Self.time)
        let service = try await PortalService.open(
            domain: "example.com", store: store, keys: keys, clock: clock, random: random)
        let found = try await keys.withKey(service.profile.udf) { key in
            try ProfileService.key(.sign, from: try SecretSeed(binary: key.secret))
        }
        guard let found else { throw PortalError(.serviceFailed, "There is no key.") }
        serviceKey = found

        func person(_ address: String) throws -> (VerifiedProfile<ProfileUser>, AdministratorKeys) {
            let seed = SecretSeed(.profileAccount, from: random)
            let profile = try VerifiedProfile(
                signing: ProfileUser(
                    seed: seed, accountAddress: address, serviceUDF: service.profile.udf, updated: Self.time),
                seed: seed, created: Self.time)
            return (profile, try AdministratorKeys(seed: seed))
        }
        (account, administration) = try person(Self.address)
        (stranger, strangerAdministration) = try person("eve@example.com")

        func newDevice() throws -> (seed: SecretSeed, profile: VerifiedProfile<ProfileDevice>) {
            let seed = SecretSeed(.profileDevice, from: random)
            return (
                seed,
                try VerifiedProfile(
                    signing: ProfileDevice(seed: seed, description: "device", updated: Self.time), seed: seed,
                    created: Self.time)
            )
        }
        let connector = try DeviceConnector(account: account, keys: administration)
        var made: [(entry: CatalogedDevice, keys: AccountKeys)] = []
        for rights in [[Right.administrator], [.administrator], Right.usual] {
            let (seed, profile) = try newDevice()
            let entry = try connector.connect(profile, rights: rights, at: Self.time, random: random)
            made.append((entry, try AccountKeys(opening: entry, of: account, seed: seed)))
        }
        administrators = [.first: made[0].keys, .second: made[1].keys]
        member = made[2].keys

        let (newSeed, newProfile) = try newDevice()
        let (hostileSeed, hostileProfile) = try newDevice()
        seeds = [.device: newSeed, .hostile: hostileSeed]
        func request(
            _ profile: VerifiedProfile<ProfileDevice>, _ seed: SecretSeed, _ nonces: UInt64
        ) throws -> VerifiedConnectionRequest {
            try VerifiedConnectionRequest(
                signing: RequestConnection(
                    account: Self.address, device: profile, random: SeededRandomSource(seed: nonces)),
                seed: seed, created: Self.time)
        }
        device = try request(newProfile, newSeed, 1)
        hostile = try request(hostileProfile, hostileSeed, 2)
        copied = try request(hostileProfile, hostileSeed, 1)
        var entries: [Admin: [Who: CatalogedDevice]] = [:]
        for admin in [Admin.first, .second] {
            entries[admin] = [
                .device: try connector.connect(newProfile, rights: Right.usual, at: Self.time, random: random),
                .hostile: try connector.connect(hostileProfile, rights: Right.usual, at: Self.time, random: random),
            ]
        }
        self.entries = entries
        let strangersEntry = try DeviceConnector(account: stranger, keys: strangerAdministration).connect(
            newProfile, rights: Right.usual, at: Self.time, random: random)
        strangersResult = try VerifiedAssertion(
            signing: RespondConnection(
                accepting: device, entry: strangersEntry, account: stranger.udf, history: nil),
            by: strangerAdministration.administratorSignature, created: Self.time
        ).envelope
        membersResult = try VerifiedAssertion(
            signing: RespondConnection(
                accepting: device, entry: made[0].entry, account: account.udf, history: nil),
            by: member.signature, created: Self.time
        ).envelope

        let run = try Catalog.prepareRun(
            new: StoreName.device.fileName, options: Self.options,
            signedBy: RunSigner(scope, key: made[0].keys.signature)
        ) { transaction in for device in made { _ = try transaction.add(device.entry) } }.frames
        let client = try Self.client(
            MeshPortalDirect("example.com", service), administration.administratorSignature, clock)
        try await client.createAccount(
            profile: account.envelope,
            updates: [
                ContainerUpdate(
                    container: StoreName.device.containerName, index: 0, digest: [], frames: run.frames)
            ])
        start = keep(store.contents)
    }

    private var scope: RunScope { RunScope(account: account.udf, store: StoreName.device.containerName) }
    private static var options: CatalogOptions {
        var options = CatalogOptions()
        options.clock = ManualClock(time)
        options.random = SeededRandomSource(seed: 3)
        return options
    }
    private static func client(
        _ portal: any MeshPortal, _ key: PrivateKey, _ clock: ManualClock
    ) throws -> MeshClient {
        MeshClient(
            try AccountAddress(address), portal: portal, pin: .firstContact, signer: KeySigner(key), clock: clock,
            random: SystemRandomSource()
        ) { envelope in
            let service = try VerifiedProfile<ProfileService>(verifying: envelope)
            return ServiceIdentity(udf: service.udf, key: service.content.serviceSignature)
        }
    }

    /// Keeps a content of the store under a name that only the same content has.
    private func keep(_ new: SnapshotStore.Contents) -> String {
        var octets: [UInt8] = []
        for partition in [PortalPartition.portal, .account(account.udf)] {
            for record in new.records("", in: partition) {
                octets += Array(record.key.utf8) + [0] + HashAlgorithm.sha512.digest(record.octets)
            }
        }
        for frame in new.frames(of: StoreName.device.containerName, in: .account(account.udf)) {
            octets += HashAlgorithm.sha512.digest(frame)
        }
        let name = Base64URL.encode(HashAlgorithm.sha512.digest(octets).prefix(24))
        if contents[name] == nil { contents[name] = new }
        return name
    }

    // MARK: The service

    private final class Recorder: MeshPortal {
        let service: PortalService
        let sent = Mutex<[PortalRequest]>([])
        init(_ service: PortalService) { self.service = service }
        func exchange(_ request: PortalRequest) async throws -> PortalResponse {
            sent.withLock { $0.append(request) }
            return await service.handle(request)
        }
    }

    /// What the service does with `message`, if its store is `store`. What was sent is sent a second time, octet by octet, to
    /// this service and to one that was started anew.
    func ask(_ message: Message, _ store: String, isLate: Bool) async throws -> Outcome {
        let asked = Asked(store: store, message: message, isLate: isLate)
        if let found = known[asked] { return found }
        exchanges += 1
        let clock = ManualClock(isLate ? Self.late : Self.time)
        let own = SnapshotStore(contents[store] ?? SnapshotStore.Contents())
        func open(_ random: any RandomSource) async throws -> PortalService {
            try await PortalService.open(domain: "example.com", store: own, keys: keys, clock: clock, random: random)
        }
        // What the service draws depends on nothing but what is asked, so that the order of others does not show.
        let recorder = Recorder(try await open(SeededRandomSource(seed: Self.seed(of: message))))
        var outcome = Outcome(store: store)
        do {
            try await perform(message, own.contents, try Self.client(recorder, key(message), clock), &outcome)
        } catch let error as PortalError {
            outcome.error = error
        }
        outcome.store = keep(own.contents)
        let again = try await open(SystemRandomSource())
        for request in recorder.sent.withLock({ $0 }) where request.authorization != nil {
            for service in [recorder.service, again] {
                let status = await service.handle(request).status
                if (200..<300).contains(status) {
                    throw PortalError(.serviceFailed, "A replay was answered with \(status).")
                }
            }
        }
        guard keep(own.contents) == outcome.store else { throw PortalError(.serviceFailed, "A replay had an effect.") }
        known[asked] = outcome
        return outcome
    }

    private static func seed(of message: Message) -> UInt64 {
        switch message {
        case .ask(.device): 11
        case .ask(.hostile): 12
        case .copiedAsk: 13
        default: 14
        }
    }

    private func key(_ message: Message) throws -> PrivateKey {
        func base(_ who: Who) throws -> PrivateKey {
            guard let seed = seeds[who] else { throw PortalError(.notFound, "Nobody.") }
            return try ProfileDevice.key(.sign, from: seed)
        }
        func signature(_ admin: Admin) -> PrivateKey { administrators[admin]?.signature ?? member.signature }
        return switch message {
        case .ask(let who), .poll(let who): try base(who)
        case .copiedAsk: try base(.hostile)
        case .list(let admin), .complete(.accept(_, let admin)), .complete(.reject(_, let admin)): signature(admin)
        case .complete(.byMember): member.signature
        case .complete(.byStranger): strangerAdministration.administratorSignature
        case .complete(.swapped), .revoke: signature(.first)
        }
    }

    func request(_ who: Who) -> VerifiedConnectionRequest { who == .device ? device : hostile }

    private func perform(
        _ message: Message, _ contents: SnapshotStore.Contents, _ client: MeshClient, _ outcome: inout Outcome
    ) async throws {
        switch message {
        case .ask(let who):
            outcome.acknowledgement = try await client.connectStart(request(who).message.envelope).acknowledgement
        case .copiedAsk:
            outcome.acknowledgement = try await client.connectStart(copied.message.envelope).acknowledgement
        case .poll(let who):
            let asked = request(who)
            outcome.result = try await client.connectStatus(
                device: asked.device.udf, responseID: asked.content.identifiers.response.text)
        case .list: outcome.pending = try await client.connectPending().pending ?? []
        case .complete(let answer): try await complete(answer, contents, client)
        case .revoke:
            _ = try await client.transact([
                try update(contents, administrators[.first]?.signature) { transaction in
                    _ = try transaction.delete(self.device.device.udf.text, from: nil)
                }
            ])
        }
    }

    private func complete(
        _ answer: Answer, _ contents: SnapshotStore.Contents, _ client: MeshClient
    ) async throws {
        let who: Who
        let entry: CatalogedDevice?
        var signer = administration.administratorSignature
        var runSigner = try key(.complete(answer))
        switch answer {
        case .accept(let accepted, let admin):
            who = accepted
            entry = entries[admin]?[accepted]
        case .reject(let refused, _):
            who = refused
            entry = nil
        case .byMember(let asked):
            who = asked
            entry = entries[.first]?[asked]
            signer = member.signature
        case .swapped:
            who = .device
            entry = entries[.first]?[.hostile]
        case .byStranger:
            who = .device
            entry = entries[.first]?[.device]
            signer = strangerAdministration.administratorSignature
            runSigner = signer
        }
        let asked = request(who)
        let content =
            entry.map { RespondConnection(accepting: asked, entry: $0, account: account.udf, history: nil) }
            ?? RespondConnection(rejecting: asked)
        let result = try VerifiedAssertion(signing: content, by: signer, created: Self.time).envelope
        let updates = try entry.map { entry in
            [try update(contents, runSigner) { _ = try $0.put(entry) }]
        }
        _ = try await client.connectComplete(
            device: asked.device.udf, responseID: asked.content.identifiers.response.text, result: result,
            updates: updates)
    }

    private func update(
        _ contents: SnapshotStore.Contents, _ key: PrivateKey?, _ body: (inout CatalogTransaction) throws -> Void
    ) throws -> ContainerUpdate {
        let directory = InMemoryContainerDirectory()
        let frames = contents.frames(of: StoreName.device.containerName, in: .account(account.udf))
        _ = try DARESequence.create(StoreName.device.fileName, in: directory, verbatim: frames)
        guard let catalog = try Catalog.open(StoreName.device.fileName, in: directory, options: Self.options) else {
            throw PortalError(.notFound, "There is no catalog.")
        }
        let run = try catalog.prepareRun(signedBy: key.map { RunSigner(scope, key: $0) }, body).frames
        return ContainerUpdate(
            container: StoreName.device.containerName, index: run.first, digest: run.before.digest,
            frames: run.frames)
    }

    /// The portal puts a request of the device back that was closed, and lets its result disappear.
    func resurrect(_ store: String, from earlier: String) async throws -> String {
        guard let now = contents[store], let then = contents[earlier] else { return store }
        let own = SnapshotStore(now)
        let partition = PortalPartition.account(account.udf)
        let results = now.records("Result/", in: partition).map { PortalChange.remove(key: $0.key, expecting: nil) }
        let pending = then.records("Pending/", in: partition).map {
            PortalChange.put(key: $0.key, octets: $0.octets, expecting: nil)
        }
        try await own.commit(results + pending, in: partition)
        return keep(own.contents)
    }

    // MARK: What clients see

    /// The devices that every client of the account takes for connected, by the verification that clients do.
    func connected(_ store: String) throws -> [UDF] {
        if let found = books[store] { return found }
        let frames = contents[store]?.frames(of: StoreName.device.containerName, in: .account(account.udf)) ?? []
        var verifier = RunVerifier(scope)
        var book = DeviceBook(account)
        for octets in frames {
            let run = try verifier.take(octets) { claim in
                try book.key(for: claim, of: .device) { try Synchronizer.payload(of: frames[$0]) }
            }
            if let run { try book.follow(run) { try Synchronizer.payload(of: frames[$0]) } }
        }
        let devices = book.all.map(\.udf).filter { $0 == device.device.udf || $0 == hostile.device.udf }
        books[store] = devices
        return devices
    }

    /// How many results for the device there are that accept, and that refuse.
    func results(_ store: String) -> Int {
        contents[store]?.records("Result/", in: .account(account.udf)).count ?? 0
    }

    /// How many different contents the store had.
    var storeCount: Int { contents.count }

    /// An acknowledgement that the service makes of `request` for `account`: it can make any.
    func acknowledge(
        _ request: VerifiedConnectionRequest, _ account: VerifiedProfile<ProfileUser>
    ) throws -> DAREEnvelope {
        let asked = Pair(envelope: request.message.envelope.encoded, other: account.udf)
        if let made = acknowledgements[asked] { return made }
        let made = try VerifiedAssertion(
            signing: AcknowledgeConnection(
                of: request, account: account.content.profileSignature, random: SeededRandomSource(seed: 5)),
            by: serviceKey, created: Self.time
        ).envelope
        acknowledgements[asked] = made
        return made
    }

    private struct Pair: Hashable {
        let envelope: [UInt8]
        let other: UDF
        var device: UDF?
    }
    private var acknowledgements: [Pair: DAREEnvelope] = [:]
    private var witnesses: [Pair: (device: UDF, witness: String)] = [:]
    private var verdicts: [Pair: Verdict] = [:]

    /// Whose request an acknowledgement is of, and what people compare, as clients work it out; each once.
    func witness(
        _ acknowledgement: DAREEnvelope, _ account: VerifiedProfile<ProfileUser>
    ) throws -> (device: UDF, witness: String) {
        let asked = Pair(envelope: acknowledgement.encoded, other: account.udf)
        if let found = witnesses[asked] { return found }
        let verified = try VerifiedAcknowledgement(
            verifying: acknowledgement, by: serviceKey.publicKey, account: account)
        let found = (verified.request.device.udf, verified.witness)
        witnesses[asked] = found
        return found
    }

    /// What a device makes of an answer.
    enum Verdict { case connected(UDF), rejected, refused }

    /// What the device makes of `answer`, as devices work it out; each once.
    func verdict(_ answer: DAREEnvelope, _ who: Who, _ account: VerifiedProfile<ProfileUser>) -> Verdict {
        let asked = Pair(envelope: answer.encoded, other: account.udf, device: request(who).device.udf)
        if let found = verdicts[asked] { return found }
        let verified = try? VerifiedConnectionResponse(verifying: answer, to: request(who), account: account)
        let found = verified.map { $0.device.map { .connected($0.account) } ?? .rejected } ?? Verdict.refused
        verdicts[asked] = found
        return found
    }
}
