import MeshCore
import MeshCryptography
import MeshDARE
import MeshInMemory
import MeshPlatforms
import MeshPortals
import MeshProfiles
import MeshSessions
import Synchronization
import Testing

/// Files as browsers and password managers export them, and files that somebody has damaged.
struct CredentialImportTests {
    private let home: Household
    private let alice: PersonalSession

    init() async throws {
        home = try await Household()
        alice = try await home.session().createAccount("alice@example.com")
    }

    private static func file(_ text: String, _ format: CredentialFileFormat? = nil) throws -> CredentialFile {
        try file(Array(text.utf8), format)
    }

    private static func file(_ octets: [UInt8], _ format: CredentialFileFormat? = nil) throws -> CredentialFile {
        try CredentialFile(SecretBytes(copying: octets + [0x22, 0xFF]), length: octets.count, format: format)
    }

    /// Imports a file, and gives what is there then by its key.
    private func bring(
        _ text: String, _ format: CredentialFileFormat, replaces: Bool = false
    ) async throws -> (report: CredentialImportReport, entries: [String: CatalogedCredential]) {
        let file = try Self.file(text)
        #expect(file.format == format)
        let report = try await alice.importCredentials(from: file, replaces: replaces)
        #expect(report.seen == file.count)
        return (report, try await entries())
    }

    private func entries() async throws -> [String: CatalogedCredential] {
        Dictionary(
            try await alice.credentials().entries().map { ($0.key, $0.entry) }, uniquingKeysWith: { $1 })
    }

