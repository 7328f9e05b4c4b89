import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@Suite("Key exchange")
struct KeyExchangeTests {
    static let curves: [KeyAlgorithm] = [.x448, .ed448, .x25519, .ed25519]
    let random = SeededRandomSource(seed: 448)

    private func same(_ left: BaseSeed, _ right: BaseSeed) -> Bool {
        left.withOctets { left in right.withOctets { left.isEqual(to: $0) } }
    }

    @Test("A seed wrapped for a key of each curve is unwrapped by it", arguments: curves)
    func roundTrip(_ curve: KeyAlgorithm) throws {
        let key = try PrivateKey.generate(curve, from: random)
        let seed = BaseSeed(random: random)
        let entry = try Recipient(wrapping: seed, for: key.publicKey, random: random)
        #expect(entry.names(key.publicKey))
        #expect(entry.members["epk"]?["PublicKeyECDH"]?["Public"]?.binary?.count == key.publicKey.octets.count)
        let opened = try entry.unwrap(with: key)
        #expect(opened.info == .empty && same(opened.seed, seed))
        #expect(try same(DecryptionKeys([key]).openSeed([entry]).seed, seed))
    }

    @Test("An ephemeral X448 key without its parity octet is read")
    func shortEphemeralKey() throws {
        let key = try PrivateKey.generate(.x448, from: random)
        let seed = BaseSeed(random: random)
        var members = try Recipient(wrapping: seed, for: key.publicKey, random: random).members
        let octets = try #require(members["epk"]?["PublicKeyECDH"]?["Public"]?.binary)
        members["epk"] = ["PublicKeyECDH": ["crv": "X448", "Public": .binary(Array(octets.prefix(56)))]]
        #expect(try same(Recipient(members).unwrap(with: key).seed, seed))
    }

    @Test("An entry that names its key in an unknown way is found by its curve")
    func unknownName() throws {
        let keys = try Self.curves.map { try PrivateKey.generate($0, from: random) }
        let seed = BaseSeed(random: random)
        for name in [nil, "MDGC-DWPN-CKYD-5EGQ-CUDV-2HYH-5YKC", "group@example.com"] as [String?] {
            var members = try Recipient(wrapping: seed, for: keys[2].publicKey, random: random).members
            members["kid"] = name.map { .string($0) }
            let other = try Recipient(wrapping: BaseSeed(random: random), for: wrongKey(.x25519), random: random)
            #expect(try same(DecryptionKeys(keys).openSeed([other, Recipient(members)]).seed, seed))
        }
    }

    private func wrongKey(_ curve: KeyAlgorithm) throws -> PublicKey {
        try PrivateKey.generate(curve, from: random).publicKey
    }

    @Test("Names in the form of release 1.0.2 are found")
    func releaseName() throws {
        let key = try PrivateKey.generate(.x448, from: random)
        var members = try Recipient(wrapping: BaseSeed(random: random), for: key.publicKey, random: random).members
        members["kid"] = .string(key.publicKey.fingerprint(form: .release).text)
        #expect(Recipient(members).names(key.publicKey))
    }

