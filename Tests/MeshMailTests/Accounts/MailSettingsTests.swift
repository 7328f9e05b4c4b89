import MeshCore
import MeshDARE
import MeshEncoding
import MeshSessions
import Testing

@testable import MeshMail

/// What a mail account can be told, and what not.
struct MailSettingsTests {
    @Test(
        "Addresses", arguments: ["alice@example.com", "a.b+c@mail.example.com", "zoë@example.com", "o'neil@localhost"])
    func addresses(_ text: String) throws {
        #expect(try MailAddress(text).text == text)
        #expect(
            try MailAddress(text)
                == MailAddress("\(text.prefix { $0 != "@" })@\(text.drop { $0 != "@" }.dropFirst().uppercased())"))
    }

    @Test(
        "What is no address",
        arguments: [
            "", "alice", "@example.com", "alice@", "a@b@c", "a b@example.com", "\"a b\"@example.com",
            "a..b@example.com",
            ".a@example.com", "a@-example.com", "a@exam ple.com", "a\n@example.com", "a@example.com\n",
            "a<b@example.com",
            "a\u{202E}b@example.com", "a@example..com", "\(String(repeating: "a", count: 65))@example.com",
        ])
    func noAddresses(_ text: String) {
        #expect(throws: MailAccountError(.invalidAddress, "")) { try MailAddress(text) }
    }

    @Test(
        "Connections as URIs",
        arguments: [
            ("imaps://alice@imap.example.com", "imaps://alice@imap.example.com:993"),
            ("IMAPS://imap.Example.com:1993/", "imaps://imap.example.com:1993"),
            (
                "imap+starttls://alice@example.com@imap.example.com",
                "imap+starttls://alice%40example.com@imap.example.com:143"
            ),
            ("smtp+starttls://a%20b@mail.example.com", "smtp+starttls://a%20b@mail.example.com:587"),
            ("smtps://mail", "smtps://mail:465"), ("smtp://127.0.0.1:2525", "smtp://127.0.0.1:2525"),
            ("pop3s://x", "pop3s://x:995"), ("pop3://x", "pop3://x:110"),
            ("pop3+starttls://x", "pop3+starttls://x:110"),
        ])
    func connections(_ text: String, _ uri: String) throws {
        let connection = try MailConnection(parsing: text)
        #expect(connection.uri == uri)
        #expect(try MailConnection(parsing: uri) == connection)
        // What is kept gives the same again.
        #expect(MailConnection(connection.content) == connection)
        #expect(MailConnection(["URI": .string(uri)])?.uri == uri)
    }

    @Test(
        "What is no connection",
        arguments: [
            "", "imap.example.com", "http://example.com", "imaps://", "imaps://:993", "imaps://a b", "imaps://x:0",
            "imaps://x:65536", "imaps://x:-1", "imaps://x:99999999999999999999", "imaps://x:+1", "imaps://x/inbox",
            "imaps://alice:secret@x", "imaps://a%0Ab@x", "imaps://a%ZZ@x", "imaps://a%2", "imaps://a%FF@x",
            "imaps://@x",
            "imaps://x\nhost evil", "imaps://a\u{2028}b@x", "imaps://x;y",
        ])
    func noConnections(_ text: String) {
        do {
            let read = try MailConnection(parsing: text)
            Issue.record("\(text) was taken: \(read)")
        } catch {
            #expect(error.code == .invalidConnection && !error.description.contains("secret"))
        }
    }

    @Test func connectionsKeepWhatTheyDoNotKnow() throws {
        let imap = try MailConnection(.imap, host: "imap.example.com", security: .upgrade, username: "alice")
            .authenticated(by: ["SCRAM-SHA-256", "PLAIN"]).timed(30).polled(true)
        var members = imap.content
        members["Folder"] = "INBOX"
        let read = try #require(MailConnection(members))
        #expect(read.content == members && read.authentication == ["SCRAM-SHA-256", "PLAIN"])
        #expect(read.timeout == 30 && read.isPolled && read.security == .upgrade && read.port == 143)
        #expect(try read.timed(nil).content["Folder"] == "INBOX")
        // As others may have written them.
        #expect(
            MailConnection(["ServiceName": "x", "Prefix": "_imap._tcp", "Security": ["Upgrade", "Direct"]])?.security
                == .upgrade)
        #expect(MailConnection(["ServiceName": "x", "Prefix": "_submissions"])?.port == 465)
        #expect(MailConnection(["ServiceName": "x", "Prefix": "imap", "Port": 0]) == nil)
        #expect(MailConnection(["ServiceName": "x", "Prefix": "imap", "Security": "Magic"]) == nil)
        #expect(MailConnection(["ServiceName": "x\ny", "Prefix": "imap"]) == nil)
        #expect(throws: MailAccountError(.invalidConnection, "")) { try imap.authenticated(by: ["plain\n"]) }
        for seconds in [0, -1, 86_401] {
            #expect(throws: MailAccountError(.invalidConnection, "")) { try imap.timed(seconds) }
        }
        #expect(imap.place == .init(networkProtocol: "imap", host: "imap.example.com", username: "alice"))
    }

    @Test func accountsKeepWhatTheyDoNotKnow() throws {
        var account = MailAccount(try MailAddress("Alice@Example.com"))
        account.displayName = "Alice Example"
        account.inbound = [try MailConnection(parsing: "imaps://alice@imap.example.com")]
        account.outbound = [try MailConnection(parsing: "smtps://alice@mail.example.com")]
        #expect(account.entry.key == "mail:alice@example.com")
        #expect(account.entry.inboundConnect == "imaps://alice@imap.example.com:993")
        var entry = account.entry
        entry.content["Inbound"] = .array((entry.content["Inbound"]?.array ?? []) + [["URI": "jmap://example.com"]])
        entry.content["Signature"] = "--\nAlice"
        var read = try MailAccount(entry)
        #expect(read.inbound == account.inbound)
        read.inbound = []
        #expect(read.entry.content["Inbound"] == [["URI": "jmap://example.com"]])
        #expect(read.entry.content["Signature"] == "--\nAlice" && read.entry.inboundConnect == nil)
        // Who has only what the schema has.
        var plain = CatalogedApplication(.mail, key: "x")
        plain.accountAddress = "alice@example.com"
        plain.inboundConnect = "imaps://imap.example.com"
        plain.outboundConnect = "nonsense"
        let other = try MailAccount(plain)
        #expect(other.inbound.map(\.uri) == ["imaps://imap.example.com:993"] && other.outbound.isEmpty)
        plain.accountAddress = "no address"
        #expect(throws: CatalogError(.invalidEntry, "")) { try MailAccount(plain) }

        for name in ["", "a\nb", "a\u{7}b", "a\u{2029}b", "a\u{202E}b", String(repeating: "x", count: 257)] {
            var account = account
            account.displayName = name
            #expect(throws: MailAccountError(.invalidSetting, "")) { try account.validate() }
        }
    }
}
