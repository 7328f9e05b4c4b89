import MeshCore
import MeshCryptography
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshKeyFiles

/// What is in the files, and what becomes of a store when they are damaged.
struct KeyFileFormatTests {
    static let secret = [UInt8](1...64)

    /// Replaces the check line by the right one, as whoever changes a file on purpose would.
    static func checked(_ text: [UInt8], kind: String = KeyFileHeader.kind) -> [UInt8] {
        let body = text.prefix(upTo: text.lastRange(of: Array("check: ".utf8)).lowerBound)
        return body + Array(Array(body).withUnsafeBytes { FieldReader.checkText(of: $0, kind: kind) }.utf8)
    }

    @Test(arguments: [true, false]) func filesArePlainText(isSealed: Bool) async throws {
        let directory = try TemporaryDirectory()
        let store = isSealed ? try await directory.unlocked() : directory.clear()
        let item = try newItem(account: "alice@example.com", label: "100 % \u{1F511}")
        try await store.put(Self.secret, as: item)
        let octets = try directory.octets(directory.name(item))
        #expect(octets.allSatisfy { $0 == 0x0A || (0x20...0x7E).contains($0) })
        let lines = String(decoding: octets, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines[0] == "mesh-key-file-1")
        #expect(lines.contains("mode: test-ci"))
        #expect(lines.contains("identifier: \(item.identifier.text)"))
        #expect(lines.contains("account: alice@example.com"))
        #expect(lines.contains("label: 100%20%25%20%F0%9F%94%91"))
        #expect(try directory.mode(directory.name(item)) == 0o600)
        for name in ["root", "root/keys", "root/locks"] { #expect(try directory.mode(name) == 0o700) }
        // Neither the octets nor their Base64, at any of its three phases, are in a sealed file.
        let forms =
            [Self.secret] + (0..<3).map { Array(Base64.url.encode(Array(Self.secret[$0...])).utf8.prefix(40)) }
        let found = forms.contains { !octets.ranges(of: $0).isEmpty }
        #expect(found == !isSealed)
    }

    /// The same key twice is two different files: salts, and with them keys and revisions, are new at each writing.
    @Test(arguments: [true, false]) func everyWritingIsNew(isSealed: Bool) async throws {
        let directory = try TemporaryDirectory()
        let store = isSealed ? try await directory.unlocked() : directory.clear()
        let item = try newItem()
        var seen: Set<KeyRevision?> = []
        for _ in 0..<4 {
            try await store.put(Self.secret, as: item, .always)
            seen.insert(try await store.read(item.identifier)?.revision)
        }
        #expect(seen.count == 4 && !seen.contains(nil))
    }

    @Test(arguments: [true, false]) func damageIsNamed(isSealed: Bool) async throws {
        let directory = try TemporaryDirectory()
        let store = isSealed ? try await directory.unlocked() : directory.clear()
        let item = try newItem(account: "alice@example.com")
        try await store.put(Self.secret, as: item)
        let name = directory.name(item)
        let octets = try directory.octets(name)
        for place in octets.indices {
            for bit in [0, 5] {
                var damaged = octets
                damaged[place] ^= 1 << UInt8(bit)
                try directory.write(damaged, name)
                let found = await code { _ = try await store.get(item) }
                let expected: [PlatformError.Code] = place < 15 ? [.corrupt, .unknownVersion] : [.corrupt]
                #expect(found.map(expected.contains) == true, "octet \(place): \(String(describing: found))")
            }
        }
        for length in octets.indices {
            try directory.write(Array(octets.prefix(length)), name)
            #expect(await code { _ = try await store.get(item) } == .corrupt, "cut at \(length)")
        }
        for tail in ["\n", "x", "check: \n", String(decoding: octets, as: UTF8.self)] {
            try directory.write(octets + Array(tail.utf8), name)
            #expect(await code { _ = try await store.get(item) } == .corrupt)
        }
        try directory.write([UInt8](repeating: 0x20, count: KeyFile.largestFile + 1), name)
        #expect(await code { _ = try await store.get(item) } == .tooLarge)
        try directory.write(octets, name)
        #expect(try await store.get(item) == Self.secret)
    }

    /// Nothing replaces a damaged key: it may be what is left of the only one.
    @Test func damagedFilesAreKept() async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.unlocked()
        let (item, other) = (try newItem(), try newItem())
        try await store.put(Self.secret, as: item)
        try await store.put([2], as: other)
        var octets = try directory.octets(directory.name(item))
        octets[40] ^= 1
        try directory.write(octets, directory.name(item))
        let before = try directory.snapshot()
        for replacement in [KeyReplacement.never, .always, .ifUnchanged(KeyRevision("x"))] {
            #expect(await code { try await store.put([3], as: item, replacement) } == .corrupt)
        }
        #expect(await code { _ = try await store.remove(item.identifier) } == .corrupt)
        #expect(try directory.snapshot() == before)
        let listing = try await store.list()
        #expect(listing.items == [other])
        #expect(listing.isPartial && listing.problems == [PlatformError(.corrupt, store: "", "")])
    }