    @Test func chrome() async throws {
        let text = """
            name,url,username,password,note\r
            example.com,https://example.com/login?next=%2F,alice,"a,""b""\u{E4}",\r
            shop,http://Shop.example:80/,,"p\r
            q","first line\r
            second line"\r
            \r
            ,android://hash==@com.example.app/,bob,b,\r
            a.example,https://a.example:8443/,carol/x,c,

            """
        let (report, entries) = try await bring(text, .chrome)
        #expect(report.added == 4)
        #expect(
            entries.keys.sorted()
                == ["android:com.example.app", "http:shop.example", "https:a.example:8443", "https:example.com"])
        let first = try #require(entries["https:example.com"])
        #expect(first.username == "alice" && first.password == "a,\"b\"ä" && first.title == nil && first.notes == nil)
        #expect(first.uri == "https://example.com/login?next=%2F")
        let second = try #require(entries["http:shop.example"])
        #expect(second.password == "p\r\nq" && second.notes == "first line\r\nsecond line" && second.title == "shop")
        #expect(second.username == nil)
        #expect(entries["https:a.example:8443"]?.uri == nil)
        // Again, and nothing is new.
        let again = try await bring(text, .chrome)
        #expect(again.report.duplicates == 4 && again.report.added == 0 && again.entries == entries)
        // The older form, without notes.
        let older = try await bring("name,url,username,password\nx,https://x.example/,x,x\n", .chrome)
        #expect(older.report.added == 1)
    }

    @Test func firefox() async throws {
        let text = """
            "url","username","password","httpRealm","formActionOrigin","guid","timeCreated","timeLastUsed","timePasswordChanged"
            "https://example.com","alice","p1",,"https://example.com","{1}","1","2","3"
            "https://example.com","bob","p2","realm","","{2}","1","2","3"
            "https://example.com","a@b.example","p3","","","{3}","1","2","3"
            "https://example.com","","p4","","","{4}","1","2","3"
            """
        let (report, entries) = try await bring(text, .firefox)
        #expect(report.added == 4)
        #expect(entries["https:example.com"]?.username == "alice")
        #expect(entries["https:bob@example.com"]?.password == "p2" && entries["https:bob@example.com"]?.notes == nil)
        #expect(entries["https:a@b.example@example.com"]?.password == "p3")
        // Without a name, after others.
        #expect(entries["https:@example.com"]?.password == "p4" && entries["https:@example.com"]?.username == nil)
        // git finds the second name by its host.
        let place = CredentialPlace(networkProtocol: "https", host: "example.com", username: "a@b.example")
        #expect(try await alice.credentials().find(place)?.entry.password == "p3")
        #expect(try await bring(text, .firefox).report.duplicates == 4)
    }

    @Test func keePassXC() async throws {
        let text = """
            "Group","Title","Username","Password","URL","Notes","TOTP","Icon","Last Modified","Created"
            "Root/Work","Example","alice","p1","https://example.com","line 1
            line 2","otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP&period=30&digits=8&issuer=Example","0","2024","2024"
            "Root","Door","","1234","","","","0","2024","2024"
            "Root","Strange","carol","p3","c.example","","otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP","0","2024","2024"
            "Root","","","","","","","0","2024","2024"
            """
        let (report, entries) = try await bring(text, .keepassxc)
        #expect(report.added == 3 && report.unusable.map(\.line) == [6])
        let first = try #require(entries["https:example.com"])
        #expect(first.labels == ["Work"] && first.title == "Example" && first.notes == "line 1\nline 2")
        let code = try #require(try first.oneTimeSecret())
        #expect(code.digits == 8)
        #expect(entries[":Door"]?.password == "1234" && entries[":Door"]?.networkProtocol == nil)
        #expect(entries["https:c.example"]?.notes == "totp: otpauth://hotp/x?secret=JBSWY3DPEHPK3PXP")
        #expect(report.strangeCodes.map(\.key) == ["https:c.example"])
        #expect(try await bring(text, .keepassxc).report.duplicates == 3)
    }

    @Test func bitwarden() async throws {
        let table = """
            folder,favorite,type,name,notes,fields,reprompt,login_uri,login_username,login_password,login_totp
            Social,1,login,Example,"note","PIN: 1111
            color: red",0,https://example.com,alice,p1,JBSWY3DPEHPK3PXP
            ,,note,Secret note,words,,0,,,,
            """
        let (report, entries) = try await bring(table, .bitwardenCSV)
        #expect(report.added == 1 && report.others.map(\.line) == [4])
        let first = try #require(entries["https:example.com"])
        #expect(first.labels == ["Social", "favorite"] && first.notes == "note\nPIN: 1111\ncolor: red")
        #expect(first.hasOneTimeSecret)
        let json = #"""
            {
              "encrypted": false,
              "folders": [ { "id": "f1", "name": "Social" } ],
              "items": [
                { "id": "1", "organizationId": null, "folderId": "f1", "type": 1, "reprompt": 0, "name": "Example",
                  "notes": "note", "favorite": true,
                  "fields": [ { "name": "PIN", "value": "1111", "type": 1 }, { "name": "none", "value": null } ],
                  "login": { "fido2Credentials": [], "uris": [ { "match": null, "uri": "https://json.example/" },
                    { "match": null, "uri": "https://other.example/" } ],
                    "username": "alice", "password": "p\u00e4\ud83d\ude00\"\\\n", "totp": "JBSWY3DPEHPK3PXP" },
                  "collectionIds": null },
                { "type": 3, "name": "Card", "card": { "number": "4111" } },
                { "type": 1, "name": "Plain", "login": { "uris": null, "username": null, "password": "q", "totp": null } }
              ]
            }
            """#
        let second = try await bring(json, .bitwardenJSON)
        #expect(second.report.added == 2 && second.report.others.map(\.line) == [12])
        let item = try #require(second.entries["https:json.example"])
        #expect(item.password == "pä😀\"\\\n" && item.labels.sorted() == ["Social", "favorite"])
        #expect(item.notes == "note\nurl: https://other.example/\nPIN: 1111" && item.hasOneTimeSecret)
        #expect(second.entries[":Plain"]?.password == "q")
        #expect(try await bring(json, .bitwardenJSON).report.duplicates == 2)
    }

    @Test func columnsThatSomebodyHasNamed() async throws {
        let text =
            "\u{FEFF}Title;Login Name;Pass;Website;Comments;OTP;Account number\n"
            + "Bank;alice;p1;bank.example;words;JBSW Y3DP EHPK 3PXP;17\n"
        let (report, entries) = try await bring(text, .csv)
        #expect(report.added == 1)
        let entry = try #require(entries["https:bank.example"])
        #expect(entry.username == "alice" && entry.password == "p1" && entry.title == "Bank")
        #expect(entry.notes == "words\nAccount number: 17" && entry.hasOneTimeSecret)
        let tabs = try await bring("name\tpassword\nWi-Fi\topen\n", .csv)
        #expect(tabs.entries[":Wi-Fi"]?.password == "open")
    }

    @Test func whatDisagreesStays() async throws {
        func text(_ rows: String...) -> String { "url,username,password\n" + rows.joined(separator: "\n") + "\n" }
        _ = try await bring(text("a.example,alice,1", "b.example,alice,1"), .csv)
        let (report, entries) = try await bring(
            text("a.example,alice,2", "b.example,alice,1", "a.example,bob,3", "a.example,bob,4", "a.example,bob,3"),
            .csv)
        #expect(report.added == 1 && report.duplicates == 2)
        #expect(report.conflicts.map(\.line) == [2, 5])
        #expect(report.conflicts.map(\.key) == ["https:a.example", "https:bob@a.example"])
        #expect(entries["https:a.example"]?.password == "1" && entries["https:bob@a.example"]?.password == "3")
        // Only said.
        let trial = try await alice.importCredentials(
            from: try Self.file(text("a.example,alice,2", "c.example,x,y")), replaces: true, isTrial: true)
        #expect(trial.replaced == 1 && trial.added == 1)
        #expect(try await self.entries() == entries)
        // Decided by whoever asks for it; what the file itself leaves open is not.
        let third = try await bring(text("a.example,alice,2", "a.example,alice,5"), .csv, replaces: true)
        #expect(third.report.replaced == 1 && third.report.conflicts.map(\.line) == [3])
        #expect(third.entries["https:a.example"]?.password == "2")
        let history = try await alice.credentials().history(of: "https:a.example")
        #expect(history.map(\.entry?.password) == ["1", "2"])
    }

    @Test func titlesThatLookLikeNamesAtAServiceAreKnownAgain() async throws {
        let text = "title,username,password\nalice@example.com,alice,1\n@x,,2\nx,,3\n@x@,@x,4\n"
        let (report, entries) = try await bring(text, .csv)
        #expect(report.added == 4)
        let again = try await bring(text, .csv)
        #expect(again.report.duplicates == 4 && again.entries == entries)
    }

    @Test func whatIsLackingIsAdded() async throws {
        _ = try await bring("url,username,password\na.example,alice,1\n", .csv)
        let (report, entries) = try await bring(
            "url,username,password,notes,totp\na.example,alice,1,words,JBSWY3DPEHPK3PXP\nb.example,x,,,\nb.example,x,2,,\n",
            .csv)
        #expect(report.completed == 2 && report.added == 1 && report.conflicts.isEmpty)
        let entry = try #require(entries["https:a.example"])
        #expect(entry.password == "1" && entry.notes == "words" && entry.hasOneTimeSecret)
        #expect(entries["https:b.example"]?.password == "2")
    }

    @Test func damagedFilesAreRefusedWithTheLine() throws {
        let head = "url,username,password\n"
        func refused(_ octets: [UInt8], _ line: Int?, _ place: SourceLocation = #_sourceLocation) {
            #expect(throws: CredentialFileError.self, sourceLocation: place) { try Self.file(octets) }
            do { _ = try Self.file(octets) } catch let error as CredentialFileError {
                #expect(error.line == line, sourceLocation: place)
                #expect(!"\(error.message)\(error.remedy ?? "")".contains("sesame"), sourceLocation: place)
            } catch { Issue.record(error) }
        }
        func refused(_ text: String, _ line: Int?, _ place: SourceLocation = #_sourceLocation) {
            refused(Array(text.utf8), line, place)
        }
        refused("", nil)
        refused("\n\n", nil)
        refused("sesame,open\n", 1)
        refused(head + "a,b,c\na,b,sesame,d\n", 3)
        refused(head + "a,b\n", 2)
        refused(head + "a,b,\"sesame\n\n\n", 2)
        refused(head + "\"x\ny\",b,c\na,b,sesame\"c\n", 4)
        refused(head + "a,b,\"sesame\"c\n", 2)
        refused(Array((head + "a,b,c\na,b,sesame").utf8) + [0xFF, 0x0A], 3)
        refused(Array(head.utf8) + [0x61, 0xC3], 2)
        refused(Array(head.utf8) + [0xED, 0xA0, 0x80], 2)
        refused(Array(head.utf8) + [0], 2)
        refused([0xFF, 0xFE] + Array("u\0r\0l\0".utf8), 1)
        refused("{}", nil)
        refused("{\"encrypted\":true,\"items\":[]}", nil)
        refused("{\"items\":[\n{\"login\":\n{\"password\":\"sesame}]}", 3)
        refused("{\"items\":[\n{\"login\":{\"password\":\"sesame\\q\"}}]}", 2)
        refused("{\"items\":[\n{\"login\":{\"password\":\"sesame\\u+041\"}}]}", 2)
        refused("{\"items\":[{\"login\":{}}],\n\"x\":nan}", 2)
        refused("{\"items\":\n[1]}", 2)
        refused("{\"items\":[]}x", 1)
        refused("{\"items\":" + String(repeating: "[", count: 100_000), 1)
        refused("{\"items\":[{\"x\":" + String(repeating: "{\"a\":", count: 100_000), 1)
        #expect(throws: CredentialFileError(.unknownFormat, line: 1)) { try Self.file(head, .chrome) }
        #expect(throws: CredentialFileError(.malformed, line: 1)) { try Self.file(head, .bitwardenJSON) }
    }

    @Test func givenUpItGoesOn() async throws {
        var text = "url,username,password\n"
        for number in 0..<2_500 { text += "host\(number).example,alice,\"p\(number)\"\n" }
        let file = try Self.file(text)
        let alice = alice
        let kept = Mutex(0)
        let task = Task {
            try await alice.importCredentials(from: file) { report in
                kept.withLock { $0 = report.added }
                if report.added >= 1_000 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        let there = try await entries().count
        #expect(there >= 1_000 && there < 2_500 && there == kept.withLock { $0 })
        let report = try await alice.importCredentials(from: file)
        #expect(report.duplicates == there && report.added == 2_500 - there)
        #expect(try await entries().count == 2_500)
        _ = try await alice.sync()
        #expect(try await alice.importCredentials(from: file).duplicates == 2_500)
    }
}
