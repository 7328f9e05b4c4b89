// Envelopes against bare AES-256-CBC and SHA-512 of the same library over the same octets, in one run, in turns. Each line:
// name, ratio (1: an envelope costs nothing), our median and the baseline's in microseconds, and our speed in MB/s.
import MeshCore
import MeshCryptography
import MeshDARE

func microseconds(_ count: Int, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    let start = clock.now
    for _ in 0..<count { try body() }
    let time = start.duration(to: clock.now)
    return (Double(time.components.seconds) * 1e6 + Double(time.components.attoseconds) / 1e12) / Double(count)
}

func compare(
    _ name: String, size: Int, _ count: Int, rounds: Int, ours: () throws -> Void, baseline: () throws -> Void
) rethrows {
    var times: (ours: [Double], baseline: [Double]) = ([], [])
    for round in 0...rounds {
        let own = try microseconds(count, ours)
        let base = try microseconds(count, baseline)
        // The first round warms up.
        if round > 0 {
            times.ours.append(own)
            times.baseline.append(base)
        }
    }
    let (own, base) = (times.ours.sorted()[rounds / 2], times.baseline.sorted()[rounds / 2])
    func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
    print("\(name) \(rounded(base / own)) \(rounded(own)) \(rounded(base)) \(rounded(Double(size) / own))MB/s")
}

/// What the sink of a stream would do with the content is not measured.
struct NoSink: PlaintextSink {
    mutating func write(_ octets: UnsafeRawBufferPointer) {}
    mutating func commit() {}
    mutating func discard() {}
}

struct Failure: Error {}

@main enum Benchmark {
    static func main() throws {
        let random = SeededRandomSource(seed: 1)
        let recipient = try PrivateKey.generate(.x448, from: random)
        let signer = try PrivateKey.generate(.ed448, from: random)
        var whole = EnvelopeSealer(recipients: [recipient.publicKey], signers: [signer])
        whole.random = random
        // As in a sequence: the exchange is done, the digest is stated, and nothing is signed.
        var frame = EnvelopeSealer()
        frame.seed = BaseSeed(random: random)
        frame.statesDigest = true
        let keys = DecryptionKeys([recipient])
        let key = SecretBytes(random: 32, from: random)
        let iv = SecretBytes(random: 16, from: random)

        for (name, size, count, rounds) in [
            ("1KiB", 1 << 10, 200, 25), ("1MiB", 1 << 20, 5, 25), ("64MiB", 64 << 20, 1, 5),
        ] {
            let payload = random.bytes(size)
            let stored = try payload.withUnsafeBytes { try AESCBC.encrypt($0, key: key, iv: iv) }
            func encrypt() throws {
                let body = try payload.withUnsafeBytes { try AESCBC.encrypt($0, key: key, iv: iv) }
                guard HashAlgorithm.sha512.digest(body).count == 64 else { throw Failure() }
            }
            func decrypt() throws {
                guard HashAlgorithm.sha512.digest(stored).count == 64 else { throw Failure() }
                let plain = try stored.withUnsafeBytes { try AESCBC.decrypt($0, key: key, iv: iv) }
                guard plain.count == size else { throw Failure() }
            }
            for (kind, sealer) in [("frame", frame), ("x448+ed448", whole)] {
                let sealed = try sealer.seal(payload)
                let encoded = sealed.encoded(.jsonB)
                let seed = sealer.seed
                compareOrStop("seal-\(kind)-\(name)", size, count, rounds, { _ = try sealer.seal(payload) }, encrypt)
                compareOrStop(
                    "seal+encode-\(kind)-\(name)", size, count, rounds,
                    { _ = try sealer.seal(payload).encoded(.jsonB) }, encrypt)
                compareOrStop(
                    "open-\(kind)-\(name)", size, count, rounds,
                    {
                        if seed == nil {
                            _ = try sealed.verify(by: [signer.publicKey]).open(with: keys)
                        } else {
                            _ = try sealed.open(seed: seed)
                        }
                    }, decrypt)
                compareOrStop(
                    "parse+open-\(kind)-\(name)", size, count, rounds,
                    {
                        let read = try DAREEnvelope(parsing: encoded)
                        if seed == nil {
                            _ = try read.verify(by: [signer.publicKey]).open(with: keys)
                        } else {
                            _ = try read.open(seed: seed)
                        }
                    }, decrypt)
            }
            let encoded = try whole.seal(payload).encoded(.jsonB)
            func source(_ octets: [UInt8]) -> OctetSource {
                var place = 0
                return { buffer in
                    let count = min(buffer.count, octets.count - place)
                    octets.withUnsafeBytes {
                        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[place..<place + count]))
                    }
                    place += count
                    return count
                }
            }
            let opener = EnvelopeOpener(keys: keys, signers: [signer.publicKey])
            compareOrStop(
                "stream-seal-\(name)", size, count, rounds,
                { try whole.seal(from: source(payload), to: { _ in }) }, encrypt)
            compareOrStop(
                "stream-open-\(name)", size, count, rounds,
                {
                    var sink = NoSink()
                    _ = try opener.open(from: source(encoded), into: &sink)
                }, decrypt)
        }
    }

    static func compareOrStop(
        _ name: String, _ size: Int, _ count: Int, _ rounds: Int, _ ours: () throws -> Void,
        _ baseline: () throws -> Void
    ) {
        do {
            try compare(name, size: size, count, rounds: rounds, ours: ours, baseline: baseline)
        } catch {
            print("\(name) failed: \(error)")
        }
    }
}
