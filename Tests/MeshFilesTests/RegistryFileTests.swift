import Glibc
import MeshCore
import MeshEncoding
import MeshFiles
import MeshPlatforms
import MeshRegistry
import MeshTestSupport
import Testing

/// The file itself: what a person finds in it, what a person may do to it, and what damage does.
@Suite struct RegistryFileTests {
    let scratch: Scratch
    init() throws { scratch = try Scratch() }

    func open() -> JSONRegistry {
        let path = scratch.path
        return JSONRegistry(mode: .test("t"), path: path) { try Directory.open(path, create: $0) }
    }

    func text() throws -> String {
        String(decoding: try scratch.open().readFile("profiles.json", limit: 1 << 24) ?? [], as: UTF8.self)
    }

    static let accounts = RegistryPath(literal: "Accounts")
    static let filling = RegistryPath(literal: "Filling")

    func set(_ registry: JSONRegistry, _ value: String, _ name: String? = nil) async throws {
        try await registry.modify { try $0.set(.string(value), name, at: Self.accounts) }
    }

    func fill(_ registry: JSONRegistry, _ count: Int = 1_200) async throws {
        try await registry.modify { transaction in
            for number in 0..<count {
                try transaction.set(
                    .string("a value that takes some room in the file"), "value \(number)", at: Self.filling)
            }
        }
    }

