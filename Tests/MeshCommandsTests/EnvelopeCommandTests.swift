import MeshCommands
import MeshCore
import MeshCryptography
import MeshEncoding
import Testing

/// Envelopes on the command line.
struct EnvelopeCommandTests {
    private let scratch: Scratch
    private let tool = Tool()
    private let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

    init() async throws {
        scratch = try Scratch()
        _ = await tool("profile", "create", "--name", "alice")
        _ = await tool("device", "create", "--name", "desk", "--default")
        try scratch.write(content, to: "content")
    }

    @Test(arguments: ["json", "json-b"])
    func whatIsSealedOpens(encoding: String) async throws {
        let sealed = await tool(
            "dare", "seal", scratch("content"), "-o", scratch("sealed"), "--to", "alice", "--sign", "--encoding",
            encoding,
            "--annotation", "Subject: test", "--content-type", "text/plain", "--json")
        #expect(sealed.status == 0, "\(sealed.errors)")
        #expect(try JSONValue(parsing: sealed.output)["plaintext"] == .integer(content.count))
        let opened = await tool(
            "dare", "open", scratch("sealed"), "-o", scratch("opened"), "--from", "alice", "--json")
        #expect(opened.status == 0, "\(opened.errors)")
        #expect(scratch.read("opened") == content)
        let report = try JSONValue(parsing: opened.output)
        #expect(report["signers"]?.array?.count == 1 && report["witnessed"]?.array?.count == 1)
        #expect(report["annotations"] == ["Subject: test"])
        #expect(report["contentMeta"]?["cty"] == "text/plain")
        #expect(scratch.names == ["content", "opened", "sealed"])
    }

    @Test func streamsPassThrough() async throws {
        let sealed = await tool("dare", "seal", "--to", "desk", input: content)
        #expect(sealed.status == 0 && sealed.octets.count > content.count)
        let opened = await tool("dare", "open", input: sealed.octets)
        #expect(opened.status == 0 && opened.octets == content, "\(opened.errors)")
        // Two things cannot be on standard output.
        #expect(await tool("dare", "seal", "--json", input: content).status == ToolStatus.usage.rawValue)
    }

