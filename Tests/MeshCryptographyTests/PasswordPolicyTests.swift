import Glibc
import MeshCore
import MeshCryptography
import Testing

/// Passwords by policy: what they are like, how many there are, and that each is as likely as any other.
struct PasswordPolicyTests {
    private func text(_ policy: PasswordPolicy, _ random: any RandomSource = SystemRandomSource()) throws -> String {
        try policy.makePassword(from: random).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func passwordsAreAsThePolicySays() throws {
        for _ in 0..<200 {
            let password = try text(PasswordPolicy())
            #expect(password.utf8.count == 20)
            #expect(password.contains { $0.isLowercase } && password.contains { $0.isUppercase })
            #expect(password.contains { $0.isNumber })
            #expect(password.contains { !$0.isLetter && !$0.isNumber })
            let plain = try text(
                PasswordPolicy(.characters(4), classes: [.lower, .digits], excluding: PasswordPolicy.lookalikes))
            #expect(plain.utf8.count == 4)
            #expect(plain.allSatisfy { "abcdefghijkmnopqrstuvwxyz23456789".contains($0) })
            #expect(plain.contains { $0.isLowercase } && plain.contains { $0.isNumber })
            let words = try text(PasswordPolicy(.words(6, separator: "-"), excluding: "q")).split(separator: "-")
            #expect(words.count == 6)
            #expect(words.allSatisfy { (3...8).contains($0.count) && !$0.contains("q") })
        }
    }

    @Test func entropyIsThatOfAllThatArePossible() throws {
        // Two classes of two characters, three places: 4³ texts less 2·2³ that lack a class.
        let small = PasswordPolicy(
            .characters(3), classes: [.lower, .digits], excluding: "cdefghijklmnopqrstuvwxyz" + "23456789")
        #expect(abs(try small.entropy() - log2(48)) < 1e-9)
        #expect(abs(try PasswordPolicy(.words(7, separator: "-")).entropy() - 77) < 1e-9)
        let all = try PasswordPolicy().entropy()
        #expect(all < 20 * log2(94) && all > 20 * log2(94) - 0.5)
        // One place for each class.
        let tight = PasswordPolicy(.characters(4))
        #expect(abs(try tight.entropy() - log2(24.0 * 26 * 26 * 10 * 32)) < 1e-6)
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func eachPasswordIsAsLikelyAsAnyOther(_ seed: UInt64) throws {
        let random = SeededRandomSource(seed: seed)
        let policy = PasswordPolicy(
            .characters(3), classes: [.lower, .digits], excluding: "cdefghijklmnopqrstuvwxyz" + "23456789")
        var counts: [String: Int] = [:]
        let draws = 48 * 200
        for _ in 0..<draws { counts[try text(policy, random), default: 0] += 1 }
        #expect(counts.count == 48)
        let expected = Double(draws) / 48
        let square = counts.values.reduce(0.0) { $0 + (Double($1) - expected) * (Double($1) - expected) / expected }
        // 47 degrees of freedom: a fair source exceeds 91 once in ten thousand; the seeds are fixed.
        #expect(square < 91, "seed \(seed)")
        // 94 does not divide 65536: each character is as likely as the others all the same.
        let characters = PasswordPolicy(.characters(1024))
        var each: [UInt8: Int] = [:]
        for _ in 0..<94 {
            try characters.makePassword(from: random).withUnsafeBytes {
                for octet in $0 { each[octet, default: 0] += 1 }
            }
        }
        #expect(each.count == 94)
        let spread = each.values.reduce(0.0) { $0 + (Double($1) - 1024) * (Double($1) - 1024) / 1024 }
        #expect(spread < 150, "seed \(seed)")
    }

    @Test(arguments: [
        PasswordPolicy(.characters(0)), PasswordPolicy(.characters(3)), PasswordPolicy(.characters(-1)),
        PasswordPolicy(.characters(1025)), PasswordPolicy(.characters(8), classes: []),
        PasswordPolicy(.characters(8), classes: [.digits], excluding: "0123456789"),
        PasswordPolicy(.words(0, separator: "-")),
        PasswordPolicy(.words(2000, separator: "-")), PasswordPolicy(.words(4, separator: "a")),
        PasswordPolicy(.words(4, separator: "")), PasswordPolicy(.words(4, separator: "-"), excluding: "-"),
        PasswordPolicy(.words(4, separator: "-"), excluding: "aeiouy"), PasswordPolicy(.words(4, separator: "\n")),
    ])
    func whatCannotBeIsRefused(_ policy: PasswordPolicy) {
        #expect(throws: CryptographyError.self) { _ = try policy.makePassword(from: SystemRandomSource()) }
        #expect(throws: CryptographyError.self) { _ = try policy.entropy() }
    }

    @Test func aSourceWithoutRandomnessIsFoundOut() {
        struct Stuck: RandomSource {
            let octet: UInt8
            func fill(_ buffer: UnsafeMutableRawBufferPointer) { for place in buffer.indices { buffer[place] = octet } }
        }
        // All ones are never used for 94 characters; all zeros give the same character for ever.
        for octet: UInt8 in [0xFF, 0] {
            #expect(throws: CryptographyError.self) {
                _ = try PasswordPolicy(.characters(8)).makePassword(from: Stuck(octet: octet))
            }
        }
    }
}
