import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortalService
import MeshPortals
import MeshProfiles
import MeshTestSupport
import Synchronization
import Testing

/// Thousands of bodies that are near a good one, or nothing at all, signed by who may: each has an answer that says what is
/// wrong with it, and changes nothing.
struct RandomInputTests {
    private static let cases = 1000

    /// A portal at which a request would be a success, and the request.
    private struct Scene {
        let town: Town
        let body: [UInt8]
        let signer: Signer?
        let accounts: [UDF]

        func snapshot() async throws -> [String] {
            // Whoever closes a request and is refused has held it for a moment: that is a new version of the same.
            var lines = try await town.portal.snapshot(town.alice.udf, town.bob.udf, versions: false)
            for account in accounts { lines += try await town.portal.snapshot(account, versions: false) }
            return lines
        }
    }

    private func scene(_ transaction: PortalTransaction) async throws -> Scene {
        let town = try await Town()
        let (alice, portal) = (town.alice, town.portal)
        func scene(_ body: [UInt8], _ signer: Signer?, _ accounts: UDF...) -> Scene {
            Scene(town: town, body: body, signer: signer, accounts: accounts)
        }
        switch transaction {
        case .createAccount:
            let carol = try TestPerson(portal, "carol@example.com")
            return scene(try PortalWire.encode(carol.create()), carol.owner, carol.udf)
        case .publish:
            let time = Timestamp(secondsSince1970: portal.clock.now.secondsSince1970 + 10)
            let newer = try VerifiedProfile(
                signing: ProfileUser(
                    seed: alice.seed, accountAddress: alice.address, serviceUDF: portal.service.profile.udf,
                    updated: time), seed: alice.seed, created: time)
            return scene(
                try PortalWire.encode(PublishRequest(account: alice.address, entry: newer.envelope)),
                alice.administrator)
        case .connectComplete:
            let admitted = try alice.admit(town.pending)
            let request = ConnectCompleteRequest(
                account: alice.address, device: town.pending.udf.text, responseID: town.responseID.text,
                result: try alice.result(to: town.request, accepting: admitted.entry),
                updates: [alice.update(.device, admitted.frames)])
            return scene(try PortalWire.encode(request), alice.administrator)
        default:
            let signer: Signer?
            switch transaction.access {
            case .anyone: signer = nil
            case .holder: signer = try town.signer(.pendingDevice, transaction)
            default: signer = try town.signer(.administrator, transaction)
            }
            portal.isHoldingBack.withLock { $0 = true }
            await #expect(throws: TestPortal.HeldBack.self) { try await town.ask(transaction, signer) }
            portal.isHoldingBack.withLock { $0 = false }
            return scene(try #require(portal.sent.withLock { $0 }).body, signer)
        }
    }

    private static let reads: Set<PortalTransaction> = [
        .hello, .validateAccount, .get, .status, .download, .connectStatus, .connectPending, .pollClaim, .transfer,
    ]

    @Test("What is not the request that was meant changes nothing", arguments: PortalTransaction.allCases)
    func random(_ transaction: PortalTransaction) async throws {
        var mutator = Mutator()
        let seed = mutator.seed
        var scene = try await scene(transaction)
        var good = try #require(Meaning(scene.body))
        var before = try await scene.snapshot()
        var successes = 0
        for number in 0..<Self.cases {
            let portal = scene.town.portal
            let body = mutator.changed(scene.body)
            var request = PortalRequest(portal: TestPortal.domain, body: body)
            switch number % 8 {
            case 0: request.authorization = mutator.changed(Array("{}".utf8))
            case 1:
                // The authorization of the good body, or one that is near it.
                let octets = try scene.signer?.authorization(transaction, scene.body, portal).encoded()
                request.authorization = number % 16 == 1 ? octets : octets.map { mutator.changed($0) }
            default: request.authorization = try scene.signer?.authorization(transaction, body, portal).encoded()
            }
            let service = try portal.service
            let response = await service.handle(request)
            let status = PortalStatus(rawValue: response.status)
            if number % 16 == 0 {
                _ = try ResponseAuthorization.verify(
                    response, to: request, by: service.profile.content.serviceSignature)
            }
            let after = try await scene.snapshot()
            var isRight = status.rawValue < 500 && !response.body.isEmpty
            if status.isSuccess {
                successes += 1
                let meaning = Meaning(body)
                isRight = isRight && meaning != nil
                if meaning?.transaction == transaction, !Self.reads.contains(transaction) {
                    isRight = isRight && meaning == good
                } else {
                    isRight = isRight && after == before
                }
            } else if after != before {
                // Of several containers those before the one that is refused may be taken.
                isRight = isRight && Meaning(body)?.begins(like: good) == true
            }
            guard isRight else {
                Issue.record(
                    """
                    seed \(seed), \(transaction) \(number): \(status) \
                    \(Set(after).symmetricDifference(before).sorted()) \(String(decoding: body, as: UTF8.self).prefix(3000))
                    """)
                return
            }
            if after != before {
                #expect(portal.events.withLock { $0.isEmpty })
                scene = try await self.scene(transaction)
                good = try #require(Meaning(scene.body))
                before = try await scene.snapshot()
            }
        }
        #expect(successes < Self.cases / 2)
        #expect(scene.town.portal.events.withLock { $0.isEmpty }, "seed \(seed)")
        // It was the changes that were refused.
        var request = PortalRequest(portal: TestPortal.domain, body: scene.body)
        request.authorization = try scene.signer?.authorization(transaction, scene.body, scene.town.portal).encoded()
        let answer = await (try scene.town.portal.service).handle(request)
        #expect(PortalStatus(rawValue: answer.status).isSuccess)
    }
}

/// What a body asks for, without what has no meaning: members that are not known, the case of addresses, and what stands
/// around the signed part of an envelope.
private struct Meaning: Equatable {
    let transaction: PortalTransaction
    let content: JSONValue