    @Test func keysComeOutOfFiles() async throws {
        let (private_, public_) = try keyFiles()
        let sealed = await tool(
            "dare", "seal", scratch("content"), "-o", scratch("sealed"), "--to-key", public_, "--sign-key", private_)
        #expect(sealed.status == 0, "\(sealed.errors)")
        let opened = await tool(
            "dare", "open", scratch("sealed"), "-o", scratch("opened"), "--key-file", private_, "--from-key", public_)
        #expect(opened.status == 0 && scratch.read("opened") == content, "\(opened.errors)")
        // The profile is no recipient.
        #expect(await tool("dare", "open", scratch("sealed")).status == ToolStatus.noKey.rawValue)
        // A file that others can read is no place for private keys.
        try scratch.write(try #require(scratch.read("private.json")), to: "private.json", mode: 0o640)
        let refused = await tool("dare", "open", scratch("sealed"), "--key-file", private_)
        #expect(refused.status == ToolStatus.damaged.rawValue && refused.errors.contains("chmod 600"))
        for text in ["", "[", "{}", #"[{"PrivateKeyECDH":{"crv":"X448","Private":"AAAA"}}]"#, #"["Private","x"]"#] {
            let path = try scratch.write(text.utf8, to: "bad.json")
            let run = await tool("dare", "open", scratch("sealed"), "--key-file", path)
            #expect(run.status == ToolStatus.damaged.rawValue, "\(text): \(run.errors)")
        }
    }

    @Test func whatWasChangedLeavesNothing() async throws {
        _ = await tool("dare", "seal", scratch("content"), "-o", scratch("sealed"), "--to", "alice", "--sign")
        var octets = try #require(scratch.read("sealed"))
        octets[octets.count / 2] ^= 1
        try scratch.write(octets, to: "changed")
        let names = scratch.names
        let opened = await tool("dare", "open", scratch("changed"), "-o", scratch("opened"))
        #expect(opened.status == ToolStatus.unverified.rawValue && opened.errors.contains("digest"), "\(opened.errors)")
        let verified = await tool("dare", "verify", scratch("changed"))
        #expect(verified.status == ToolStatus.unverified.rawValue)
        let cut = try scratch.write(octets.prefix(octets.count / 2), to: "changed")
        #expect(await tool("dare", "open", cut, "-o", scratch("opened")).status == ToolStatus.unverified.rawValue)
        #expect(scratch.names == names)
        // A signature that is demanded, and is another's or missing.
        _ = await tool("profile", "create", "--name", "bob")
        let other = await tool("dare", "open", scratch("sealed"), "-o", scratch("opened"), "--from", "bob")
        #expect(other.status == ToolStatus.unverified.rawValue && scratch.names == names, "\(other.errors)")
    }

    @Test func nothingIsOverwritten() async throws {
        try scratch.write([1, 2, 3], to: "kept")
        let refused = await tool("dare", "seal", scratch("content"), "-o", scratch("kept"))
        #expect(refused.status == ToolStatus.refused.rawValue && refused.errors.contains("--force"))
        #expect(scratch.read("kept") == [1, 2, 3])
        #expect(await tool("dare", "seal", scratch("content"), "-o", scratch("kept"), "--force").status == 0)
        #expect(try #require(scratch.read("kept")).count > content.count)
        #expect(scratch.names == ["content", "kept"])
        let nowhere = await tool("dare", "seal", scratch("content"), "-o", scratch("no/such"))
        #expect(nowhere.status == ToolStatus.notFound.rawValue)
    }

    @Test func envelopesAreShownAndVerifiedWithoutKeys() async throws {
        _ = await tool("dare", "seal", scratch("content"), "-o", scratch("sealed"), "--to", "alice", "--sign")
        let keyless = Tool()
        let dump = await keyless("dare", "dump", scratch("sealed"), "--json")
        #expect(dump.status == 0)
        #expect(try JSONValue(parsing: dump.output)["header"]?["enc"] == "A256CBC")
        let words = await keyless("dare", "dump", scratch("sealed"))
        #expect(words.output.contains("body of \(content.count / 16 * 16 + 16) octets"))
        let verified = await keyless("dare", "verify", scratch("sealed"))
        #expect(verified.status == 0 && verified.output.contains("1 signature, not checked"))
        #expect(await tool("dare", "verify", scratch("sealed"), "--from", "alice").output.contains("Signed by"))
        #expect(await keyless("dare", "dump", scratch("content")).status == ToolStatus.unverified.rawValue)
        #expect(await keyless("dare", "dump", scratch("missing")).status == ToolStatus.notFound.rawValue)
        #expect(await keyless("dare", "dump", scratch.path).status == ToolStatus.damaged.rawValue)
    }

    /// A key of each use, in a file as it is used and in one for others.
    private func keyFiles() throws -> (private: String, public: String) {
        let random = SeededRandomSource(seed: 5)
        let keys = try [KeyAlgorithm.x448, .ed448].map { try PrivateKey.generate($0, from: random) }
        let privates = keys.map { key -> JSONValue in
            let octets = key.withPrivateOctets { $0.withUnsafeBytes { Array($0) } }
            return [
                "PrivateKeyECDH": [
                    "crv": .string(key.algorithm.description), "Private": .string(Base64URL.encode(octets)),
                ]
            ]
        }
        let publics = keys.map { key -> JSONValue in
            [
                "PublicKeyECDH": [
                    "crv": .string(key.algorithm.description), "Public": .binary(key.publicKey.octets),
                ]
            ]
        }
        return (
            try scratch.write(JSONValue.array(privates).indented, to: "private.json"),
            try scratch.write(JSONValue.array(publics).indented, to: "public.json")
        )
    }
}
