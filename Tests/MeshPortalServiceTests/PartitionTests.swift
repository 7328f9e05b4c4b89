import MeshCore
import MeshPortalService
import Testing

struct PartitionTests {
    @Test func thePortalIsNoAccount() throws {
        let account = PortalPartition.account(try #require(UDF("MCVM-WCNK-AARE-QTVX-6UIM-YXD7-LADG")))
        #expect(account != .portal)
        #expect(account.description == "MCVM-WCNK-AARE-QTVX-6UIM-YXD7-LADG")
    }
}
