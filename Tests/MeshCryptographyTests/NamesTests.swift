import MeshCore
import MeshCryptography
import Testing

@Suite struct NamesTests {
    @Test func compressionLevels() {
        let levels = [0: 0, 19: 0, 20: 1, 29: 1, 30: 2, 39: 2, 40: 3, 49: 3, 50: 4, 57: 4, 63: 4, 64: 4, 512: 4]
        for (zeros, level) in levels {
            #expect(ContentDigest.level(trailingZeroBits: zeros) == level, "\(zeros) zero bits")
        }
    }

    @Test func theTypeShowsTheLevel() {
        // A digest that ends with so many zero bits after a one.
        func digest(_ zeros: Int, _ hash: ContentDigest.Hash) -> ContentDigest {
            var value = [UInt8](repeating: 0xA5, count: 64)
            for bit in 0..<zeros { value[63 - bit / 8] &= ~(1 << UInt8(bit % 8)) }
            value[63 - zeros / 8] |= 1 << UInt8(zeros % 8)
            return ContentDigest(value: value, hash: hash)
        }
        for zeros in 0..<80 {
            let level = zeros < 20 ? 0 : zeros < 30 ? 1 : zeros < 40 ? 2 : zeros < 50 ? 3 : 4
            #expect(digest(zeros, .sha2).trailingZeroBits == zeros)
            #expect(digest(zeros, .sha2).type.rawValue == UInt8(96 + level))
            #expect(digest(zeros, .sha3).type.rawValue == UInt8(80 + level))
        }
        #expect(ContentDigest(value: Array(repeating: 0, count: 64), hash: .sha2).trailingZeroBits == 512)
    }

    @Test func streamedContentHasTheSameDigest() {
        let data = [UInt8](repeating: 3, count: 1000)
        var stream = StreamingDigest(.sha3_512)
        stream.update(data)
        let streamed = ContentDigest(digest: stream.finalize(), contentType: "a/b", hash: .sha3)
        #expect(streamed == ContentDigest(of: data, contentType: "a/b", hash: .sha3))
        #expect(streamed.type == .digestSHA3)
    }

    static let digest = "MB5S-R4AJ-3FBT-7NHO-T26Z-2E6Y-WFH4"
    static let key = "EADA-YKC5-WSUK-AACN-WRRO-MJOQ-PVSK-SM"

    private func location(_ text: String) throws(LocatorError) -> UDFLocation {
        try UDFLocation(parsing: secret(text))
    }

