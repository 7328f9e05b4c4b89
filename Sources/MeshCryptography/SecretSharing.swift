import MeshCore

/// Splits a secret into shares, and recovers it from enough of them (`udf-13` §4.5, Shamir).
public enum SecretSharing {
    /// The most shares that are made of one secret.
    public static let maximumShares = 15

    /// Splits `secret` so that any `quorum` of the `shares` shares give it back, and fewer tell nothing about it.
    ///
    /// Before it returns, the secret was recovered from quorums of the new shares: from every one of them where there are
    /// at most 100, else from as many as there are shares, each share being in several.
    ///
    /// - Parameters:
    ///   - secret: 1 to 64 octets; for a profile, its binary seed.
    ///   - quorum: 1 to 15, not more than `shares`.
    ///   - shares: 1 to 15.
    /// - Throws: ``ShareError`` `invalidRequest`.
    public static func split(
        _ secret: borrowing SecretBytes, quorum: Int, shares count: Int, from random: any RandomSource
    ) throws(ShareError) -> [KeyShare] {
        guard (1...SharePrime.maximumOctets).contains(secret.count) else {
            throw ShareError(.invalidRequest, "A secret of \(secret.count) octets cannot be shared; 1 to 64 can.")
        }
        guard (1...maximumShares).contains(count), (1...count).contains(quorum) else {
            throw ShareError(
                .invalidRequest, "\(count) shares with a quorum of \(quorum) cannot be made.",
                remedy: "Ask for 1 to 15 shares and a quorum from 1 to their number.")
        }
        let set = UDF.present(random.bytes(5))
        // Values must fit the secret's octets. A polynomial with one that does not is thrown away: for the shortest
        // secrets that is one in twenty, else practically none.
        for _ in 0..<256 {
            guard let polynomial = SharePolynomial(secret: secret, quorum: quorum, from: random) else { break }
            var shares: [KeyShare] = []
            for index in 1...count {
                guard let value = polynomial.value(at: index).octets(count: secret.count) else { break }
                shares.append(KeyShare(index: index, quorum: quorum, set: set, value: value))
            }
            guard shares.count == count else { continue }
            for subset in sampleQuorums(of: count, quorum) {
                guard let recovered = interpolateSecret(subset.map { shares[$0] }), recovered.isEqual(to: secret) else {
                    preconditionFailure("a new set of shares does not give the secret back")
                }
            }
            return shares
        }
        throw ShareError(.invalidRequest, "The source of randomness repeats itself: no shares can be made with it.")
    }

    /// Reads shares in either text.
    ///
    /// - Throws: ``ShareError`` `damaged`, saying which.
    public static func parse(_ texts: [SharedSecret]) throws(ShareError) -> [KeyShare] {
        var shares: [KeyShare] = []
        for (index, text) in texts.enumerated() {
            do {
                shares.append(try KeyShare(parsing: text.bytes))
            } catch {
                throw error.at(index + 1)
            }
        }
        return shares
    }

    /// Recovers the secret. When more shares are given than needed, all must agree.
    ///
    /// - Throws: ``ShareError`` that names the shares that stand in the way: `foreign`, `repeated`, `mixedQuorum`,
    ///   `mixedLength`, `inconsistent`; or tells how many are `missing`; or `impossibleResult`.
    public static func recover(_ shares: [KeyShare]) throws(ShareError) -> SecretBytes {
        guard let first = shares.first else {
            throw ShareError(.missing, missing: 1, "There are no shares.", remedy: "Give the shares that were kept.")
        }
        try requireOneSet(shares)
        try requireSame(shares, { $0.quorum }, .mixedQuorum, "of another quorum than the others")
        try requireSame(shares, { $0.secretSize }, .mixedLength, "of a secret of another length than the others")
        try requireDistinct(shares)
        let quorum = first.quorum
        guard shares.count >= quorum else {
            let missing = quorum - shares.count
            throw ShareError(
                .missing, missing: missing,
                "\(quorum) shares are needed and \(shares.count) given: \(missing) more \(missing == 1 ? "is" : "are") missing."
            )
        }
        try requireAgreement(shares)
        guard let secret = interpolateSecret(Array(shares.prefix(quorum))) else {
            throw ShareError(
                .impossibleResult, "The shares give a value that no secret has: one of them is wrong.",
                remedy: "Compare each share with what was written down, or use another share.")
        }
        return secret
    }

    /// The positions, from 1, at which `condition` holds.
    private static func positions(_ shares: [KeyShare], where condition: (KeyShare) -> Bool) -> [Int] {
        shares.indices.filter { condition(shares[$0]) }.map { $0 + 1 }
    }