    /// Changes by somebody who knows the format and puts the check value right: a sealed file shows them.
    @Test(arguments: [
        ("class: Application", "class: Master"), ("exportable: no", "exportable: yes"),
        ("account: alice@example.com", "account: mallory@example.com"), ("label: ", "label: x"),
        ("account: alice@example.com\n", ""), ("data: A", "data: B"), ("data: B", "data: A"),
    ])
    func forgeryIsNoticed(old: String, new: String) async throws {
        let directory = try TemporaryDirectory()
        let store = try await directory.unlocked()
        let item = try KeyItem(
            identifier: newItem().identifier, keyClass: .application, isExportable: false, account: "alice@example.com")
        // Written until the data begin as the case needs them to.
        var text = ""
        repeat {
            try await store.put(Self.secret, as: item, .always)
            text = try directory.text(directory.name(item))
        } while !text.contains(old)
        try directory.write(
            Self.checked(Array(text.replacing(old, with: new, maxReplacements: 1).utf8)), directory.name(item))
        #expect(await code { _ = try await store.get(item) } == .corrupt)
        #expect(try await store.list().problems.count == 1)
    }

    /// A right check value over a text that is not written the one way.
    @Test(arguments: [
        ("exportable: yes", "exportable: YES"), ("mode: test-ci", "mode: production"), ("mode: test-ci", "mode: "),
        ("class: Application", "class: application"), ("label: Mesh%20", "label: Mesh%2"),
        ("label: Mesh%20", "label: Mesh "), ("label: Mesh%20", "label: %4Desh%20"), ("label: Mesh%20", "label: %0A"),
        ("label: Mesh%20", "label: %FF"), ("protection: file-permissions", "protection: none"),
        ("salt: ", "salt: AAAA"), ("data: ", "data: ="), ("identifier: M", "identifier: m"),
        ("\nlabel", "\n\nlabel"), ("mesh-key-file-1\n", "mesh-key-file-1\r\n"), ("mode: ", "mode:  "),
    ])
    func otherSpellingsAreRefused(old: String, new: String) async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        let item = try newItem()
        try await store.put(Self.secret, as: item)
        let text = try directory.text(directory.name(item))
        try #require(text.contains(old))
        try directory.write(
            Self.checked(Array(text.replacing(old, with: new, maxReplacements: 1).utf8)), directory.name(item))
        #expect(await code { _ = try await store.get(item) } == .corrupt)
    }

    @Test func newerVersionsAreNamed() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        let item = try newItem()
        try await store.put(Self.secret, as: item)
        for (version, expected) in [
            ("2", PlatformError.Code.unknownVersion), ("4294967295", .unknownVersion), ("0", .unknownVersion),
            ("01", .corrupt), ("99999999999", .corrupt), ("", .corrupt), ("-1", .corrupt),
        ] {
            try directory.write(Array("mesh-key-file-\(version)\nwhat: ever\n".utf8), directory.name(item))
            #expect(await code { _ = try await store.get(item) } == expected, "\(version)")
            #expect(await code { try await store.put([1], as: item, .always) } == expected)
        }
    }

    /// A file under another key's name, or of another mode, is not that key.
    @Test(arguments: [true, false]) func renamedFilesAreRefused(isSealed: Bool) async throws {
        let directory = try TemporaryDirectory()
        let store = isSealed ? try await directory.unlocked() : directory.clear()
        let (item, other) = (try newItem(), try newItem())
        try await store.put(Self.secret, as: item)
        let octets = try directory.octets(directory.name(item))
        try directory.write(octets, directory.name(other))
        #expect(await code { _ = try await store.get(other) } == .corrupt)
        // With name and check value put right as well.
        let text = String(decoding: octets, as: UTF8.self).replacing(item.identifier.text, with: other.identifier.text)
        try directory.write(Self.checked(Array(text.utf8)), directory.name(other))
        let found = await code { _ = try await store.read(other.identifier) }
        #expect(found == (isSealed ? .corrupt : nil))
    }

    /// Identifiers that are longer than a file's name may be.
    @Test func longIdentifiers() async throws {
        let directory = try TemporaryDirectory()
        let store = directory.clear()
        for count in [100, 124, 130, 400, 511] {
            let identifier = UDF(type: .nonce, value: SystemRandomSource().bytes(count))
            let item = try KeyItem(identifier: identifier, keyClass: .application, label: "long")
            try await store.put([1, 2], as: item)
            #expect(try await store.get(item) == [1, 2])
            #expect(try await store.list().items == [item])
            #expect(try await store.remove(identifier))
        }
    }

    /// Neither store takes a file of the other.
    @Test func storesAreNotMixedUp() async throws {
        let directory = try TemporaryDirectory()
        let sealed = try await directory.unlocked()
        let clear = directory.clear()
        let (first, second) = (try newItem(), try newItem())
        try await sealed.put([1], as: first)
        try await clear.put([2], as: second)
        for (store, item) in [(sealed, second), (clear, first)] {
            #expect(await code { _ = try await store.get(item) } == .storeChanged)
            #expect(await code { try await store.put([3], as: item, .always) } == .storeChanged)
            #expect(await code { _ = try await store.remove(item.identifier) } == .storeChanged)
            let listing = try await store.list()
            #expect(listing.items.count == 1 && listing.isPartial)
        }
        #expect(try await sealed.get(first) == [1])
        #expect(try await clear.get(second) == [2])
    }
}

extension [UInt8] {
    fileprivate func lastRange(of other: [UInt8]) -> Range<Int> {
        ranges(of: other).last ?? endIndex..<endIndex
    }
}
