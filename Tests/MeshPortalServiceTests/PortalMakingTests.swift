import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortalService
import MeshPortals
import MeshProfiles
import Testing

/// The short ways to a portal.
struct PortalMakingTests {
    private func hello(_ domain: String, _ portal: some MeshPortal) async throws -> HelloResponse {
        let answer = try await portal.exchange(
            PortalRequest(portal: domain, body: try PortalWire.encode(HelloRequest())))
        guard case .response(let hello) = try PortalWire.decodeResponse(answer.body, to: HelloRequest.self) else {
            throw PortalError(.rejected, "no answer")
        }
        return hello
    }

    @Test("Portals in memory serve their domains side by side, and no others")
    func inMemory() async throws {
        let portal = MeshPortalDirect([
            "example.com": try await PortalService.inMemory(domain: "example.com"),
            "Example.NET": try await PortalService.inMemory(domain: "example.net"),
        ])
        let one = try await hello("example.com", portal)
        let two = try await hello("example.net", portal)
        #expect(one.isSuccess && two.isSuccess)
        #expect(one.profileService?.encoded != two.profileService?.encoded)
        await #expect(throws: PortalError.self) { try await hello("example.org", portal) }
        await #expect(throws: PortalError.self) { try await PortalService.inMemory(domain: "not a domain") }
    }

    @Test("A portal on a platform is the same when it is opened again")
    func onPlatform() async throws {
        let platform = MeshMachineCached()
        let first = try await PortalService.open(domain: "example.com", on: platform)
        let again = try await PortalService.open(domain: "example.com", on: platform)
        #expect(first.profile.udf == again.profile.udf && first.epoch != again.epoch)
        #expect(try await hello("example.com", MeshPortalDirect("example.com", again)).isSuccess)
    }
}