    /// The value that most shares have; of several such, the one that comes first.
    private static func majority<T: Hashable>(_ values: [T]) -> T? {
        var counts: [T: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[$0] == most }
    }

    private static func requireOneSet(_ shares: [KeyShare]) throws(ShareError) {
        let sets = shares.compactMap(\.set)
        guard let main = majority(sets), Set(sets).count > 1 else { return }
        let foreign = positions(shares) { $0.set != nil && $0.set != main }
        throw ShareError(
            .foreign, positions: foreign,
            ShareError.subject(foreign, singular: "belongs", plural: "belong")
                + " to another set than share\(sets.filter { $0 == main }.count == 1 ? "" : "s") "
                + "\(ShareError.list(positions(shares) { $0.set == main })) (set \(main)).",
            remedy: "Use shares that show the same set between their dots.")
    }

    private static func requireSame(
        _ shares: [KeyShare], _ property: (KeyShare) -> Int, _ code: ShareError.Code, _ what: String
    ) throws(ShareError) {
        let main = majority(shares.map(property))
        let odd = positions(shares) { property($0) != main }
        guard !odd.isEmpty else { return }
        throw ShareError(
            code, positions: odd, ShareError.subject(odd, singular: "is", plural: "are") + " \(what).",
            remedy: "Use shares that were made together.")
    }

    private static func requireDistinct(_ shares: [KeyShare]) throws(ShareError) {
        for (later, share) in shares.enumerated() {
            guard let earlier = shares[..<later].firstIndex(where: { $0.index == share.index }) else { continue }
            let same = share.withOctets { left in shares[earlier].withOctets { $0.isEqual(to: left) } }
            if same {
                throw ShareError(
                    .repeated, positions: [later + 1],
                    "Share \(later + 1) is the same as share \(earlier + 1) (number \(share.index)).",
                    remedy: "Give each share once.")
            }
            throw ShareError(
                .inconsistent, positions: [earlier + 1, later + 1],
                "Shares \(earlier + 1) and \(later + 1) both have number \(share.index) and differ: one of them is wrong "
                    + "or of another set.")
        }
    }

    /// Whether all shares lie on one polynomial of the quorum's degree.
    private static func agree(_ shares: [KeyShare]) -> Bool {
        guard let quorum = shares.first?.quorum, shares.count > quorum else { return true }
        let base = Array(shares.prefix(quorum))
        return shares.dropFirst(quorum).allSatisfy { share in
            guard let expected = SharePolynomial.interpolate(base, at: share.index) else { return false }
            return share.withValue { BigInteger(bigEndian: $0) }.isEqual(to: expected)
        }
    }

    private static func requireAgreement(_ shares: [KeyShare]) throws(ShareError) {
        guard !agree(shares), let quorum = shares.first?.quorum else { return }
        // With two shares more than needed, the others still have one to check each other by when one is left out.
        let suspects =
            shares.count < quorum + 2
            ? []
            : shares.indices.filter { left in
                agree(shares.indices.filter { $0 != left }.map { shares[$0] })
            }
        if suspects.count == 1, let suspect = suspects.first {
            throw ShareError(
                .inconsistent, positions: [suspect + 1],
                "Share \(suspect + 1) (number \(shares[suspect].index)) does not fit the others.",
                remedy: "Compare it with what was written down, or leave it out.")
        }
        throw ShareError(
            .inconsistent, positions: Array(1...shares.count),
            "The \(shares.count) shares do not fit each other: one or more of them are wrong or of another set.",
            remedy: "Give other shares, or one more, so that the wrong one can be told.")
    }

    /// The secret that exactly a quorum of shares gives; nil when its value is too large to be one.
    private static func interpolateSecret(_ shares: [KeyShare]) -> SecretBytes? {
        guard let size = shares.first?.secretSize else { return nil }
        return SharePolynomial.interpolate(shares, at: 0)?.octets(count: size)
    }

    /// Every quorum of `count` shares, where there are at most 100; else those of neighbours, counted in a circle.
    private static func sampleQuorums(of count: Int, _ quorum: Int) -> [[Int]] {
        let all = (0..<1 << count).lazy.filter { $0.nonzeroBitCount == quorum }
        if all.prefix(101).count <= 100 {
            return all.map { mask in (0..<count).filter { mask & 1 << $0 != 0 } }
        }
        return (0..<count).map { start in (0..<quorum).map { (start + $0) % count } }
    }
}
