import MeshPortals
import Testing

struct AccountAddressTests {
    @Test(arguments: ["alice@example.com", "Alice@Example.COM", "älice@xn--bcher-kva.example", "a@localhost"])
    func addresses(text: String) throws {
        let address = try AccountAddress(text)
        #expect(address.display == text)
        #expect(address.canonical == text.lowercased())
        #expect(try AccountAddress(text.uppercased()) == address)
    }

    @Test(arguments: [
        "", "alice", "@example.com", "alice@", "alice@@example.com", "a b@example.com", "alice@-x.com", "alice@x..com",
        "alice@exa_mple.com", "alice@example.com\n", "alice@[::1]",
    ])
    func whatIsNone(text: String) {
        #expect(throws: PortalError(.invalidAddress, "")) { try AccountAddress(text) }
    }

    @Test func names() {
        let rules = AccountNameRules()
        #expect(rules.objection(to: "alice") == nil)
        for name in ["", "al.ice", "al\u{202E}ice", "al ice", String(repeating: "a", count: 65), "a|b", "a\u{0}"] {
            #expect(rules.objection(to: name) != nil, "\(name.debugDescription)")
        }
    }
}
