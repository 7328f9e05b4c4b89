import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import MeshProfiles

// Devices that come connected from their maker (static QR): their descriptions are published, sealed, by the maker's account,
// and claimed by whoever has the code.
extension PortalService {
    func claim(_ request: ClaimRequest, _ claimant: Claimant) async throws -> ClaimResponse {
        let claim = try verifiedClaim(request.claim, by: claimant)
        guard let publisher = try await account(address(request.publisher)),
            let publication = try await publication(claim.publicationID, of: publisher)
        else { throw PortalFailure.notFound }
        guard claim.expires > clock.now else { throw PortalFailure(.gone, "The claim has expired.") }
        guard publication.notOnOrAfter.map({ clock.now < $0 }) ?? true else {
            throw PortalFailure(.gone, "The publication has expired.")
        }
        guard proves(claim, publication) else { throw PortalFailure.notFound }
        let known = try await store.read(ClaimRecord.self, claim.publicationID, in: publisher.partition)
        if let known, known.content.expires > clock.now {
            guard known.content.claim.encoded == request.claim.encoded else {
                throw PortalFailure.conflict("The device was claimed already.")
            }
        } else {
            // No longer than it is good: after that somebody else may claim what is still published.
            let longest = Timestamp(secondsSince1970: clock.now.secondsSince1970 + Int64(limits.requestLifetime))
            let record = ClaimRecord(
                claim: request.claim, expires: min(claim.expires, publication.notOnOrAfter ?? longest, longest))
            try await store.commit(
                [try known.map { try $0.put(record) } ?? record.creation(claim.publicationID)],
                in: publisher.partition)
        }
        var response = ClaimResponse()
        response.status = .success
        response.publication = publication.encoded
        return response
    }

    /// Whether whoever claims knows what the publication asks for: `ServiceAuthenticate` of the claim is `Authenticator` of the
    /// publication. One without an authenticator can be claimed by whoever knows its identifier.
    private func proves(_ claim: MessageClaim, _ publication: CatalogedPublication) -> Bool {
        guard let expected = publication.authenticator else { return true }
        let (left, right) = (Array(expected.utf8), Array(claim.serviceAuthenticate.utf8))
        return left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEqual(left, $0) } }
    }

    /// A claim that the device which asks has signed, in the name of its account.
    private func verifiedClaim(_ envelope: DAREEnvelope, by claimant: Claimant) throws -> MessageClaim {
        do {
            switch claimant {
            case .device(let device, let account):
                return try VerifiedClaim(
                    verifying: envelope, by: device, of: account.profile, at: account.address.canonical
                ).content
            case .stranger(let holder):
                let claim = try VerifiedAssertion<MessageClaim>(verifying: envelope, by: holder.key).content
                guard claim.sender == holder.account else {
                    throw PortalFailure.invalid("The claim is made in the name of another account.")
                }
                return claim
            }
        } catch let error as ProfileError {
            throw PortalFailure.invalid(
                "The claim is not one of the device and the account that send it.", cause: error)
        }
    }

    func pollClaim(_ request: PollClaimRequest, _ holder: KeyHolder) async throws -> PollClaimResponse {
        guard let publisher = try await account(address(request.publisher)),
            try await publication(request.publicationID, of: publisher) != nil
        else { throw PortalFailure.notFound }
        var response = PollClaimResponse()
        response.status = .success
        let claim = try await store.read(ClaimRecord.self, request.publicationID, in: publisher.partition)
        if let claim, claim.content.expires > clock.now { response.claim = claim.content.claim }
        return response
    }

    /// What the account publishes under that identifier.
    private func publication(_ identifier: String, of account: PortalAccount) async throws -> CatalogedPublication? {
        let log = StoreName.publication.containerName
        let state = try await store.state(of: log, in: account.partition)
        var index = accounts[account.profile.udf]?.publications ?? PublicationIndex()
        if index.count > state.count || (index.count == state.count && index.digest != state.digest) {
            index = PublicationIndex()
        }
        if index.count < state.count {
            do {
                try await eachFrame(of: log, from: index.count, to: state.count, in: account.partition) {
                    try index.take($0)
                }
            } catch let error as ReplicaError {
                throw corrupt(log, error)
            }
            guard index.digest == state.digest else { throw corrupt(log) }
            let taken = index
            accounts.update(account.profile.udf) { $0.publications = taken }
        }
        return index.publications[Array(identifier.utf8)]
    }
}

/// What an account publishes for others to claim, by its publication catalog.
struct PublicationIndex: Sendable {
    private var checker = FrameRunChecker()
    /// The entries, by their identifiers, octet by octet.
    private(set) var publications: [[UInt8]: CatalogedPublication] = [:]

    var count: Int { checker.state.count }
    var digest: [UInt8] { checker.state.digest }

    /// Takes the next frame. One that is no publication publishes nothing.
    mutating func take(_ octets: [UInt8]) throws {
        let frame = try checker.take(octets)
        guard frame.index > 0, let meta = try? frame.members.contentMeta,
            let event = meta.event.flatMap({ CatalogEvent(reading: $0.rawValue) }), let key = meta.uniqueID
        else { return }
        let entry = try? CatalogContent<CatalogedPublication>(payload: Array(frame.payload)).entry
        publications[Array(key.utf8)] = event == .delete || entry?.id != key ? nil : entry
    }
}
