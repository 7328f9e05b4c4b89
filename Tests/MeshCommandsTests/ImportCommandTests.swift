import MeshCommands
import MeshEncoding
import Testing

/// Passwords that come from a browser or password manager, as a person imports them.
struct ImportCommandTests {
    private let tool: Tool
    private let scratch: Scratch

    init() async throws {
        scratch = try Scratch()
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

    private let rows = """
        name,url,username,password,note
        A,https://a.example/,alice,open sesame,"my \u{1B}[31mnote"
        ,https://b.example/,bob,open door,

        """

    @Test func aFileIsImported() async throws {
        let file = try scratch.write(rows.utf8, to: "passwords.csv")
        let trial = await tool("credential", "import", file, "--dry-run")
        status(trial, .done)
        #expect(trial.output == "2 credentials would be added.\n" && trial.errors.isEmpty)
        #expect(await tool("credential", "list").output.isEmpty)
        let run = await tool("credential", "import", file)
        status(run, .done)
        #expect(run.output == "2 credentials are added.\n")
        #expect(run.errors == "\(file) holds passwords in clear text: delete it now.\n")
        #expect(!(await tool("credential", "list").output.contains("sesame")))
        let hidden = await tool("credential", "show", "a.example")
        #expect(!hidden.output.contains("sesame") && !hidden.output.contains("31m"))
        #expect(await tool("credential", "show", "A").output == hidden.output)
        #expect(hidden.output.contains("hasNotes    yes") && hidden.output.contains("title       A"))
        let revealed = await tool("credential", "show", "a.example", "--reveal")
        #expect(revealed.output.contains("open sesame") && revealed.output.contains("my \\u{1b}[31mnote"))
        #expect(await tool("credential", "show", "b.example", "--to", "-").output == "open door\n")
        // Again, from a pipe this time.
        let again = await tool("credential", "import", "-", "--json", input: Array(rows.utf8))
        status(again, .done)
        let report = try JSONValue(parsing: again.output)
        #expect(report["duplicates"] == 2 && report["added"] == 0 && report["format"] == "chrome")
        status(await tool("sync"), .done)
        #expect(await tool("credential", "import", file).output == "0 credentials are added, 2 were here already.\n")
    }

    @Test func whatDisagreesIsToldAndStays() async throws {
        status(await tool("credential", "import", "-", input: Array(rows.utf8)), .done)
        let other = Array(rows.replacing("open sesame", with: "another").utf8)
        let refused = await tool("credential", "import", "-", input: other)
        status(refused, .refused)
        #expect(refused.errors.contains("line 2: https:a.example") && !refused.errors.contains("another\n"))
        #expect(refused.errors.contains("--replace"))
        #expect(await tool("credential", "show", "a.example", "--to", "-").output == "open sesame\n")
        let json = await tool("credential", "import", "-", "--json", input: other)
        status(json, .refused)
        #expect(try JSONValue(parsing: json.output)["conflicts"]?.array?.first?["key"] == "https:a.example")
        let replaced = await tool("credential", "import", "-", "--replace", input: other)
        status(replaced, .done)
        #expect(replaced.output == "0 credentials are added, 1 replaced, 1 was here already.\n")
        #expect(await tool("credential", "show", "a.example", "--to", "-").output == "another\n")
    }

    @Test func whatCannotBeImportedIsTold() async throws {
        let file = try scratch.write(
            "url,username,password\na.example,alice,sesame\nb.example,\"x\n".utf8, to: "bad.csv")
        let bad = await tool("credential", "import", file)
        status(bad, .usage)
        #expect(bad.errors.contains("Line 3") && bad.errors.contains("Nothing was imported"))
        #expect(!bad.errors.contains("sesame"))
        #expect(await tool("credential", "list").output.isEmpty)
        status(await tool("credential", "import", scratch("none.csv")), .notFound)
        status(await tool("credential", "import", scratch.path), .damaged)
        status(await tool("credential", "import", file, "--format", "excel"), .usage)
        let wrong = await tool("credential", "import", "-", "--format", "firefox", input: Array(rows.utf8))
        status(wrong, .usage)
        #expect(wrong.errors.contains("firefox"))
        status(await tool("credential", "import", "-", input: Array("sesame\n".utf8)), .usage)
        let left = await tool(
            "credential", "import", "-",
            input: Array("title,url,username,password,totp\n,,alice,x,\nA,a.example,alice,x,sesame!\n".utf8))
        status(left, .done)
        #expect(left.errors.contains("line 2\n") && left.errors.contains("line 3: https:a.example"))
        #expect(!left.errors.contains("sesame") && left.errors.contains("when you need it no more"))
    }
}
