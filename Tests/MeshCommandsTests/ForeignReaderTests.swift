import Foundation
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshFiles
import MeshPlatforms
import Testing

/// What the tool writes, as a process of its own, verifies in a reader that shares no code with it (Tests/ForeignReader).
struct ForeignReaderTests {
    private let scratch: Scratch
    private let keys: String
    private let content = Array((0..<5000).flatMap { Array("line \($0)\n".utf8) })

    init() throws {
        scratch = try Scratch()
        keys = scratch("keys.json")
        try scratch.write(Self.keyFile(), to: "keys.json")
        try scratch.write(content, to: "content")
    }

    /// One key to encrypt to and one that signs, of each curve; of the first kind that is asked for, the tool takes the first.
    private static func keyFile() throws -> [UInt8] {
        let random = SeededRandomSource(seed: 11)
        let entries = try [KeyAlgorithm.x448, .ed448, .x25519, .ed25519].map { algorithm -> JSONValue in
            let key = try PrivateKey.generate(algorithm, from: random)
            let octets = key.withPrivateOctets { $0.withUnsafeBytes { Array($0) } }
            return [
                "PrivateKeyECDH": [
                    "crv": .string(algorithm.description), "Private": .string(Base64URL.encode(octets)),
                ],
                "PublicKeyECDH": ["crv": .string(algorithm.description), "Public": .binary(key.publicKey.octets)],
            ]
        }
        return JSONValue.array(entries).indented
    }

