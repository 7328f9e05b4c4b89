import MeshCore
import MeshCryptography
import Testing

/// One-time codes against the vectors of RFC 4226 and RFC 6238, and what services show to be scanned.
struct OneTimeCodeTests {
    private func secret(_ text: String) -> SecretBytes { SecretBytes(copying: Array(text.utf8)) }

    private func code(_ secret: OneTimeSecret, _ time: Int64) -> String {
        secret.code(at: Timestamp(secondsSince1970: time)).withText { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        (OneTimeSecret.Algorithm.sha1, 20, ["94287082", "07081804", "14050471", "89005924", "69279037", "65353130"]),
        (.sha256, 32, ["46119246", "68084774", "67062674", "91819424", "90698825", "77737706"]),
        (.sha512, 64, ["90693936", "25091201", "99943326", "93441116", "38618901", "47863826"]),
    ])
    func vectorsOfRFC6238(_ algorithm: OneTimeSecret.Algorithm, _ size: Int, _ codes: [String]) throws {
        let digits = Array("1234567890".utf8)
        let key = SecretBytes(copying: (0..<size).map { digits[$0 % 10] })
        let secret = try OneTimeSecret(key: key, algorithm: algorithm, digits: 8)
        let times: [Int64] = [59, 1_111_111_109, 1_111_111_111, 1_234_567_890, 2_000_000_000, 20_000_000_000]
        #expect(times.map { code(secret, $0) } == codes)
    }

    @Test func vectorsOfRFC4226() throws {
        let counted = try OneTimeSecret(key: secret("12345678901234567890"), period: 1)
        #expect(
            (0..<10).map { code(counted, $0) } == [
                "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
            ])
        #expect(code(counted, -5) == "755224")
    }

    @Test func aCodeHoldsUntilItsPeriodEnds() throws {
        let secret = try OneTimeSecret(key: secret("12345678901234567890"))
        for (time, left) in [(0, 30), (29, 1), (30, 30), (59, 1), (61, 29)] {
            #expect(secret.code(at: Timestamp(secondsSince1970: Int64(time))).secondsLeft == left)
        }
        #expect(code(secret, 0) == code(secret, 29))
        #expect(code(secret, 29) != code(secret, 30))
    }

    @Test func aURIIsRead() throws {
        let uri = try OneTimeURI(
            parsing: secret(
                " otpauth://totp/ACME%20Co:john.doe@email.com?secret=HXDMVJECJJWSRB3HWIZR4IFUGFTMXBOZ&issuer=ACME%20Co"
                    + "&algorithm=SHA256&digits=7&period=60&image=x\n"))
        #expect(uri.issuer == "ACME Co")
        #expect(uri.account == "john.doe@email.com")
        #expect(uri.secret.algorithm == .sha256)
        #expect(uri.secret.digits == 7 && uri.secret.period == 60)
        #expect(uri.secret.withKey { $0.count } == 20)
        let plain = try OneTimeURI(
            parsing: secret("OTPAUTH://TOTP/alice?secret=gezd%67nbvgy3tqojq-gezdgnbvgy3tqojq%3D"))
        #expect(plain.account == "alice" && plain.issuer == nil)
        #expect(plain.secret.withKey { Array($0) } == Array("12345678901234567890".utf8))
        #expect(code(plain.secret, 59) == "287082")
        let prefixed = try OneTimeURI(parsing: secret("otpauth://totp/Example:%20bob?secret=GEZDGNBV"))
        #expect(prefixed.account == "bob" && prefixed.issuer == "Example")
    }

    @Test(arguments: [
        "", "otpauth://", "otpauth://totp", "otpauth://totp/", "otpauth://totp/a?secret=",
        "otpauth://totp/a?secret=1189",
        "otpauth://hotp/a?secret=GEZDGNBV&counter=0", "otpauth://totp/a?secret=GEZDGNBV&secret=GEZDGNBV",
        "otpauth://totp/a?secret=GEZDGNBV&digits=9", "otpauth://totp/a?secret=GEZDGNBV&digits=six",
        "otpauth://totp/a?secret=GEZDGNBV&period=0", "otpauth://totp/a?secret=GEZDGNBV&algorithm=MD5",
        "otpauth://totp/a%2?secret=GEZDGNBV", "otpauth://totp/%FF?secret=GEZDGNBV", "https://totp/a?secret=GEZDGNBV",
        "otpauth://totp/a?secret=GEZDGNBV&digits=6&digits=6", "otpauth://steam/a?secret=GEZDGNBV", "?&=&%",
        "otpauth://totp/a?secret=GEZDGNBV&period=99999999999999999999",
    ])
    func whatIsNoURIIsRefusedWithoutBeingQuoted(_ text: String) {
        let error = #expect(throws: CryptographyError.self) { _ = try OneTimeURI(parsing: secret(text)) }
        #expect(error.map { !"\($0)".contains("GEZDGNBV") } == true)
    }

    @Test func everyBeginningOfAURIIsReadOrRefused() {
        let whole = Array("otpauth://totp/A%20B:c?secret=GEZDGNBV&issuer=%41&digits=6&period=30&algorithm=SHA1".utf8)
        for count in 0...whole.count {
            for changed in [UInt8(ascii: "%"), 0xFF, 0] {
                _ = try? OneTimeURI(parsing: SecretBytes(copying: whole.prefix(count) + [changed]))
            }
        }
    }
}