    @Test func `The file is what a person expects`() async throws {
        try await open().modify { transaction in
            try transaction.set(.string("alice@example.com"), nil, at: Self.accounts)
            try transaction.set(.strings(["b", "a"]), "Portals", at: try RegistryPath(["PersonalProfiles", "M1"]))
            try transaction.set(.integer(-7), "n", at: .root)
            try transaction.set(.binary([0xFB, 0xFF]), "b", at: .root)
        }
        let lines = try text().split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[3].hasPrefix("  \"Check\": \""))
        #expect(
            (lines[..<3] + lines[4...]).joined(separator: "\n") == """
                {
                  "Version": 1,
                  "Generation": 1,
                  "Accounts": {
                    "Default": "alice@example.com"
                  },
                  "PersonalProfiles": {
                    "M1": {
                      "Portals": [
                        "b",
                        "a"
                      ]
                    }
                  },
                  "n": -7,
                  "b": {
                    "$binary": "-_8"
                  }
                }

                """)
        #expect(scratch.mode("profiles.json") == 0o600)
    }

    @Test func `What this version does not know stays, in its place`() async throws {
        let foreign = """
            {"Future": {"a": true, "b": null, "c": [1, "x"], "d": 1.5, "e": {"$float": "1"}, "f": 99999999999999999999},
             "Accounts": {"New": {"": 1, "$x": 2, "y": 3}, "Default": {"odd": 1}}, "Z": "z"}
            """
        try scratch.put("profiles.json", foreign)
        let registry = open()
        let future = RegistryPath(literal: "Future")
        try await registry.read { reader in
            #expect(reader.valueNames(at: future) == ["a", "b", "c", "d", "e", "f"])
            for name in ["a", "b", "c", "d", "e", "f"] {
                #expect(code { _ = try reader.value(name, at: future) } == .unsupported)
            }
            #expect(code { _ = try reader.value(nil, at: Self.accounts) } == .unsupported)
            #expect(reader.valueNames(at: RegistryPath(literal: "Accounts/New")) == ["y"])
        }
        try await registry.modify { try $0.set(.string("z2"), "Z", at: .root) }
        try await registry.modify { try $0.set(.string("new"), "g", at: future) }
        let after = try #require(try JSONValue(parsing: try text()).object)
        let before = try #require(try JSONValue(parsing: foreign).object)
        #expect(after.names == ["Version", "Generation", "Check", "Future", "Accounts", "Z"])
        #expect(after["Accounts"] == before["Accounts"])
        #expect(after["Future"]?.object?.names == ["a", "b", "c", "d", "e", "f", "g"])
        for name in ["a", "b", "c", "d", "e", "f"] { #expect(after["Future"]?[name] == before["Future"]?[name]) }
    }

    @Test func `The members of the file itself are not part of the tree`() async throws {
        let registry = open()
        try await set(registry, "x")
        for name in ["Version", "Generation", "Check"] {
            let isHidden = try await registry.read { reader in
                try reader.value(name, at: .root) == nil && !reader.valueNames(at: .root).contains(name)
            }
            #expect(isHidden)
            await #expect(throws: PlatformError(.invalidArgument, store: "", "")) {
                try await registry.modify { try $0.set(.integer(1), name, at: .root) }
            }
            await #expect(throws: PlatformError(.invalidArgument, store: "", "")) {
                try await registry.modify { try $0.set(.integer(1), "x", at: try RegistryPath([name])) }
            }
        }
        #expect(try await registry.read { $0.generation.number } == 1)
    }

    @Test func `An edit by hand is a new generation, for those who have the registry open and for those who have not`()
        async throws
    {
        let registry = open()
        try await set(registry, "old")
        let edited = try text().replacing("\"old\"", with: "\"edited\"")
        try scratch.put("profiles.json", edited)
        #expect(try await registry.string(nil, at: Self.accounts) == "edited")
        #expect(try await registry.read { $0.generation.number } == 2)
        #expect(try await open().read { $0.generation.number } == 2)
        await #expect(throws: PlatformError(.changedUnderneath, store: "", "")) {
            try await registry.modify(expecting: RegistryGeneration(1)) { try $0.set(.string("x"), nil, at: .root) }
        }
        try scratch.put("profiles.json", edited.replacing("edited", with: "again"))
        #expect(try await registry.read { $0.generation.number } == 3)
        try await set(registry, "new")
        #expect(try await open().read { $0.generation.number } == 4)
        #expect(try await open().string(nil, at: Self.accounts) == "new")
    }

    @Test(arguments: [
        ("", "line 1, column 1"), ("{", "line 1, column 2"), ("{\n  \"a\": 1,\n}", "line 3, column 1"),
        ("[]", "line 1, column 1"), ("{\"a\":1,\"a\":2}", "line 1, column 8"), ("{\"a\":\"\\ud800\"}", ""),
        ("{\"a\":1} x", "line 1, column 9"), ("\u{FEFF}{}", ""), ("{\"Generation\": -1}", ""),
        ("{\"Generation\": 9223372036854775807}", ""), ("{\"Generation\": \"x\"}", ""), ("null", ""), ("nul", ""),
        (String(repeating: "{\"a\":", count: 100_000), ""), (String(repeating: "\u{0}", count: 4096), ""),
    ])
    func `A damaged file is reported with its place, set aside once, and left as it is`(
        text: String, place: String
    ) async throws {
        try scratch.put("profiles.json", text)
        for registry in [open(), open()] {
            for _ in 0..<2 {
                let error = await #expect(throws: PlatformError.self) { try await registry.string(nil, at: .root) }
                #expect(error?.code == .corrupt)
                #expect(error?.message.contains(place) == true, "\(error?.message ?? "")")
            }
            await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await set(registry, "x") }
        }
        #expect(try self.text() == text)
        let directory = try scratch.open()
        #expect(try directory.names() == ["locks", "profiles.json", "profiles.json.corrupt-1"])
        #expect(try directory.readFile("profiles.json.corrupt-1", limit: 1 << 24) == Array(text.utf8))
        try scratch.put("profiles.json", text + "x")
        await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await open().string(nil, at: .root) }
        #expect(try directory.names().count == 4)
        // Repaired, it is read again.
        let registry = open()
        await #expect(throws: PlatformError.self) { try await registry.string(nil, at: .root) }
        try scratch.put("profiles.json", "{\"Default\": \"repaired\"}")
        #expect(try await registry.string(nil, at: .root) == "repaired")
    }

    @Test func `A newer version is refused by name, and not overwritten`() async throws {
        for version in ["2", "\"1\"", "1.0", "null"] {
            let text = "{\"Version\": \(version)}"
            try scratch.put("profiles.json", text)
            await #expect(throws: PlatformError(.unknownVersion, store: "", "")) { try await set(open(), "x") }
            #expect(try self.text() == text)
        }
    }

    @Test func `A file that others can read, or that is no file, is refused`() async throws {
        try scratch.put("profiles.json", "{}", mode: 0o644)
        await #expect(throws: PlatformError(.insecurePermissions, store: "", "")) { try await set(open(), "x") }
        unlink("\(scratch.path)/profiles.json")
        #expect(symlink("/etc/passwd", "\(scratch.path)/profiles.json") == 0)
        await #expect(throws: PlatformError(.unexpectedFileType, store: "", "")) { try await set(open(), "x") }
        await #expect(throws: PlatformError(.unexpectedFileType, store: "", "")) {
            try await open().string(nil, at: .root)
        }
    }

    // MARK: - Journal

    @Test func `A large registry is changed through its journal, which others follow`() async throws {
        let (registry, other) = (open(), open())
        try await fill(registry)
        let before = try text()
        #expect(before.utf8.count > 64 << 10)
        for number in 0..<20 {
            try await set(registry, "v\(number)")
            #expect(try await other.string(nil, at: Self.accounts) == "v\(number)")
            try await set(other, "w\(number)", "other")
        }
        #expect(try text() == before)
        #expect(scratch.mode("profiles.json.journal") == 0o600)
        let fresh = open()
        #expect(try await fresh.string(nil, at: Self.accounts) == "v19")
        #expect(try await fresh.string("other", at: Self.accounts) == "w19")
        #expect(try await fresh.read { $0.generation.number } == 41)
        #expect(try await fresh.read { $0.valueNames(at: Self.filling).count } == 1_200)
        #expect(try await fresh.modify { try $0.removeKey(at: Self.filling) })
        #expect(try await registry.read { $0.hasKey(at: Self.filling) } == false)
        try await registry.writeFile()
        #expect(scratch.mode("profiles.json.journal") == 0)
        #expect(try text().contains("\"v19\""))
        #expect(try await other.read { $0.generation.number } == 42)
        #expect(try await open().string("other", at: Self.accounts) == "w19")
    }

    @Test func `The journal goes into the file before it is an eighth of it`() async throws {
        let registry = open()
        try await fill(registry)
        let value = String(repeating: "x", count: 4_000)
        var largest = 0
        for number in 0..<40 {
            try await set(registry, value + "\(number)")
            largest = max(largest, try scratch.open().status(of: "profiles.json.journal")?.size ?? 0)
        }
        #expect(largest > 50_000)
        #expect(largest < 80_000)
        #expect(try await open().string(nil, at: Self.accounts) == value + "39")
        #expect(try await open().read { $0.generation.number } == 41)
    }

    @Test func `An edit of the file by hand loses nothing of the journal, nor the journal of the edit`() async throws {
        let registry = open()
        try await fill(registry)
        try await set(registry, "journal")
        let edited = try text().replacing("\"value 7\": \"a value", with: "\"value 7\": \"an edited value")
        try scratch.put("profiles.json", edited)
        for reader in [registry, open()] {
            #expect(try await reader.string(nil, at: Self.accounts) == "journal")
            #expect(try await reader.string("value 7", at: Self.filling)?.hasPrefix("an edited") == true)
            #expect(try await reader.read { $0.generation.number } == 3)
        }
        try await set(registry, "more")
        #expect(scratch.mode("profiles.json.journal") == 0)
        #expect(try await open().string("value 7", at: Self.filling)?.hasPrefix("an edited") == true)
        #expect(try await open().read { $0.generation.number } == 4)
    }

    @Test func `A torn last line is no transaction, and the next change cuts it off`() async throws {
        let registry = open()
        try await fill(registry)
        try await set(registry, "one")
        let whole = try #require(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20))
        try await set(registry, "two")
        let both = try #require(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20))
        for end in whole.count..<both.count - 1 {
            try scratch.open().replaceFile("profiles.json.journal", with: Array(both[..<end]))
            #expect(try await open().string(nil, at: Self.accounts) == "one")
        }
        try scratch.open().replaceFile(
            "profiles.json.journal", with: whole + [UInt8](repeating: 0, count: both.count - whole.count - 1) + [10])
        try await set(open(), "three")
        #expect(try await open().string(nil, at: Self.accounts) == "three")
        let after = try #require(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20))
        #expect(after.starts(with: whole))
        #expect(!after.contains(0))
    }

    @Test func `Any other damage of the journal is corrupt, and nothing is overwritten`() async throws {
        let registry = open()
        try await fill(registry)
        try await set(registry, "one")
        try await set(registry, "two")
        let journal = try #require(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20))
        let base = try text()
        for place in stride(from: 0, to: journal.count, by: 7) where journal[place] != 10 {
            var damaged = journal
            damaged[place] ^= 1
            guard damaged[place] != 10 else { continue }
            try scratch.open().replaceFile("profiles.json.journal", with: damaged)
            await #expect(throws: PlatformError(.corrupt, store: "", ""), "octet \(place)") {
                try await set(open(), "x")
            }
            #expect(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20) == damaged)
        }
        for other in [[], Array("x".utf8), Array("{}\n".utf8), Array(journal.drop { $0 != 10 }.dropFirst())] {
            try scratch.open().replaceFile("profiles.json.journal", with: other)
            await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await open().string(nil, at: .root) }
        }
        try scratch.open().replaceFile("profiles.json.journal", with: journal)
        // The file that it belongs to is gone, or an old one is in its place: not empty, not old, but an error.
        unlink("\(scratch.path)/profiles.json")
        await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await open().string(nil, at: .root) }
        try scratch.put("profiles.json", "{\"Version\": 1, \"Generation\": 0}")
        await #expect(throws: PlatformError(.corrupt, store: "", "")) { try await set(open(), "x") }
        try scratch.put("profiles.json", base)
        #expect(try await open().string(nil, at: Self.accounts) == "two")
    }

    @Test func `A journal that is in the file already is passed over`() async throws {
        let registry = open()
        try await fill(registry)
        try await set(registry, "one")
        let journal = try #require(try scratch.open().readFile("profiles.json.journal", limit: 1 << 20))
        try await registry.writeFile()
        // As if the process had been killed before it removed the journal.
        try scratch.open().replaceFile("profiles.json.journal", with: journal)
        #expect(try await open().read { $0.generation.number } == 2)
        try await set(open(), "two")
        for reader in [registry, open()] {
            #expect(try await reader.string(nil, at: Self.accounts) == "two")
            #expect(try await reader.read { $0.generation.number } == 3)
        }
    }

    @Test func `A hundred thousand keys are kept, and one is changed without writing them all`() async throws {
        let registry = open()
        let options = CallOptions(deadline: .seconds(60))
        try await registry.modify(expecting: nil, options: options) { transaction in
            for number in 0..<100_000 {
                let path = try RegistryPath(["PersonalProfiles", "Entries", "M\(number)"])
                try transaction.set(.string("p\(number)"), "File", at: path)
            }
        }
        let size = try #require(try scratch.open().status(of: "profiles.json")).size
        try await registry.modify(expecting: nil, options: options) { try $0.set(.integer(1), "n", at: .root) }
        #expect(try scratch.open().status(of: "profiles.json")?.size == size)
        #expect(try #require(try scratch.open().status(of: "profiles.json.journal")).size < 1_000)
        let (count, last, added) = try await open().read(options: options) { reader in
            let path = RegistryPath(literal: "PersonalProfiles/Entries/M99999")
            return (
                reader.keyNames(at: RegistryPath(literal: "PersonalProfiles/Entries")).count,
                try reader.string("File", at: path), try reader.value("n", at: .root)
            )
        }
        #expect(count == 100_000)
        #expect(last == "p99999")
        #expect(added == .integer(1))
    }
}

// A busy machine may take its time: what these tests are about is not how long a call takes.
extension JSONRegistry {
    private static var patient: CallOptions { CallOptions(deadline: .seconds(60)) }

    func read<R: Sendable>(_ body: @Sendable (any RegistryReader) throws -> R) async throws -> R {
        try await read(options: Self.patient, body)
    }

    func modify<R: Sendable>(
        expecting: RegistryGeneration? = nil, _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await modify(expecting: expecting, options: Self.patient, body)
    }

    func string(_ name: String?, at path: RegistryPath) async throws -> String? {
        try await read { try $0.string(name, at: path) }
    }
}
