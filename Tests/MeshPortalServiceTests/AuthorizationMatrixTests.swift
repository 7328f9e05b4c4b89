import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortalService
import MeshPortals
import MeshProfiles
import Synchronization
import Testing

/// Every transaction, asked for by everyone. The table is made of `PortalTransaction.allCases`: a transaction that is new has
/// to say what each gets.
struct AuthorizationMatrixTests {
    enum Asker: CaseIterable {
        case anonymous, otherUser, pendingDevice, member, revoked, administrator, wrongPortal, otherKeyOfSameName
    }

    @Test(
        "Nobody gets more than their key gives them, and a refusal changes nothing",
        arguments: PortalTransaction.allCases)
    func matrix(_ transaction: PortalTransaction) async throws {
        let town = try await Town()
        for asker in Asker.allCases {
            let signer = try town.signer(asker, transaction)
            let before = try await town.portal.snapshot(town.alice.udf, town.bob.udf)
            let status = try await town.ask(transaction, signer)
            let expected = Self.expected(transaction, asker)
            #expect(
                expected.contains(status?.rawValue ?? 0), "\(transaction) by \(asker): \(String(describing: status))")
            if status?.isSuccess != true {
                #expect(
                    try await town.portal.snapshot(town.alice.udf, town.bob.udf) == before, "\(transaction) \(asker)")
            }
        }
        #expect(town.portal.events.withLock { $0.isEmpty })
    }

    private static func expected(_ transaction: PortalTransaction, _ asker: Asker) -> Set<Int> {
        switch transaction.access {
        case .anyone: return [201]
        case .holder:
            switch asker {
            case .anonymous, .wrongPortal: return [401]
            // With a key that it is not about: as if there was nothing. The account is there: its name is taken.
            default:
                switch transaction {
                case .createAccount: return asker == .administrator ? [401, 409] : [401]
                case .connectStart: return asker == .pendingDevice ? [201] : [401]
                case .connectStatus: return asker == .pendingDevice ? [201] : [404]
                // Whoever knows the identifier, which is the digest of a secret, may ask.
                case .pollClaim: return [201]
                default: return []
                }
            }
        case .connected:
            switch asker {
            case .member, .administrator: return [201]
            case .revoked: return [410]
            default: return [401]
            }
        case .administrator:
            switch asker {
            case .administrator: return [201, 202]
            case .revoked: return [410]
            default: return [401]
            }
        }
    }
}

/// A portal where there is one of everything.
final class Town {
    let portal: TestPortal
    let alice: TestPerson
    let bob: TestPerson
    let member: TestDevice
    let revoked: TestDevice
    let pending: TestDevice
    let request: DAREEnvelope
    let responseID: UDF

    init() async throws {
        portal = try await TestPortal()
        alice = try await TestPerson.joined(portal, "alice@example.com")
        bob = try await TestPerson.joined(portal, "bob@example.com")
        member = try await alice.connect(TestDevice(portal, "member"))
        revoked = try await alice.connect(TestDevice(portal, "revoked"))
        try await alice.remove(revoked)
        pending = try TestDevice(portal, "pending")
        request = try pending.request(to: "alice@example.com", portal)
        let response = try await portal.success(
            ConnectStartRequest(account: "alice@example.com", request: request),
            by: pending.holder(of: "alice@example.com"))
        responseID = try portal.responseID(try #require(response.acknowledgement), alice)
        var publication = CatalogedPublication(id: "code")
        publication.envelopedData = [[:], ""]
        let entry = publication
        let frames = try alice.prepare(.publication, by: alice.device.keys?.signature) { try $0.add(entry) }
        _ = try await portal.success(
            TransactRequest(account: alice.address, updates: [alice.update(.publication, frames)]),
            by: alice.administrator)
        try alice.take(.publication, frames)
    }

    func signer(_ asker: AuthorizationMatrixTests.Asker, _ transaction: PortalTransaction) throws -> Signer? {
        var signer: Signer
        switch asker {
        case .anonymous: return nil
        case .otherUser:
            signer = bob.administrator
            signer.account = alice.address
        case .pendingDevice: signer = pending.holder(of: alice.address)
        case .member: signer = alice.signer(member)
        case .revoked: signer = alice.signer(revoked)
        case .administrator: signer = alice.administrator
        case .wrongPortal:
            signer = transaction.access == .holder ? pending.holder(of: alice.address) : alice.administrator
            signer.portal = "example.net"
        case .otherKeyOfSameName:
            signer = Signer(try PrivateKey.generate(.ed448, from: portal.random), alice.address)
        }
        if transaction.access == .holder { signer.showsKey = true }
        return signer
    }

    /// Asks for a transaction that, for whoever may, is a success.
    func ask(_ transaction: PortalTransaction, _ signer: Signer?) async throws -> PortalStatus? {
        let account = alice.address
        switch transaction {
        case .hello: return try await portal.status(HelloRequest(), by: signer)
        case .validateAccount: return try await portal.status(ValidateAccountRequest(account: account), by: signer)
        case .createAccount:
            let stranger = try TestPerson(portal, account)
            return try await portal.status(stranger.create(), by: signer)
        case .deleteAccount: return try await portal.status(DeleteAccountRequest(account: account), by: signer)
        case .get: return try await portal.status(GetRequest(account: account), by: signer)
        case .publish:
            return try await portal.status(
                PublishRequest(account: account, entry: alice.profile.envelope), by: signer)
        case .status: return try await portal.status(StatusRequest(account: account), by: signer)
        case .download:
            let select = [FrameSelection(container: "MMM_Device", from: 0)]
            return try await portal.status(DownloadRequest(account: account, select: select), by: signer)
        case .transact:
            let key = signer?.key ?? alice.device.keys?.signature
            let entry = CatalogedBookmark()
            let name = "https://example.com/\(portal.random.bytes(4))"
            let frames = try alice.prepare(.bookmark, by: key) { transaction in
                try transaction.add(name, CatalogFrame(entry.encoded.compact))
            }
            let status = try await portal.status(
                TransactRequest(account: account, updates: [alice.update(.bookmark, frames)]), by: signer)
            if status?.isSuccess == true { try alice.take(.bookmark, frames) }
            return status
        case .connectStart:
            return try await portal.status(ConnectStartRequest(account: account, request: request), by: signer)
        case .connectStatus:
            return try await portal.status(
                ConnectStatusRequest(account: account, device: pending.udf.text, responseID: responseID.text),
                by: signer)
        case .connectPending: return try await portal.status(ConnectPendingRequest(account: account), by: signer)
        case .connectComplete:
            let result = try alice.result(to: request, accepting: nil)
            return try await portal.status(
                ConnectCompleteRequest(
                    account: account, device: pending.udf.text, responseID: responseID.text, result: result),
                by: signer)
        case .claim:
            let claim = try portal.claim("code", by: signer?.key ?? alice.administrator.key, account)
            return try await portal.status(
                ClaimRequest(account: account, publisher: account, claim: claim), by: signer)
        case .pollClaim:
            return try await portal.status(PollClaimRequest(publisher: account, publicationID: "code"), by: signer)
        case .transfer: return try await portal.status(TransferRequest(account: account), by: signer)
        }
    }
}
