import MeshCore
import MeshCryptography
import Testing

/// What recovering `shares` throws; nil when it succeeds.
private func failure(_ shares: [KeyShare]) -> ShareError? {
    do throws(ShareError) {
        _ = try SecretSharing.recover(shares)
        return nil
    } catch { return error }
}

private func text(_ share: KeyShare, plain: Bool = false) -> String {
    share.withText(plain: plain) { String(decoding: $0, as: UTF8.self) }
}

private func parse(_ text: String) throws -> KeyShare { try KeyShare(parsing: secret(text)) }

/// Every subset of `count` indices that has `size` members.
private func subsets(of count: Int, size: Int) -> [[Int]] {
    (0..<1 << count).filter { $0.nonzeroBitCount == size }
        .map { mask in (0..<count).filter { mask & 1 << $0 != 0 } }
}

@Suite struct SecretSharingTests {
    static let seed: UInt64 = 0x5EED

    static func shares(_ quorum: Int, _ count: Int, octets: Int = 35, seed: UInt64 = seed) throws -> [KeyShare] {
        let random = SeededRandomSource(seed: seed)
        return try SecretSharing.split(
            SecretBytes(random: octets, from: random), quorum: quorum, shares: count, from: random)
    }

    @Test func everyQuorumOfEverySplitGivesTheSecret() throws {
        let random = SeededRandomSource(seed: Self.seed)
        for count in 1...6 {
            for quorum in 1...count {
                for size in [1, 2, 16, 35, 64] {
                    let secret = SecretBytes(random: size, from: random)
                    let shares = try SecretSharing.split(secret, quorum: quorum, shares: count, from: random)
                    #expect(shares.map(\.index) == Array(1...count))
                    for taken in 1...count {
                        for subset in subsets(of: count, size: taken) {
                            let given = subset.reversed().map { shares[$0] }
                            if taken >= quorum {
                                #expect(try SecretSharing.recover(given).isEqual(to: secret), "seed \(Self.seed)")
                            } else {
                                #expect(failure(given)?.code == .missing)
                                #expect(failure(given)?.missingCount == quorum - taken)
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("K11: secrets of every size come back from the largest splits and quorums")
    func everySecretSizeAndTheLargestSplits() throws {
        let random = SeededRandomSource(seed: Self.seed)
        for size in 1...64 {
            let secret = SecretBytes(random: size, from: random)
            let shares = try SecretSharing.split(secret, quorum: 2, shares: 2, from: random)
            #expect(try SecretSharing.recover(shares).isEqual(to: secret), "seed \(Self.seed), \(size) octets")
        }
        // The largest and smallest values a secret can have.
        for octet in [UInt8(0), 0xFF] {
            let secret = SecretBytes(copying: [UInt8](repeating: octet, count: 35))
            let shares = try SecretSharing.split(secret, quorum: 3, shares: 4, from: random)
            #expect(try SecretSharing.recover(Array(shares.suffix(3))).isEqual(to: secret))
        }
        let secret = SecretBytes(random: 32, from: random)
        for quorum in [1, 8, 15] {
            let shares = try SecretSharing.split(secret, quorum: quorum, shares: 15, from: random)
            #expect(try SecretSharing.recover(Array(shares.suffix(quorum))).isEqual(to: secret))
            #expect(try SecretSharing.recover(shares).isEqual(to: secret))
        }
    }

    @Test func impossibleSplitsAreRefused() {
        let random = SystemRandomSource()
        for (octets, quorum, count) in [(0, 1, 1), (65, 1, 1), (32, 0, 1), (32, 2, 1), (32, 1, 16), (32, 16, 16)] {
            #expect(throws: ShareError.self) {
                try SecretSharing.split(
                    SecretBytes(random: octets, from: random), quorum: quorum, shares: count, from: random)
            }
        }
    }

    @Test("K26: a split that never gives shares of the right length ends, with an error")
    func aSourceThatRepeatsItselfDoesNotHangTheSplit() {
        struct Stuck: RandomSource {
            func fill(_ buffer: UnsafeMutableRawBufferPointer) { for index in buffer.indices { buffer[index] = 0xFF } }
        }
        #expect(throws: ShareError.self) {
            try SecretSharing.split(SecretBytes(copying: [1, 2]), quorum: 2, shares: 2, from: Stuck())
        }
    }

    @Test func bothTextsRoundTrip() throws {
        for share in try Self.shares(3, 5) {
            let marked = text(share)
            let again = try parse(marked)
            #expect(again.index == share.index && again.quorum == 3 && again.set == share.set && again.set != nil)
            #expect(text(again) == marked)
            #expect(text(try parse(" \(marked.lowercased().filter { $0 != "-" })\n")) == marked)
            let plain = text(share, plain: true)
            #expect(marked.hasPrefix(plain + "."))
            let old = try parse(plain)
            #expect(old.set == nil && old.index == share.index && text(old) == plain)
        }
    }

    @Test func theTextIsTheOneDocumented() throws {
        let share = try #require(try Self.shares(2, 3).first)
        let parts = text(share).split(separator: ".").map(String.init)
        let plain = reveal(try SecretUDF.octets(of: secret(parts[0])))
        let set = reveal(try SecretUDF.octets(of: secret(parts[1])))
        let check = HashAlgorithm.sha512.digest(Array("mesh-platform share 1".utf8) + [0] + set + plain).prefix(5)
        #expect(parts[2] == UDF.present(Array(check)))
        #expect(parts[1] == share.set && parts[1].count == 9)
    }

    @Test(arguments: [1, 16, 35])
    func everyDamageToOneCharacterIsNoticed(size: Int) throws {
        let shares = try Self.shares(2, 3, octets: size)
        let original = Array(text(shares[1]).utf8)
        let replacements = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ23456701890-. é".utf8)
        func isSame(_ octets: [UInt8]) -> Bool {
            String(decoding: octets, as: UTF8.self).uppercased().filter { $0 != "-" }
                == String(decoding: original, as: UTF8.self).filter { $0 != "-" }
        }
        for index in original.indices {
            var variants = [original[..<index] + original[(index + 1)...]]
            for octet in replacements where octet != original[index] {
                variants.append(original[..<index] + [octet] + original[(index + 1)...])
                variants.append(original[..<index] + [octet] + original[index...])
            }
            for damaged in variants.map(Array.init) where !isSame(damaged) {
                // White space before and after is no damage.
                guard damaged.first != 0x20 || index != 0 else { continue }
                let texts = [text(shares[0]), String(decoding: damaged, as: UTF8.self), text(shares[2])]
                do throws(ShareError) {
                    _ = try SecretSharing.parse(texts.map { SharedSecret(secret($0)) })
                    Issue.record("not noticed: \(texts[1]) for \(text(shares[1]))")
                } catch {
                    #expect(error.code == .damaged)
                    #expect(error.positions == [2])
                    #expect(error.message.contains("Share 2"))
                }
            }
        }
    }

    @Test func exchangedNeighboursAreNoticed() throws {
        let original = Array(text(try Self.shares(2, 3)[0]).utf8)
        for index in original.indices.dropLast() where original[index] != original[index + 1] {
            var damaged = original
            damaged.swapAt(index, index + 1)
            let words = String(decoding: damaged, as: UTF8.self)
            guard words.filter({ $0 != "-" }) != text(try Self.shares(2, 3)[0]).filter({ $0 != "-" }) else { continue }
            #expect(throws: ShareError.self) { try parse(words) }
        }
    }

    @Test func whatIsNoShareIsRefused() {
        for words in [
            "", ".", "..", "S", "MB5S-R4AJ-3FBT-7NHO-T26Z-2E6Y-WFH4", "SAAQ-JPZ2", "S.S.S",
            String(repeating: "S", count: 4000),
            String(repeating: ".", count: 4000), SeedTests.accountSeed,
        ] {
            #expect(throws: ShareError.self, "\(words.prefix(40))") { try parse(words) }
        }
    }

    @Test func foreignSharesAreNamed() throws {
        let ours = try Self.shares(3, 4)
        let theirs = try Self.shares(3, 4, seed: 99)
        let error = try #require(failure([ours[0], theirs[1], ours[2], ours[3]]))
        #expect(error.code == .foreign)
        #expect(error.positions == [2])
        #expect(failure([theirs[0], ours[1], theirs[2], ours[3], theirs[3]])?.positions == [2, 4])
        // A plain share says nothing about its set: what does not fit is found by the values, given enough of them.
        let plain = try parse(text(theirs[1], plain: true))
        #expect(failure([ours[0], plain, ours[2], ours[3]])?.code == .inconsistent)
        let more = try Self.shares(2, 5)
        #expect(failure([more[0], more[1], plain].map { $0 })?.code == .mixedQuorum)
        let stranger = try parse(text(try Self.shares(2, 5, seed: 98)[4], plain: true))
        let named = try #require(failure([more[0], stranger, more[1], more[2]]))
        #expect(named.code == .inconsistent)
        #expect(named.positions == [2])
    }

    @Test("K26: the same share twice is named, and divides nothing by zero")
    func repeatedSharesAreNamed() throws {
        let shares = try Self.shares(2, 3)
        let error = try #require(failure([shares[0], shares[0]]))
        #expect(error.code == .repeated)
        #expect(error.positions == [2])
        #expect(failure([shares[0], shares[1], try parse(text(shares[0], plain: true))])?.positions == [3])
        let other = try parse(text(try Self.shares(2, 3, seed: 5)[0], plain: true))
        let conflict = try #require(failure([shares[0], shares[1], other]))
        #expect(conflict.code == .inconsistent)
        #expect(conflict.positions == [1, 3])
    }

    @Test func mixedLengthsAndTooFewAreNamed() throws {
        let shares = try Self.shares(2, 3)
        let short = try parse(text(try Self.shares(2, 3, octets: 32)[2], plain: true))
        #expect(failure([shares[0], shares[1], short])?.code == .mixedLength)
        #expect(failure([shares[0], shares[1], short])?.positions == [3])
        #expect(failure([])?.code == .missing)
        #expect(failure([shares[2]])?.missingCount == 1)
    }

    @Test func aValueThatNoSecretHasIsRefused() throws {
        // Plain shares of one octet: the prime is 257, and a result of 256 is no octet. With f(1) = a and f(2) = b the
        // secret is 2a - b: 1 and 3 give -1, which is 256.
        let shares = [[UInt8(0x20), 1], [0x21, 3]].map { UDF.present([144] + $0) }
        let error = try #require(failure(try shares.map { try parse($0) }))
        #expect(error.code == .impossibleResult)
    }

    @Test func coefficientsAreUniform() throws {
        // Shares of a one-octet secret, quorum 2, modulo 257. Any coefficient a comes up equally often, except the two
        // that make f(1) or f(2) the value 256, which no octet holds: for the secret 77, f(1) is then 256 or 38.
        let random = SeededRandomSource(seed: Self.seed)
        var counts = [Int](repeating: 0, count: 256)
        let secret = SecretBytes(copying: [77])
        for _ in 0..<16_320 {
            let share = try SecretSharing.split(secret, quorum: 2, shares: 2, from: random)[0]
            counts[Int(reveal(try SecretUDF.octets(of: share.text(plain: true)))[2])] += 1
        }
        #expect(counts.remove(at: 38) == 0)
        // The mean is 64, the deviation 8: six deviations.
        #expect(counts.allSatisfy { (16...112).contains($0) }, "seed \(Self.seed): \(counts)")
    }
}
