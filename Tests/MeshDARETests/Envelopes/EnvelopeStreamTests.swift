import Glibc
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

/// Keeps what is written, and what became of it.
struct BufferSink: PlaintextSink {
    var octets: [UInt8] = []
    var commits = 0
    var discards = 0

    mutating func write(_ octets: UnsafeRawBufferPointer) { self.octets += octets }
    mutating func commit() { commits += 1 }
    mutating func discard() { discards += 1 }
}

@Suite("Envelopes in pieces")
struct EnvelopeStreamTests {
    /// Hands out `octets`, at most `size` at a time.
    static func source(_ octets: [UInt8], size: Int = 1000) -> OctetSource {
        var place = 0
        return { buffer in
            let count = min(size, buffer.count, octets.count - place)
            buffer.copyBytes(from: octets[place..<place + count])
            place += count
            return count
        }
    }

    static func seal(
        _ sealer: EnvelopeSealer, _ payload: [UInt8], _ encoding: EnvelopeEncoding, size: Int = 1000
    ) throws -> [UInt8] {
        var written: [UInt8] = []
        try sealer.seal(from: source(payload, size: size), to: { written += $0 }, encoding: encoding)
        return written
    }

    private let signers = [EnvelopeSamples.ed448.publicKey]
    private let opener = EnvelopeOpener(
        keys: DecryptionKeys([EnvelopeSamples.x448]), signers: [EnvelopeSamples.ed448.publicKey])

    @Test("What is sealed in pieces is opened in memory and in pieces, and the other way round")
    func roundTrip() throws {
        for encryption in [EncryptionAlgorithm.none, .a256CBC, .a256GCM] {
            for encoding in EnvelopeEncoding.allCases {
                for (count, size) in [(0, 1), (1, 1), (16, 16), (1000, 7), (20_000, 4096), (300_000, 1 << 20)] {
                    var sealer = EnvelopeSamples.sealer()
                    if encryption == .none { sealer.recipients = [] }
                    sealer.encryption = encryption
                    sealer.annotations = [[1, 2, 3]]
                    let payload = EnvelopeSamples.random.bytes(count)
                    let whole = try sealer.seal(payload).encoded(encoding)
                    let pieces = try Self.seal(sealer, payload, encoding, size: size)
                    for sealed in [whole, pieces] {
                        let envelope = try DAREEnvelope(parsing: sealed)
                        #expect(try envelope.verify(by: signers).open(with: opener.keys).plaintext == payload)
                        var sink = BufferSink()
                        let opened = try opener.open(from: Self.source(sealed, size: size), into: &sink)
                        #expect(sink.octets == payload && sink.commits == 1 && sink.discards == 0)
                        #expect(opened.plaintextCount == count && opened.bodyCount == envelope.body.count)
                        #expect(opened.signers == signers && opened.digest == .valid)
                        #expect(opened.witnessed == (encryption == .none ? [] : signers))
                        #expect(opened.annotations == [[1, 2, 3]])
                        let verified = try EnvelopeOpener(signers: signers).verify(from: Self.source(sealed))
                        #expect(verified.signers == signers && verified.bodyCount == envelope.body.count)
                    }
                }
            }
        }
    }

    @Test("The shapes that others write are read")
    func shapes() throws {
        for text in [
            #"[{}]"#, #"[{},"AQID"]"#, #"[{},"AQID",{}]"#, #"{"DareEnvelope":[{},"AQID",{}]}"#,
            #"{"a":[1,{}],"DareEnvelope":[{},"AQID"],"b":"AA"}"#,
            " [ { } , \"AQ\nID\" ] ",
        ] {
            var sink = BufferSink()
            _ = try EnvelopeOpener().open(from: Self.source(Array(text.utf8), size: 3), into: &sink)
            #expect(sink.octets == (text == "[{}]" ? [] : [1, 2, 3]) && sink.commits == 1, "\(text)")
        }
    }