    @Test func locationsRoundTrip() throws {
        guard case .name(let name) = try location("udf:\(Self.digest.lowercased())") else {
            Issue.record("not a name")
            return
        }
        #expect(name.text == Self.digest)
        guard case .locator(let locator) = try location("UDF://Example.com/\(Self.digest)?a=b#c") else {
            Issue.record("not a locator")
            return
        }
        #expect(locator.uri == "udf://example.com/\(Self.digest)?a=b#c")
        #expect(locator.query == "a=b" && locator.fragment == "c")
        guard case .encrypted(let earl) = try location("udf://example.com/\(Self.key)") else {
            Issue.record("not an encrypted locator")
            return
        }
        #expect(revealText(earl.uri()) == "udf://example.com/\(Self.key)")
        #expect(try earl.key().count == 17)
        // udf-13 §1.2.2
        #expect(
            earl.targetURI
                == "https://example.com/.well-known/mmm-udf/"
                + "MDQK-2L7C-OD5I-QJNG-ZJ3Y-OHAH-GMTW-USRH-ENGL-SG23-APAP-YH7I-ZIFA-J3UQ")
    }

    @Test(arguments: [
        ("", "locator-not-udf"), ("udf", "locator-not-udf"), ("http://example.com/", "locator-not-udf"),
        ("udf:", "locator-invalid-fingerprint"), ("udf:1", "locator-invalid-fingerprint"),
        ("udf:\(key)", "locator-invalid-fingerprint"), ("udf:/\(digest)", "locator-invalid-fingerprint"),
        ("udf://", "locator-invalid-domain"), ("udf:///\(digest)", "locator-invalid-domain"),
        ("udf://example.com", "locator-invalid-fingerprint"), ("udf://example.com/", "locator-invalid-fingerprint"),
        ("udf://example.com?x", "locator-invalid-fingerprint"),
        ("udf://example.com/\(SeedTests.accountSeed)", "locator-invalid-fingerprint"),
        ("udf://user@example.com/\(digest)", "locator-invalid-domain"),
        ("udf://user:x@example.com/\(digest)", "locator-invalid-domain"),
        ("udf://example.com:443/\(digest)", "locator-invalid-domain"),
        ("udf://192.0.2.1/\(digest)", "locator-invalid-domain"),
        ("udf://192.0.2.0x1/\(digest)", "locator-invalid-domain"),
        ("udf://3221225985/\(digest)", "locator-invalid-domain"),
        ("udf://[2001:db8::1]/\(digest)", "locator-invalid-domain"),
        ("udf://exa mple.com/\(digest)", "locator-invalid-domain"),
        ("udf://-a.com/\(digest)", "locator-invalid-domain"), ("udf://a..com/\(digest)", "locator-invalid-domain"),
        ("udf://\(String(repeating: "a", count: 64)).com/\(digest)", "locator-invalid-domain"),
    ])
    func badLocationsAreRefused(text: String, code: String) {
        do throws(LocatorError) {
            _ = try location(text)
            Issue.record("accepted: \(text)")
        } catch {
            #expect(error.codeName == code)
            #expect(!"\(error)".contains(Self.key))
        }
    }

    @Test func strongInternetNames() throws {
        let domain = try DomainName("example.com")
        let name = try StrongInternetName(try UDF(parsing: Self.digest), domain: domain)
        #expect(try StrongInternetName(parsing: name.prefixForm) == name)
        #expect(try StrongInternetName(parsing: name.suffixForm) == name)
        #expect(name.udf?.text == Self.digest)
        let digest = ContentDigest(of: [1], contentType: "a/b")
        #expect(try StrongInternetName(digest.udf(bits: 240), domain: domain).label.utf8.count == 63)
        #expect(throws: LocatorError(.tooLong)) { try StrongInternetName(digest.udf(bits: 260), domain: domain) }
        #expect(throws: LocatorError(.invalidFingerprint)) {
            try StrongInternetName(fingerprintText: Self.key, domain: domain)
        }
        #expect(throws: LocatorError(.invalidFingerprint)) { try StrongInternetName(parsing: "www.example.com") }
    }

    @Test func keysKeepTheirBitsBeyondTheLastOctet() throws {
        // 30 characters are 150 bits: no whole number of octets.
        let earl = try EncryptedLocator(keyText: secret(Self.key.lowercased()), domain: DomainName("example.com"))
        #expect(revealText(earl.nameURI()) == "udf:\(Self.key)")
        #expect(throws: UDFError(.wrongType, "")) {
            try EncryptionKeyUDF.octets(of: secret("OZHU-CJNI-D7EY-IUIO-I42D-ESL2-2I")).count
        }
    }

    @Test func pinsAndDerivedKeys() throws {
        let pin = SaltedPIN.makePIN(from: SeededRandomSource(seed: 1))
        #expect(revealText(pin).hasPrefix("A"))
        let device = try SaltedPIN(pin: pin, action: "Device")
        let contact = try SaltedPIN(pin: pin, action: "Contact")
        #expect(device.identifier(account: "Alice@Example.com") == device.identifier(account: "alice@example.com"))
        #expect(device.identifier(account: "alice@example.com") != contact.identifier(account: "alice@example.com"))
        #expect(throws: UDFError(.wrongType, "")) { try SaltedPIN(pin: secret(Self.digest), action: "Device") }
        let key = SecretBytes(copying: [UInt8](repeating: 7, count: 32))
        let first = try EncryptionKeyUDF.derive(from: key, purpose: "mmm/key/authenticate/device")
        let second = try EncryptionKeyUDF.derive(from: key, purpose: "mmm/key/authenticate/service")
        #expect(first.count == 32 && !first.isEqual(to: second))
        #expect(EncryptionKeyUDF.authenticator(of: [1], key: first).type == .authenticatorSHA2)
        #expect(EncryptionKeyUDF.identifier(of: key).text.hasPrefix("EB"))
        let seed = SecretSeed(.profileDevice, from: SeededRandomSource(seed: 2))
        let code = try seed.connectionPIN(account: "alice@example.com")
        #expect(SecretUDF.type(of: code) == .encryption)
    }
}
