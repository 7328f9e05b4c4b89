import MeshCommands
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSessions
import Testing

/// Credentials and the other kinds of entries, as a person uses them, with mistakes.
struct CredentialCommandTests {
    private let tool: Tool

    init() async throws {
        tool = Tool(portals: TestPortals(), portalVariable: "dir:/portal")
        for command in [
            ["portal", "create", "/portal", "--domain", "example.com"], ["account", "create", "alice@example.com"],
        ] {
            let run = await tool(command)
            try #require(run.status == 0, "\(run.errors)")
        }
    }

    private func status(_ run: ToolRun, _ expected: ToolStatus, _ place: SourceLocation = #_sourceLocation) {
        #expect(run.status == expected.rawValue, "\(run.output)\(run.errors)", sourceLocation: place)
    }

    private func json(_ run: ToolRun) throws -> JSONValue {
        try #require(run.status == 0, "\(run.errors)")
        return try JSONValue(parsing: run.output)
    }

    @Test func aPasswordIsKeptAndShownOnlyWhenAsked() async throws {
        let added = await tool(
            "credential", "add", "example.com", "--username", "alice", "--local-name", "mail", answers: ["open sesame"])
        status(added, .done)
        #expect(added.output == "https:example.com\n")
        for words in [added.errors, added.output] { #expect(!words.contains("sesame")) }
        for name in ["mail", "example.com", "https:example.com"] {
            let shown = await tool("credential", "show", name)
            status(shown, .done)
            #expect(shown.output.contains("alice") && !shown.output.contains("sesame"))
        }
        #expect(
            await tool("credential", "list").output
                == "https:example.com  https  example.com  alice  mail  (not sent yet)\n")
        #expect(!(await tool("credential", "list", "--json").output.contains("sesame")))
        let shown = try json(await tool("credential", "show", "mail", "--json"))
        #expect(shown["hasPassword"] == true && shown["password"] == nil && shown["pending"] == true)
        #expect(await tool("credential", "show", "mail", "--reveal").lines.last == "password    open sesame")
        #expect(try json(await tool("credential", "show", "mail", "--reveal", "--json"))["password"] == "open sesame")
        let scratch = try Scratch()
        status(await tool("credential", "show", "mail", "--to", scratch("secret")), .done)
        #expect(scratch.read("secret") == Array("open sesame\n".utf8))
        status(await tool("credential", "show", "mail", "--to", scratch("secret")), .refused)
        #expect(await tool("credential", "show", "mail", "--to", "-").output == "open sesame\n")
        status(await tool("sync"), .done)
        #expect(try json(await tool("credential", "show", "mail", "--json"))["pending"] == false)
    }

