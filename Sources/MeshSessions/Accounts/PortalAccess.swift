import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// The way from a machine to portals: clients that know which service to expect.
struct PortalAccess: Sendable {
    let platform: any MeshPlatform
    let portal: (any MeshPortal)?

    /// A client for `address`, expecting the service that was met there first.
    ///
    /// - Throws: ``SessionError`` `noPortal`; what the registry throws.
    func client(for address: AccountAddress, signer: PrivateKey? = nil) async throws -> MeshClient {
        guard let portal else {
            throw SessionError(
                .noPortal, "This needs the portal \(address.domain), and the session was given none.",
                remedy: "Give the session a portal when it is made.")
        }
        let known = try await platform.registry.read { reader in
            try reader.string(address.domain, at: RegistryLayout.services)
        }
        return MeshClient(
            address, portal: portal, pin: known.flatMap { UDF($0) }.map { .profile($0) } ?? .firstContact,
            signer: signer.map { KeySigner($0) }, clock: platform.clock, random: platform.random
        ) { envelope in
            let service = try VerifiedProfile<ProfileService>(verifying: envelope)
            return ServiceIdentity(udf: service.udf, key: service.content.serviceSignature)
        }
    }

    /// Keeps in mind which service `client` has met, if none was known for its domain.
    func remember(_ client: MeshClient) async throws {
        guard let service = client.service else { return }
        let domain = client.account.domain
        try await platform.registry.modify { transaction in
            guard try transaction.value(domain, at: RegistryLayout.services) == nil else { return }
            try transaction.set(.string(service.udf.text), domain, at: RegistryLayout.services)
        }
    }
}