    init?(_ body: [UInt8]) {
        func read<M: PortalRequestMessage>(_ body: PortalRequestBody, _ type: M.Type) -> JSONValue? {
            guard let message = try? body.message(type), let octets = try? PortalWire.encode(message) else {
                return nil
            }
            return try? JSONValue(decoding: octets)[type.transaction.rawValue]
        }
        guard let decoded = try? PortalWire.decodeRequest(body, limit: .max) else { return nil }
        let content: JSONValue? =
            switch decoded.transaction {
            case .hello: read(decoded, HelloRequest.self)
            case .validateAccount: read(decoded, ValidateAccountRequest.self)
            case .createAccount: read(decoded, CreateAccountRequest.self)
            case .deleteAccount: read(decoded, DeleteAccountRequest.self)
            case .get: read(decoded, GetRequest.self)
            case .publish: read(decoded, PublishRequest.self)
            case .status: read(decoded, StatusRequest.self)
            case .download: read(decoded, DownloadRequest.self)
            case .transact: read(decoded, TransactRequest.self)
            case .connectStart: read(decoded, ConnectStartRequest.self)
            case .connectStatus: read(decoded, ConnectStatusRequest.self)
            case .connectPending: read(decoded, ConnectPendingRequest.self)
            case .connectComplete: read(decoded, ConnectCompleteRequest.self)
            case .claim: read(decoded, ClaimRequest.self)
            case .pollClaim: read(decoded, PollClaimRequest.self)
            case .transfer: read(decoded, TransferRequest.self)
            }
        guard let content else { return nil }
        transaction = decoded.transaction
        self.content = Self.plain(content)
    }

    /// Whether the first container that is appended to is the one that `other` appends to, by the same frames.
    func begins(like other: Meaning) -> Bool {
        guard transaction == .transact, other.transaction == .transact, content["Account"] == other.content["Account"],
            let first = content["Updates"]?.array?.first
        else { return false }
        return first == other.content["Updates"]?.array?.first
    }

    private static func plain(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var plain = JSONObject()
            for name in object.names.sorted() {
                guard let member = object[name] else { continue }
                switch (name, member.string) {
                case ("Account", let text?), ("AccountID", let text?), ("Publisher", let text?):
                    plain[name] = .string(text.lowercased())
                case ("DeviceID", let text?), ("ResponseID", let text?), ("Identifier", let text?):
                    plain[name] = .string(UDF(text)?.text ?? text)
                default: plain[name] = Self.plain(member)
                }
            }
            return .object(plain)
        case .array(let elements):
            // An envelope: header, body, trailer.
            if elements.first?.object != nil, elements.count > 1, let body = elements[1].binary {
                return .binary(body)
            }
            return .array(elements.map(plain))
        default: return value.binary.map { .binary($0) } ?? value
        }
    }
}