    @Test func aDefaultIsMeantWhenNoneIsNamed() async throws {
        let missing = await tool("network", "show")
        status(missing, .notFound)
        #expect(missing.errors.contains("meshclient network default KEY"))
        let none = await tool("network", "default")
        status(none, .done)
        #expect(none.output.isEmpty && none.errors == "None is the default.\n")
        #expect(try json(await tool("network", "default", "--json"))["default"] == .null)
        for name in ["home", "work"] { status(await tool("network", "add", name, answers: ["open \(name)"]), .done) }
        status(await tool("network", "default", "away"), .notFound)
        status(await tool("network", "default", "away", "--this-machine"), .notFound)
        status(await tool("network", "default", "home", "--clear"), .usage)
        status(await tool("network", "default", "--this-machine"), .usage)
        status(await tool("network", "default", "home", "--this-machine", "--every-profile"), .usage)
        #expect(await tool("network", "default", "work").output == "wifi:work is the default on all devices.\n")
        #expect(await tool("network", "default").output == "wifi:work  (on all devices)\n")
        #expect(await tool("network", "show", "--to", "-").output == "open work\n")
        let set = try json(await tool("network", "default", "home", "--this-machine", "--json"))
        #expect(set["default"] == "wifi:home" && set["scope"] == "this-machine")
        #expect(await tool("network", "show", "--to", "-").output == "open home\n")
        #expect(await tool("network", "list").lines.first?.contains("(default)") == true)
        let list = try json(await tool("network", "list", "--json"))["networks"]?.array ?? []
        #expect(list.map { $0["default"] } == [true, nil])
        let other = await tool("network", "default", "work", "--every-profile")
        #expect(other.errors.contains("wifi:home, the default of this profile on this machine, comes before it."))
        // Taken away here, it is not the default any more; taken away elsewhere, that is told.
        status(await tool("network", "remove", "home"), .done)
        #expect(await tool("network", "default").output == "wifi:work  (on all devices)\n")
        status(await tool("network", "default", "work", "--this-machine"), .done)
        let alice = try await MeshSession(tool.machine).personalSession()
        try await alice.networks().remove("wifi:work", from: nil)
        for command in [["network", "default"], ["network", "show"]] {
            let run = await tool(command)
            status(run, .notFound)
            #expect(run.errors.contains("meshclient network default --clear --this-machine"))
        }
        status(await tool("network", "list"), .done)
        #expect(
            await tool("network", "default", "--clear", "--this-machine").output
                == "None is the default of this profile on this machine now.\n")
        #expect(await tool("network", "default", "--clear").output == "None was the default there.\n")
        status(await tool("network", "show"), .notFound)
        // Credentials have one too.
        status(
            await tool("credential", "add", "a.example", "--code-file", "-", answers: ["a", "JBSWY3DPEHPK3PXP"]), .done)
        status(await tool("credential", "code"), .notFound)
        status(await tool("credential", "default", "a.example"), .done)
        status(await tool("credential", "code"), .done)
        status(await tool("sync"), .done)
        #expect(await tool("credential", "default").output == "https:a.example  (on all devices)\n")
    }

    @Test func mistakesAreToldAndChangeNothing() async throws {
        status(await tool("credential", "add", "example.com", answers: []), .usage)
        status(await tool("credential", "add", "example.com", answers: [""]), .usage)
        status(await tool("credential", "add", "example.com", answers: ["a", "b"], interactive: true), .usage)
        status(await tool("credential", "add", "example.com", answers: ["a"], interactive: true), .interrupted)
        status(await tool("credential", "add", "https://example.com", answers: ["a"]), .usage)
        status(await tool("credential", "add", "", answers: ["a"]), .usage)
        status(await tool("credential", "add", "example.com", "open sesame"), .usage)
        status(await tool("credential", "add", "example.com", "--length", "8", answers: ["a"]), .usage)
        status(await tool("credential", "add", "example.com", "--generate", "--length", "3"), .usage)
        status(await tool("credential", "add", "example.com", "--generate", "--classes", "greek"), .usage)
        status(await tool("credential", "add", "example.com", "--generate", "--words", "3", "--length", "3"), .usage)
        status(await tool("credential", "add", "example.com", "--password-file", "/nowhere"), .notFound)
        status(
            await tool("credential", "add", "example.com", "--without-password", "--code", answers: ["0189"]), .usage)
        for command in ["show", "remove", "code", "history"] {
            let run = await tool("credential", command, "example.com")
            status(run, .notFound)
            #expect(run.errors.contains("meshclient credential list"))
        }
        status(await tool("credential", "update", "example.com", "--username", "a"), .notFound)
        status(await tool("credential", "update", "example.com"), .usage)
        #expect(await tool("credential", "list").output.isEmpty)
        status(await tool("credential", "add", "example.com", answers: ["a", "a"], interactive: true), .done)
        let taken = await tool("credential", "add", "example.com", answers: ["b"])
        status(taken, .refused)
        #expect(taken.errors.contains("bob@example.com"))
        status(await tool("credential", "code", "example.com"), .notFound)
        // Who names no account has none.
        status(await Tool()("credential", "list"), .notFound)
    }

    @Test func severalOfOneHostAreToldApart() async throws {
        status(await tool("credential", "add", "a@example.com", answers: ["1"]), .done)
        status(await tool("credential", "add", "b@example.com/path", answers: ["2"]), .done)
        let run = await tool("credential", "show", "example.com")
        status(run, .usage)
        #expect(run.errors.contains("https:a@example.com") && run.errors.contains("https:b@example.com/path"))
        #expect(try json(await tool("credential", "show", "b@example.com/path", "--json"))["username"] == "b")
        status(await tool("credential", "update", "a@example.com", "--local-name", "one"), .done)
        status(await tool("credential", "update", "b@example.com/path", "--local-name", "one"), .done)
        status(await tool("credential", "show", "one"), .usage)
        status(await tool("credential", "update", "https:a@example.com", "--local-name", ""), .done)
        #expect(await tool("credential", "show", "one", "--to", "-").output == "2\n")
    }

    @Test func whatWasBeforeIsKept() async throws {
        status(await tool("credential", "add", "example.com", "--username", "alice", answers: ["first"]), .done)
        status(await tool("sync"), .done)
        status(await tool("credential", "update", "example.com", "--password", answers: ["second"]), .done)
        status(
            await tool("credential", "update", "example.com", "--username", "bob", "--generate", "--words", "4"), .done)
        status(await tool("credential", "remove", "example.com"), .done)
        let run = await tool("credential", "history", "https:example.com")
        status(run, .done)
        #expect(run.lines.count == 4)
        #expect(!run.output.contains("first") && !run.output.contains("second"))
        #expect(run.lines[1].hasSuffix("changed: Password") && run.lines[2].hasSuffix("changed: Password, Username"))
        let revealed = await tool("credential", "history", "https:example.com", "--reveal")
        #expect(revealed.output.contains("password  first\n") && revealed.output.contains("password  second\n"))
        let list = try json(await tool("credential", "history", "https:example.com", "--json"))["history"]?.array
        #expect(list?.map { $0["event"]?.string } == ["new", "update", "update", "delete"])
        #expect(list?.allSatisfy { $0["password"] == nil } == true)
        #expect(list?.map { $0["pending"] } == [false, true, true, true])
    }

    @Test func passwordsAreMade() async throws {
        let plain = await tool("credential", "generate")
        status(plain, .done)
        #expect(plain.lines.count == 1 && plain.lines[0].utf8.count == 20)
        #expect(plain.errors.hasSuffix(" bits\n") && !plain.errors.contains(plain.lines[0]))
        let words = try json(await tool("credential", "generate", "--words", "5", "--separator", " ", "--json"))
        #expect(words["password"]?.string?.split(separator: " ").count == 5)
        #expect(words["entropy"]?.double == 55)
        for _ in 0..<50 {
            // Whatever characters it has, it is JSON.
            let made = try json(
                await tool("credential", "generate", "--classes", "symbols", "--length", "40", "--json"))
            #expect(made["password"]?.string?.utf8.count == 40)
        }
        let scratch = try Scratch()
        let file = await tool("credential", "generate", "--to", scratch("made"))
        #expect(file.output.isEmpty && scratch.read("made")?.count == 21)
        let kept = await tool("credential", "add", "example.com", "--generate", "--classes", "digits", "--length", "6")
        #expect(kept.output == "https:example.com\n" && kept.errors == "A password of 19.9 bits is made.\n")
        #expect(await tool("credential", "show", "example.com", "--to", "-").lines[0].allSatisfy(\.isNumber))
    }

    @Test func oneTimeCodesAreMade() async throws {
        let scratch = try Scratch()
        let uri = try scratch.write(
            Array("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8\n".utf8), to: "uri")
        status(await tool("credential", "add", "example.com", "--without-password", "--code-file", uri), .done)
        let code = await tool("credential", "code", "example.com")
        status(code, .done)
        #expect(code.lines[0].utf8.count == 8 && code.lines[0].allSatisfy(\.isNumber))
        #expect(try json(await tool("credential", "code", "example.com", "--json"))["secondsLeft"]?.integer != nil)
        let shown = await tool("credential", "show", "example.com", "--json", "--reveal")
        #expect(shown.output.contains("hasCode") && !shown.output.contains("Secret"))
        let run = await tool("credential", "update", "example.com", "--code", answers: ["gezd gnbv"], interactive: true)
        status(run, .done)
        #expect(run.prompts.count == 1)
        #expect(await tool("credential", "code", "example.com").lines[0].utf8.count == 6)
        status(await tool("credential", "update", "example.com", "--remove-code"), .done)
        status(await tool("credential", "code", "example.com"), .notFound)
        status(await tool("credential", "show", "example.com", "--to", "-"), .notFound)
    }

    @Test func theOtherKindsHaveTheSameGrammar() async throws {
        let network = await tool("network", "add", "home", answers: ["open sesame"])
        #expect(network.output == "wifi:home\n")
        #expect(await tool("network", "show", "home", "--reveal").lines.last == "password    open sesame")
        #expect(!(await tool("network", "list").output.contains("sesame")))
        status(await tool("network", "add", "café", "--without-password"), .done)
        #expect(try json(await tool("network", "show", "café", "--json"))["hasPassword"] == nil)

        status(await tool("bookmark", "add", "not a uri"), .usage)
        let bookmark = await tool("bookmark", "add", "https://example.com", "--title", "Example", "--label", "news")
        status(bookmark, .done)
        #expect(await tool("bookmark", "list", "--label", "news").output.contains("https://example.com  Example  news"))
        #expect(await tool("bookmark", "list", "--label", "x").output.isEmpty)
        #expect(
            try json(await tool("bookmark", "show", "https://example.com", "--json"))["key"]?.string
                == bookmark.lines[0])

        let contact = await tool("contact", "add", "Bob", "--address", "bob@example.com", "--key", "bob")
        #expect(contact.output == "bob\n")
        #expect(await tool("contact", "list").lines.contains("bob  Bob  bob@example.com  (not sent yet)"))
        #expect(try json(await tool("contact", "show", "bob@example.com", "--json"))["name"] == ["Bob"])
        status(await tool("contact", "add", "Example Inc.", "--organization", "--key", "inc"), .done)
        #expect(try json(await tool("contact", "show", "inc", "--json"))["name"] == ["Example Inc."])

        status(await tool("task", "add", "buy \u{1B}[31mmilk\u{202E}", "--key", "t"), .done)
        // Nothing that is kept does anything to the terminal.
        #expect(await tool("task", "list").lines == ["t  buy \\u{1b}[31mmilk\\u{202e}  (not sent yet)"])
        status(await tool("task", "add", ""), .usage)
        for (kind, name) in [
            ("network", "home"), ("bookmark", "https://example.com"), ("contact", "bob"), ("task", "t"),
        ] {
            status(await tool(kind, "show", "nothing"), .notFound)
            let removed = try json(await tool(kind, "remove", name, "--json"))
            #expect(removed["removed"]?.string?.isEmpty == false)
            status(await tool(kind, "remove", name), .notFound)
        }
        status(await tool("sync"), .done)
        #expect(try json(await tool("network", "list", "--json"))["networks"]?.array?.count == 1)
    }

    @Test func conflictsAreShownAndDecided() async throws {
        let other = Tool(portals: tool.portals, portalVariable: "dir:/portal")
        let witness = try #require(await other("device", "request", "alice@example.com").lines.first)
        status(await tool("device", "accept", "--witness", witness, "--administrator"), .done)
        status(await other("device", "complete"), .done)
        status(await tool("credential", "add", "example.com", answers: ["1"]), .done)
        status(await tool("sync"), .done)
        status(await other("sync"), .done)
        status(await tool("credential", "update", "example.com", "--password", answers: ["2"]), .done)
        status(await other("credential", "update", "example.com", "--password", answers: ["3"]), .done)
        status(await tool("sync"), .done)
        status(await other("sync"), .conflict)
        #expect(await other("credential", "list").output.contains("(conflict)"))
        #expect(await other("conflicts").output.contains("https:example.com"))
        status(await other("conflicts", "resolve", "https:example.com", "--ours"), .done)
        status(await other("sync"), .done)
        status(await tool("sync"), .done)
        #expect(await tool("credential", "show", "example.com", "--to", "-").output == "3\n")
        #expect(await tool("credential", "history", "example.com", "--reveal").output.contains("password  2\n"))
    }

    // MARK: git

    /// What git says, and what it is told.
    private func git(_ operation: String, _ lines: String...) async -> ToolRun {
        await tool(
            "credential", "helper", operation,
            input: Array(lines.map { "\($0)\n" }.joined().utf8) + [0x0A] + Array("rest".utf8))
    }

    @Test func gitIsAnswered() async throws {
        let place = ["protocol=https", "host=Example.com"]
        let none = await git("get", place[0], place[1], "capability[]=authtype", "wwwauth[]=Basic realm=\"x\"")
        #expect(none.status == 0 && none.output.isEmpty && none.errors.isEmpty)
        let stored = await git("store", place[0], place[1], "username=alice", "password=open=sesame")
        #expect(stored.status == 0 && stored.output.isEmpty && stored.errors.isEmpty)
        #expect(await tool("credential", "list").output.hasPrefix("https:example.com  https  example.com  alice"))
        #expect(await git("get", place[0], place[1]).output == "username=alice\npassword=open=sesame\n")
        #expect(await git("get", "url=https://alice@example.com/").output == "username=alice\npassword=open=sesame\n")
        for other in [
            ["protocol=http", place[1]], ["protocol=https", "host=example.org"],
            ["protocol=https", "host=example.com:8443"],
            [place[0], place[1], "path=a.git"], [place[0], place[1], "username=bob"], ["url=https://bob@example.com"],
            ["protocol=https"], ["protocol=cert", "path=/etc/key"],
        ] {
            let run = await git("get", other[0], other.dropFirst().joined(separator: "\n"))
            #expect(run.status == 0 && run.output.isEmpty && run.errors.isEmpty, "\(other)")
        }
        // A second name, and then it is not clear who is meant.
        status(await git("store", place[0], place[1], "username=bob", "password=2"), .done)
        #expect(await git("get", "url=https://bob@example.com").output == "username=bob\npassword=2\n")
        #expect(await git("get", place[0], place[1], "username=alice").output.contains("open=sesame"))
        // A path is a place of its own.
        status(await git("store", "url=https://example.com/team/a.git", "username=carol", "password=3"), .done)
        #expect(await git("get", "url=https://example.com/team/a.git/").output == "username=carol\npassword=3\n")
        // Stored again, it is not changed; stored otherwise, it is.
        let before = await tool("credential", "history", "https:example.com").lines.count
        status(await git("store", place[0], place[1], "username=alice", "password=open=sesame"), .done)
        #expect(await tool("credential", "history", "https:example.com").lines.count == before)
        status(await git("store", place[0], place[1], "username=alice", "password=4"), .done)
        #expect(await git("get", place[0], place[1], "username=alice").output.contains("password=4"))
        // Refused is what was given, not what was kept since.
        status(await git("erase", place[0], place[1], "username=alice", "password=open=sesame"), .done)
        #expect(await git("get", place[0], place[1], "username=alice").output.contains("password=4"))
        status(await git("erase", place[0], place[1], "username=alice", "password=4"), .done)
        #expect(await git("get", place[0], place[1], "username=alice").output.isEmpty)
        status(await tool("credential", "show", "https:example.com"), .notFound)
        // What else a credential has is not lost with its password.
        status(await tool("credential", "update", "https:bob@example.com", "--local-name", "b"), .done)
        status(await git("erase", place[0], place[1], "username=bob"), .done)
        #expect(try json(await tool("credential", "show", "b", "--json"))["hasPassword"] == nil)
        status(await git("store", place[0], place[1], "username=bob", "password=5"), .done)
        #expect(await tool("credential", "show", "b", "--to", "-").output == "5\n")
    }

    @Test func whatGitCannotSayIsRefused() async throws {
        status(await git("approve", "protocol=https"), .done)
        status(await tool("credential", "helper", "get", input: []), .done)
        for wrong in [
            "host", "host=a\0b", "url=example.com", "url=https://a%0ahost=b@example.com", "url=https://%zz@a",
        ] {
            let run = await git("get", "protocol=https", wrong)
            status(run, .usage)
            #expect(run.output.isEmpty)
        }
        status(await tool("credential", "helper", "get", input: [UInt8](repeating: 0x61, count: 1 << 17)), .usage)
        #expect(await tool("credential", "helper").output.contains("credential.helper '!meshclient credential helper'"))
        status(await git("store", "protocol=https", "host=example.com", "username=a", "password=1"), .done)
        status(await tool("credential", "update", "example.com", "--username", "a\nhost=b"), .done)
        let hidden = await git("get", "protocol=https", "host=example.com")
        #expect(hidden.status == ToolStatus.usage.rawValue && hidden.output.isEmpty)
    }
}