    @Test("A bad envelope is discarded, and never committed")
    func discards() throws {
        let payload = EnvelopeSamples.random.bytes(5000)
        let sealed = try Self.seal(EnvelopeSamples.sealer(), payload, .jsonB)
        func refuses(_ code: DAREError.Code, _ octets: [UInt8], _ opener: EnvelopeOpener) {
            var sink = BufferSink()
            #expect(throws: DAREError(code, "")) { try opener.open(from: Self.source(octets), into: &sink) }
            #expect(sink.commits == 0 && sink.discards == 1)
        }
        var changed = sealed
        changed[sealed.count / 2] ^= 1
        refuses(.digestMismatch, changed, opener)
        refuses(.malformed, Array(sealed.dropLast()), opener)
        refuses(.malformed, sealed + [0x5B], opener)
        refuses(.malformed, [], opener)
        refuses(.malformed, Array("{}".utf8), opener)
        refuses(.malformed, Array("[1]".utf8), opener)
        refuses(.malformed, Array(#"[{},"",{},{}]"#.utf8), opener)
        refuses(.malformed, Array(#"[{},1]"#.utf8), EnvelopeOpener())
        refuses(.notSigned, Array(#"[{},"AQID",{}]"#.utf8), opener)
        refuses(.wrongRecipient, sealed, EnvelopeOpener())
        refuses(.notSigned, sealed, EnvelopeOpener(keys: opener.keys, signers: [EnvelopeSamples.otherEd448.publicKey]))
        var bad = try DAREEnvelope(parsing: sealed)
        bad.header["enc"] = "A256GCM"
        refuses(.decryptionFailed, bad.encoded(.jsonB), opener)
        bad.header["enc"] = "A256CBC"
        bad.body.removeLast(16)
        bad.trailer = ["PayloadDigest": .binary(HashAlgorithm.sha512.digest(bad.body))]
        refuses(.decryptionFailed, bad.encoded(.jsonB), EnvelopeOpener(keys: opener.keys))
    }

    private struct Failure: Error {}

    @Test("What source and sink throw comes through")
    func failures() throws {
        let sealer = EnvelopeSamples.sealer()
        #expect(throws: Failure.self) { try sealer.seal(from: { _ in throw Failure() }, to: { _ in }) }
        #expect(throws: Failure.self) {
            try sealer.seal(from: Self.source([1]), to: { _ in throw Failure() })
        }
        var sink = BufferSink()
        #expect(throws: Failure.self) { try opener.open(from: { _ in throw Failure() }, into: &sink) }
        #expect(sink.discards == 1)
        // Also behind the end of the envelope, where nothing more is needed.
        var sealed = try Self.seal(sealer, [1], .jsonB)
        let fails: OctetSource = { buffer in
            guard !sealed.isEmpty else { throw Failure() }
            defer { sealed = [] }
            buffer.copyBytes(from: sealed)
            return sealed.count
        }
        #expect(throws: Failure.self) { try opener.open(from: fails, into: &sink) }
        #expect(sink.commits == 0)
    }

    @Test("Memory is flat in the size of the payload")
    func memory() throws {
        let size = 128 << 20
        let sealer = EnvelopeSamples.sealer()
        // The envelope is opened while it is sealed, so that it is never anywhere as a whole: one pass to each pipe's end.
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        let (readEnd, writeEnd) = (ends[0], ends[1])
        let writer = Thread {
            var left = size
            _ = try? sealer.seal(
                from: { buffer in
                    let count = min(left, buffer.count)
                    left -= count
                    return count
                },
                to: { octets in
                    var rest = octets
                    while !rest.isEmpty {
                        let written = write(writeEnd, rest.baseAddress, rest.count)
                        guard written > 0 else { throw Failure() }
                        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(written))
                    }
                })
            close(writeEnd)
        }
        var sink = MeasuringSink()
        let opened = try opener.open(
            from: { buffer in max(read(readEnd, buffer.baseAddress, buffer.count), 0) }, into: &sink)
        writer.join()
        close(readEnd)
        #expect(opened.plaintextCount == size && sink.isCommitted)
        #expect(sink.most - sink.least < 48 << 20, "between \(sink.least) and \(sink.most) octets")
    }
}

/// Looks at the size of the process every 8 MiB.
private struct MeasuringSink: PlaintextSink {
    var (count, least, most) = (0, Int.max, 0)
    var isCommitted = false

    mutating func write(_ octets: UnsafeRawBufferPointer) {
        if count % (8 << 20) < octets.count {
            let size = Self.residentSize
            (least, most) = (min(least, size), max(most, size))
        }
        count += octets.count
    }
    mutating func commit() { isCommitted = true }
    mutating func discard() {}

    private static var residentSize: Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return (Int(fields.split(separator: " ").dropFirst().first ?? "") ?? 0) * 4096
    }
}

/// A thread that is waited for.
private final class Thread {
    private var thread = pthread_t()

    init(_ body: @escaping () -> Void) {
        final class Box {
            let body: () -> Void
            init(_ body: @escaping () -> Void) { self.body = body }
        }
        let box = Unmanaged.passRetained(Box(body))
        pthread_create(
            &thread, nil,
            { argument in
                // Proof: the argument is the box that was passed below, retained once.
                guard let argument else { return nil }
                Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
    }

    func join() { pthread_join(thread, nil) }
}