    @Test(arguments: ["json", "json-b"], [[], ["--sign-key"], ["--to-key"], ["--to-key", "--sign-key"]])
    func envelopes(encoding: String, options: [String]) throws {
        let arguments = options.flatMap { [$0, keys] }
        let sealed = try Child.tool(
            [
                "dare", "seal", scratch("content"), "-o", scratch("sealed"), "--encoding", encoding, "--annotation",
                "a note",
            ]
                + arguments)
        #expect(sealed.status == 0, "\(sealed.words)")
        let read = try Child.reader(["envelope", scratch("sealed"), "--keys", keys, "--output", scratch("read")])
        #expect(read.status == 0, "\(read.words)")
        #expect(scratch.read("read") == content)
        let report = try JSONValue(parsing: read.output)
        #expect(report["payloadDigest"] == "valid" && report["annotations"] == ["a note"])
        if options.contains("--sign-key") { #expect(report["signatures"]?.array?.first?["result"] == "valid") }
        if options.count == 2 { #expect(report["signatures"]?.array?.first?["witness"] == "valid") }
        if options.contains("--to-key") { #expect(report["encrypted"] == true && report["seedKid"] == "valid") }
        #expect(try Child.reader(["verify", scratch("sealed"), "--keys", keys, "--strict"]).status == 0)
    }

    @Test(arguments: ["List", "Digest", "Chain", "Tree", "Merkle"], [false, true])
    func logs(type: String, isSealed: Bool) throws {
        let log = scratch("log")
        var options = ["--type", type]
        if isSealed { options += ["--encoding", "json-b", "--to-key", keys, "--sign-key", keys] }
        let made = try Child.tool(["dare", "log", "append", log] + options, input: Array("one\ntwo\nthree\n".utf8))
        #expect(made.status == 0, "\(made.words)")
        let signing = isSealed ? ["--sign-key", keys] : []
        for record in ["four", "five"] {
            #expect(try Child.tool(["dare", "log", "append", log] + signing, input: Array(record.utf8)).status == 0)
        }
        let read = try Child.reader(["verify", log, "--keys", keys, "--strict", "--json"])
        #expect(read.status == 0, "\(read.words)")
        let report = try JSONValue(parsing: read.output)
        #expect(report["count"] == 6 && report["type"] == .string(type))
        #expect(report["frames"]?.array?.allSatisfy { $0["check"] == "valid" } == true)
        // The reader and the tool agree on what is damaged.
        var octets = try #require(scratch.read("log"))
        octets[octets.count * 2 / 3] ^= 4
        try scratch.write(octets, to: "log")
        #expect(try Child.reader(["verify", log]).status == 1)
        #expect(try Child.tool(["dare", "verify", log]).status == 10)
    }

    @Test(arguments: [false, true])
    func runsOfCopies(isEncrypted: Bool) throws {
        let random = SeededRandomSource(seed: 11)
        let reader = try PrivateKey.generate(.x448, from: random)
        let signer = try PrivateKey.generate(.ed448, from: random)
        let scope = RunScope(account: signer.publicKey.udf, store: "MMM_Contact")
        var options = CatalogOptions()
        if isEncrypted { options.policy = SequencePolicy(encryption: .once, recipients: [reader.publicKey]) }
        options.keys = SequenceKeys(DecryptionKeys([reader]))
        let directory = LinuxContainerDirectory(try #require(try Directory.open(scratch.path, create: false)))
        let first = try Catalog.prepareRun(new: "copy", options: options, signedBy: RunSigner(scope, key: signer)) {
            for number in 0..<3 { try $0.add("key \(number)", CatalogFrame([UInt8(number)])) }
        }
        _ = try DARESequence.create("copy", in: directory, verbatim: first.frames.frames)
        let catalog = try #require(try Catalog.open("copy", in: directory, options: options))
        let next = try catalog.prepareRun(signedBy: RunSigner(scope, key: signer)) {
            try $0.update("key 1", CatalogFrame([9]), from: nil)
            try $0.delete("key 2", from: nil)
        }
        try catalog.sequence.append(verbatim: next.frames.frames, expecting: 4)
        let copy = scratch("copy")
        #expect(try Child.reader(["verify", copy, "--keys", keys, "--strict"]).status == 0)
        let objects = try Child.reader(["catalog", copy, "--keys", keys])
        #expect(try JSONValue(parsing: objects.output)["objects"]?.array?.count == 2)
        let arguments = ["runs", copy, scope.account.text, scope.store, "--keys", keys]
        let read = try Child.reader(arguments)
        #expect(read.status == 0, "\(read.words)")
        let report = try JSONValue(parsing: read.output)
        #expect(report["uncovered"] == 0 && report["runs"]?.array?.map { $0["last"] } == [3, 5])
        #expect(try Child.reader(["runs", copy, scope.account.text, "MMM_Device", "--keys", keys]).status == 1)
        _ = try catalog.transact { try $0.add("key 4", CatalogFrame([])) }
        #expect(try JSONValue(parsing: Child.reader(arguments).output)["uncovered"] == 1)
    }

    @Test(arguments: [false, true])
    func archivesAndTheirProofs(isSealed: Bool) throws {
        try scratch.makeDirectory("tree/below")
        try scratch.write(content, to: "tree/below/file")
        try scratch.write([0, 1, 2], to: "tree/other")
        let archive = scratch("archive")
        let options = isSealed ? ["--to-key", keys, "--sign-key", keys] : []
        #expect(try Child.tool(["dare", "archive", "create", archive, scratch("tree")] + options).status == 0)
        try scratch.write([3, 4], to: "tree/other")
        let signing = isSealed ? ["--sign-key", keys] : []
        #expect(try Child.tool(["dare", "archive", "append", archive, scratch("tree/other")] + signing).status == 0)
        let verified = try Child.reader(["verify", archive, "--keys", keys, "--strict"])
        #expect(verified.status == 0, "\(verified.words)")
        let read = try Child.reader(["archive", archive, "--keys", keys, "--extract", scratch("out")])
        #expect(read.status == 0, "\(read.words)")
        #expect(scratch.read("out/tree/below/file") == content && scratch.read("out/other") == [3, 4])

        let directory = LinuxContainerDirectory(try #require(try Directory.open(scratch.path, create: false)))
        let sequence = try #require(try DARESequence.open("archive", in: directory, .read))
        let last = sequence.count - 1
        var proofs: [String] = []
        for index in 0...last {
            let inclusion = try sequence.inclusionProof(of: index, under: last)
            proofs.append(try scratch.write(inclusion.encoded(), to: "inclusion-\(index)"))
            let consistency = try sequence.consistencyProof(from: index, to: last)
            proofs.append(try scratch.write(consistency.encoded(.jsonB), to: "consistency-\(index)"))
        }
        let proven = try Child.reader(["proof", archive] + proofs)
        #expect(proven.status == 0, "\(proven.words)")
        // A proof about one frame does not hold for another.
        var text = String(decoding: try #require(scratch.read("inclusion-1")), as: UTF8.self)
        text = text.replacing("\"Index\":1", with: "\"Index\":2")
        #expect(try Child.reader(["proof", archive, scratch.write(Array(text.utf8), to: "forged")]).status == 1)
    }

    @Test(arguments: [false, true])
    func catalogs(isSealed: Bool) throws {
        var options = CatalogOptions()
        let random = SeededRandomSource(seed: 11)
        let recipient = try PrivateKey.generate(.x448, from: random)
        if isSealed { options.policy = SequencePolicy(recipients: [recipient.publicKey]) }
        let directory = LinuxContainerDirectory(try #require(try Directory.open(scratch.path, create: false)))
        let catalog = try Catalog.create("catalog", in: directory, options: options)
        for round in 0..<3 {
            try catalog.transact { transaction in
                for key in ["a", "b", "c"] { _ = try transaction.put(key, CatalogFrame(Array("\(key)\(round)".utf8))) }
                if round == 1 { try transaction.delete("b", from: nil) }
            }
        }
        try catalog.transact { try $0.delete("c", from: nil) }
        let read = try Child.reader(["catalog", scratch("catalog"), "--keys", keys])
        #expect(read.status == 0, "\(read.words)")
        let objects = try JSONValue(parsing: read.output)["objects"]?.array ?? []
        #expect(objects.map { $0["key"] } == ["a", "b"])
        #expect(objects.allSatisfy { $0["octets"] == 2 })
        #expect(try Child.reader(["verify", scratch("catalog"), "--keys", keys, "--strict"]).status == 0)
    }

    @Test func givingUpLeavesNothing() throws {
        let before = scratch.names
        let run = try Child.tool(
            ["dare", "seal", "-", "-o", scratch("sealed")], input: Array(repeating: 7, count: 400_000),
            interruptAfter: 400_000)
        #expect(run.status == 130, "\(run.status): \(run.words)")
        #expect(scratch.names == before)
        let terminated = try Child.tool(
            ["dare", "log", "append", scratch("log")], input: Array("one\n".utf8), interruptAfter: 4, by: SIGTERM)
        #expect(terminated.status == 130, "\(terminated.words)")
        #expect(try Child.reader(["verify", scratch("log"), "--strict"]).status == 0)
    }
}
