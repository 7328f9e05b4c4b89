import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortalService
import MeshPortals
import MeshProfiles

// The messages of connecting, as devices and administrators make them.
extension TestDevice {
    /// A request to be connected.
    func request(to account: String, _ portal: TestPortal) throws -> DAREEnvelope {
        let content = try RequestConnection(account: account, device: profile, random: portal.random)
        return try VerifiedConnectionRequest(signing: content, seed: seed, created: portal.clock.now).message.envelope
    }
}

extension TestPortal {
    /// Under which identifier the answer to an acknowledged request is found. The acknowledgement is the service's.
    func responseID(_ acknowledgement: DAREEnvelope, _ person: TestPerson) throws -> UDF {
        try VerifiedAcknowledgement(
            verifying: acknowledgement, by: service.profile.content.serviceSignature, account: person.profile
        ).request.content.identifiers.response
    }

    /// A claim of a publication.
    func claim(_ publication: String, by key: PrivateKey, _ account: String) throws -> DAREEnvelope {
        let content = MessageClaim(
            sender: account, recipient: account, publicationID: publication, serviceAuthenticate: "service",
            deviceAuthenticate: "device",
            expires: Timestamp(secondsSince1970: clock.now.secondsSince1970 + 3600), random: random)
        return try VerifiedAssertion(signing: content, by: key, created: clock.now).envelope
    }
}

extension TestPerson {
    /// The answer to a request for connection; without an entry it is refused.
    func result(to request: DAREEnvelope, accepting entry: CatalogedDevice?) throws -> DAREEnvelope {
        let request = try VerifiedConnectionRequest(verifying: request)
        let content =
            entry.map { RespondConnection(accepting: request, entry: $0, account: udf, history: nil) }
            ?? RespondConnection(rejecting: request)
        return try VerifiedAssertion(
            signing: content, by: administration.administratorSignature, created: portal.clock.now
        ).envelope
    }
}