    @Test("What cannot be opened says why")
    func refusals() throws {
        let key = try PrivateKey.generate(.x448, from: random)
        let stranger = try PrivateKey.generate(.x448, from: random)
        let other = try PrivateKey.generate(.ed25519, from: random)
        let entry = try Recipient(wrapping: BaseSeed(random: random), for: key.publicKey, random: random)
        func code(_ keys: [PrivateKey], _ entries: [Recipient]) -> DAREError.Code? {
            do {
                _ = try DecryptionKeys(keys).openSeed(entries)
                return nil
            } catch {
                #expect(error.code == .malformed || error.code == .unsupportedAlgorithm || error.remedy != nil)
                return error.code
            }
        }
        func altered(_ change: (inout JSONObject) -> Void) -> Recipient {
            var members = entry.members
            change(&members)
            return Recipient(members)
        }
        #expect(code([key], []) == .noRecipients)
        #expect(code([], [entry]) == .wrongRecipient)
        #expect(code([stranger, other], [entry]) == .wrongRecipient)
        #expect(throws: DAREError(.wrongKey, "")) { try entry.unwrap(with: other) }
        #expect(throws: DAREError(.corruptKeyExchange, "")) { try entry.unwrap(with: stranger) }
        var wrapped = try #require(entry.members["wmk"]?.binary)
        wrapped[7] ^= 1
        #expect(code([key], [altered { $0["wmk"] = .binary(wrapped) }]) == .corruptKeyExchange)
        #expect(code([key], [altered { $0["wmk"] = .binary([]) }]) == .corruptKeyExchange)
        #expect(code([key], [altered { $0["wmk"] = 1 }]) == .malformed)
        #expect(code([key], [altered { $0["epk"] = nil }]) == .unsupportedAlgorithm)
        #expect(code([key], [altered { $0["ek"] = "AA" }]) == .unsupportedAlgorithm)
        let curve: JSONValue = ["PublicKeyECDH": ["crv": "P-256", "Public": "AA"]]
        #expect(code([key], [altered { $0["epk"] = curve }]) == .unsupportedAlgorithm)
        let zero: JSONValue = ["PublicKeyECDH": ["crv": "X448", "Public": .binary([UInt8](repeating: 0, count: 56))]]
        #expect(code([key], [altered { $0["epk"] = zero }]) == .corruptKeyExchange)
        // A damaged entry for the same key before the right one does not hide it.
        #expect(code([key], [altered { $0["wmk"] = .binary(wrapped) }, entry]) == nil)
    }

    @Test("Every algorithm encrypts and decrypts; wrong keys, salts, tags and lengths have one answer")
    func payloads() throws {
        let seed = BaseSeed(random: random)
        let salt = BaseSeed.makeSalt(random: random)
        for algorithm in EncryptionAlgorithm.allCases where algorithm != .none {
            for count in [0, 1, 15, 16, 17, 1000] {
                let plaintext = random.bytes(count)
                let sealed = try plaintext.withUnsafeBytes { try seed.encrypt($0, with: algorithm, salt: salt) }
                #expect(sealed.body.count == algorithm.cipher?.encryptedCount(count))
                #expect((sealed.tag != nil) == algorithm.hasTag)
                func open(_ seed: BaseSeed, _ body: [UInt8], _ tag: [UInt8]?) throws -> [UInt8] {
                    let (plain, secret) = try body.withUnsafeBytes { body in
                        let secret = try seed.decryptSecret(body, tag: tag, with: algorithm, salt: salt)
                        return (
                            try seed.decrypt(body, tag: tag, with: algorithm, salt: salt),
                            secret.withUnsafeBytes { Array($0) }
                        )
                    }
                    #expect(secret == plain)
                    return plain
                }
                #expect(try open(seed, sealed.body, sealed.tag) == plaintext)
                if algorithm.hasTag {
                    let failure = DAREError(.decryptionFailed, "")
                    #expect(throws: failure) { try open(BaseSeed(random: random), sealed.body, sealed.tag) }
                    #expect(throws: failure) { try open(seed, sealed.body, nil) }
                    #expect(throws: failure) { try open(seed, sealed.body, [1]) }
                    #expect(throws: failure) { try open(seed, sealed.body + [0], sealed.tag) }
                } else {
                    #expect(throws: DAREError(.decryptionFailed, "")) { try open(seed, sealed.body + [0], nil) }
                    #expect(throws: DAREError(.decryptionFailed, "")) { try open(seed, [], nil) }
                }
            }
        }
        #expect(throws: DAREError(.malformed, "")) {
            try [UInt8]().withUnsafeBytes { try seed.encrypt($0, salt: [1]) }
        }
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try EncryptionAlgorithm(label: "A256CBC-HS512") }
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try EncryptionAlgorithm(label: "ROT13") }
    }
}
