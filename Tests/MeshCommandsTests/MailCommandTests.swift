import MeshCommands
import MeshCore
import MeshEncoding
import MeshInMemory
import Testing

/// `meshclient mail`, as a person uses it: settings, and what is refused.
struct MailCommandTests {
    private func status(_ run: ToolRun, _ expected: ToolStatus) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)")
    }

    private func json(_ run: ToolRun) throws -> JSONValue {
        try #require(run.status == 0, "\(run.errors)")
        return try JSONValue(parsing: run.output)
    }

    private func tool() async throws -> Tool {
        let tool = Tool(portals: TestPortals(), portalVariable: "dir:/portal")
        try #require(await tool("portal", "create", "/portal", "--domain", "example.com").status == 0)
        try #require(await tool("account", "create", "alice@example.com").status == 0)
        return tool
    }

    @Test func accountsAreSetUpAndChanged() async throws {
        let tool = try await tool()
        #expect(await tool("mail", "list").errors == "There are none.\n")
        status(
            await tool(
                "mail", "add", "Alice@example.org", "--name", "Alice", "--account-name", "home", "--inbound",
                "imaps://alice@imap.example.org", "--inbound", "pop3s://pop.example.org", "--outbound",
                "smtp+starttls://alice@mail.example.org"), .done)
        status(await tool("mail", "add", "alice@example.ORG"), .refused)
        #expect(await tool("mail", "list").output == "Alice@example.org  Alice  home  (not sent yet)\n")
        // By its address in any case, or by what the person calls it.
        for name in ["alice@EXAMPLE.org", "home"] {
            let shown = try json(await tool("mail", "show", name, "--json"))
            #expect(shown["address"] == "Alice@example.org" && shown["inbound"]?.array?.count == 2)
            #expect(shown["outbound"]?.array?.first?["uri"] == "smtp+starttls://alice@mail.example.org:587")
        }
        status(await tool("mail", "set", "home", "--name", "", "--reply-to", "a@example.net", "--inbound", ""), .done)
        let changed = await tool("mail", "show", "home").lines
        #expect(
            changed == [
                "address       Alice@example.org", "accountName   home", "replyTo       a@example.net",
                "outbound      smtp+starttls://alice@mail.example.org:587",
            ])
        status(await tool("mail", "remove", "home"), .done)
        status(await tool("mail", "show", "home"), .notFound)
        status(await tool("mail", "remove", "home"), .notFound)
    }

    @Test func oneAccountIsMeantWhenNoneIsNamed() async throws {
        let tool = try await tool()
        for name in ["a", "b"] { status(await tool("mail", "add", "\(name)@example.org", "--name", name), .done) }
        let none = await tool("mail", "show")
        status(none, .notFound)
        #expect(none.errors.contains("meshclient mail default ADDRESS"), "\(none.errors)")
        #expect(await tool("mail", "default").errors == "None is the default.\n")
        status(await tool("mail", "default", "c@example.org"), .notFound)

        #expect(
            await tool("mail", "default", "B@example.org").output == "b@example.org is the default on all devices.\n")
        #expect(try json(await tool("mail", "show", "--json"))["address"] == "b@example.org")
        #expect(await tool("mail", "list").lines.last == "b@example.org  b  (default)  (not sent yet)")
        // This machine's comes first, and goes with the account.
        status(await tool("mail", "default", "a@example.org", "--this-machine"), .done)
        #expect(try json(await tool("mail", "show", "--json"))["address"] == "a@example.org")
        status(await tool("mail", "remove", "a@example.org"), .done)
        #expect(await tool("mail", "default").output == "b@example.org  (on all devices)\n")
        // What is named is never something else.
        status(await tool("mail", "show", "a@example.org"), .notFound)
        status(await tool("mail", "default", "--clear"), .done)
        status(await tool("mail", "key", "public"), .notFound)
    }

    @Test(
        "What cannot be is refused, and says where",
        arguments: [
            (["mail", "add", "alice"], "no mail address"), (["mail", "add", "a@b\n"], "no mail address"),
            (["mail", "add", "a@b.example", "--inbound", "imaps://a:topsecret@x"], "a password in the connection"),
            (["mail", "add", "a@b.example", "--inbound", "smtps://x"], "a connection to send mail"),
            (["mail", "add", "a@b.example", "--outbound", "imaps://x:0"], "port"),
            (["mail", "add", "a@b.example", "--outbound", "x"], "smtp+starttls://"),
            (["mail", "add", "a@b.example", "--name", "x\nHost evil"], "display name"),
            (["mail", "add", "a@b.example", "--reply-to", "x"], "no mail address"),
            (["mail", "set", "a@b.example"], "what is to be changed"),
            (["mail", "key", "make", "a@b.example"], "--openpgp or --smime"),
            (["mail", "key", "make", "a@b.example", "--openpgp", "--smime"], "either --openpgp or --smime"),
            (["mail", "key", "make", "a@b.example", "--openpgp", "--years", "0"], "1 to 30 years"),
            (["mail", "key", "install", "a@b.example", "--unprotected", "--passphrase-file", "x"], "either"),
            (["mail", "key", "export", "a@b.example"], "--to"),
        ])
    func wrongInput(_ arguments: [String], _ words: String) async throws {
        let tool = try await tool()
        let run = await tool(arguments)
        status(run, .usage)
        #expect(run.errors.contains(words), "\(run.errors)")
        #expect(!run.errors.contains("topsecret"))
        #expect(await tool("mail", "list").output.isEmpty)
    }
}
