import MeshCore
import MeshPlatforms
import MeshSSHTestSupport
import Testing

@testable import MeshSSH

struct BlowfishTests {
    /// Computes the digits of pi by Machin's formula and compares all 1042 words.
    @Test func initialStateIsPi() {
        let words = Self.fractionOfPi(words: 1042 + 2)
        #expect(Array(words.prefix(1042)) == BlowfishInitialState.words)
    }

    /// The known answers of OpenBSD's function, as published with the Python binding of it.
    @Test(arguments: [
        ("password", "salt", UInt32(4), "5bbf0cc293587f1c3635555c27796598d47e579071bf427e9d8fbe842aba34d9"),
        (
            "password", "salt", UInt32(8),
            "e1367ec5151a33faac4cc1c144cd23fa15d5548493ecc99b9b5d9c0d3b27bec76227ea66088b849b20ab7aa478010246e74bba51723fefa9f9474d6508845e8d"
        ),
        ("password", "\u{0}", UInt32(4), "c12b566235eee04c212598970a579a67"),
    ])
    func knownAnswers(password: String, salt: String, rounds: UInt32, expected: String) throws {
        let derived = try BcryptPBKDF.derive(
            SecretBytes(text: password), salt: Array(salt.utf8), rounds: rounds, count: expected.utf8.count / 2)
        #expect(hexadecimal(derived.octets()) == expected)
    }

    @Test func refusesWhatCannotBe() {
        for (password, salt, rounds, count) in [
            ("", "salt", 1, 32), ("password", "", 1, 32), ("password", "salt", 0, 32), ("password", "salt", 1, 0),
            ("password", "salt", 10_001, 32), ("password", "salt", 1, 1025),
        ] as [(String, String, UInt32, Int)] {
            #expect(
                code {
                    _ = try BcryptPBKDF.derive(
                        SecretBytes(text: password), salt: Array(salt.utf8), rounds: rounds, count: count)
                } == .invalidArgument)
        }
    }

    /// The first `count` words after the point, as 16 atan(1/5) - 4 atan(1/239) in words of 32 bits; the last are inexact.
    static func fractionOfPi(words count: Int) -> [UInt32] {
        func divide(_ number: inout [UInt32], by divisor: UInt64, from start: Int) {
            var rest: UInt64 = 0
            for index in start..<number.count {
                let value = rest << 32 | UInt64(number[index])
                number[index] = UInt32(truncatingIfNeeded: value / divisor)
                rest = value % divisor
            }
        }
        func add(_ other: [UInt32], to sum: inout [UInt32], subtracting: Bool) {
            var carry: UInt64 = subtracting ? 1 : 0
            for index in sum.indices.reversed() {
                let value = UInt64(sum[index]) + UInt64(subtracting ? ~other[index] : other[index]) + carry
                sum[index] = UInt32(truncatingIfNeeded: value)
                carry = value >> 32
            }
        }
        // One word before the point, and the rest after it.
        var pi = [UInt32](repeating: 0, count: count + 1)
        for (factor, inverse, isNegative) in [(16, 5, false), (4, 239, true)] as [(UInt32, UInt64, Bool)] {
            var power = [UInt32](repeating: 0, count: count + 1)
            power[0] = factor
            divide(&power, by: inverse, from: 0)
            var odd: UInt64 = 1
            var subtracts = isNegative
            var start = 0
            while start < power.count {
                var term = power
                divide(&term, by: odd, from: start)
                add(term, to: &pi, subtracting: subtracts)
                subtracts.toggle()
                odd += 2
                divide(&power, by: inverse * inverse, from: start)
                while start < power.count, power[start] == 0 { start += 1 }
            }
        }
        return Array(pi.dropFirst())
    }
}

func hexadecimal(_ octets: [UInt8]) -> String {
    octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
