import MeshCore

/// One share of a secret (`udf-13` §4.5). Has no description, no coding and no equality; its text is lent in a closure.
///
/// There are two texts. The plain one is the UDF of the specification (`S…`), which says nothing about the set the share
/// belongs to and does not notice a mistake in itself. Ours has two more parts:
///
///     SAQL-G6IN-….K5TM-2QPA.7HXE-LD3C
///     plain UDF   set       check
///
/// The set is 40 random bits, the same in all shares of one split. The check is the first 40 bits of SHA-512 over
/// `mesh-platform share 1`, a zero octet, the five octets of the set, and the share's octets (type identifier first).
public final class KeyShare: Sendable {
    /// The share's number, from 1 to 16: the place where the polynomial was evaluated.
    public let index: Int
    /// How many shares bring the secret back, from 1 to 15.
    public let quorum: Int
    /// The set the share belongs to, as its text shows it; nil for a share that was read from a plain text.
    public let set: String?
    /// The value of the polynomial, big endian, as long as the secret.
    private let value: SecretBytes

    /// How long the secret is, in octets.
    public var secretSize: Int { value.count }

    init(index: Int, quorum: Int, set: String?, value: consuming SecretBytes) {
        self.index = index
        self.quorum = quorum
        self.set = set
        self.value = value
    }

    /// Reads a share in either text: any case, dashes anywhere or nowhere, white space around it ignored.
    ///
    /// - Throws: ``ShareError`` `damaged` for anything else, and for a share of ours with any mistake in it.
    public convenience init(parsing text: borrowing SecretBytes) throws(ShareError) {
        // Where the parts end. The dots are not secret.
        let (length, dots) = text.withUnsafeBytes { raw in
            let text = SecretUDF.trimmed(raw)
            return (text.count, text.indices.filter { text[$0] == 0x2E })
        }
        guard dots.isEmpty || dots.count == 2 else { throw Self.damaged }
        let start = text.withUnsafeBytes { raw in
            let trimmed = SecretUDF.trimmed(raw)
            return raw.baseAddress.flatMap { base in trimmed.baseAddress.map { $0 - base } } ?? 0
        }
        let body = text.duplicate(start..<start + (dots.first ?? length))
        guard let octets = try? SecretUDF.octets(of: body) else { throw Self.damaged }
        let (type, first) = octets.withUnsafeBytes { ($0[0], $0[1]) }
        guard type == UDFType.share.rawValue, first >= 16, (3...SharePrime.maximumOctets + 2).contains(octets.count)
        else { throw Self.damaged }
        var set: String?
        if dots.count == 2 {
            // Nothing in our text may be free to change: spare bits of the last character must be zero.
            guard Self.isCanonical(body, octets) else { throw Self.damaged }
            let marks = text.withUnsafeBytes { raw in
                let text = SecretUDF.trimmed(raw)
                return [text[dots[0] + 1..<dots[1]], text[(dots[1] + 1)...]].map { Self.mark($0) }
            }
            guard let setOctets = marks[0], let given = marks[1],
                constantTimeEqual(Self.check(set: setOctets, octets), given)
            else { throw Self.damaged }
            set = UDF.present(setOctets)
        }
        self.init(
            index: Int(first & 15) + 1, quorum: Int(first >> 4), set: set, value: octets.duplicate(2..<octets.count))
    }

    private static var damaged: ShareError {
        ShareError(
            .damaged, "the text is not a share, or there is a mistake in it.",
            remedy: "Compare it with what was written down, character by character.")
    }

    /// The five octets of a set or check value; nil when the text is not exactly that.
    private static func mark(_ text: Slice<UnsafeRawBufferPointer>) -> [UInt8]? {
        let characters = text.filter { $0 != 0x2D }
        guard characters.count == 8 else { return nil }
        var octets = [UInt8](repeating: 0, count: 5)
        let written = characters.withUnsafeBytes { source in
            octets.withUnsafeMutableBytes { Base32.decode(source, into: $0) }
        }
        return written == 5 ? octets : nil
    }

    private static func isCanonical(_ text: borrowing SecretBytes, _ octets: borrowing SecretBytes) -> Bool {
        guard text.withUnsafeBytes({ SecretUDF.trimmed($0).count == $0.count }) else { return false }
        let canonical = SecretUDF.text(of: octets)
        guard let given = try? SecretUDF.canonicalText(of: text) else { return false }
        return given.isEqual(to: canonical)
    }

    private static func check(set: [UInt8], _ octets: borrowing SecretBytes) -> [UInt8] {
        let domain = Array("mesh-platform share 1".utf8) + [0] + set
        let digest = HashAlgorithm.sha512.digest(octets.prefixed(with: domain))
        return digest.withUnsafeBytes { Array($0.prefix(5)) }
    }

    /// Lends the octets of the share: type identifier, index octet, value.
    package func withOctets<R: ~Copyable>(_ body: (borrowing SecretBytes) -> R) -> R {
        let first = UInt8(truncatingIfNeeded: 16 * quorum + index - 1)
        return body(value.prefixed(with: [UDFType.share.rawValue, first]))
    }

    /// Lends the value of the polynomial.
    func withValue<R: ~Copyable>(_ body: (borrowing SecretBytes) -> R) -> R { body(value) }

    /// Lends the share's text, in ASCII. It must not be kept.
    ///
    /// - Parameter plain: whether to write the UDF alone, for programs that know nothing of sets. A share that was read
    ///   from a plain text has no other.
    public func withText<R: ~Copyable, E: Error>(
        plain: Bool = false, _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        let text = self.text(plain: plain)
        return try text.withUnsafeBytes { (text) throws(E) in try body(text) }
    }

    /// The share's text as a secret of its own; see ``withText(plain:_:)``.
    public func text(plain: Bool = false) -> SecretBytes {
        withOctets { octets in
            let text = SecretUDF.text(of: octets)
            guard !plain, let set, let setUDF = Self.setOctets(set) else { return text }
            let suffix = Array(".\(set).\(UDF.present(Self.check(set: setUDF, octets)))".utf8)
            return text.withUnsafeBytes { text in
                SecretBytes(count: text.count + suffix.count) { target in
                    target.copyMemory(from: text)
                    UnsafeMutableRawBufferPointer(rebasing: target[text.count...]).copyBytes(from: suffix)
                }
            }
        }
    }

    private static func setOctets(_ set: String) -> [UInt8]? {
        Array(set.utf8).withUnsafeBytes { mark($0[...]) }
    }
}

private func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    left.withUnsafeBytes { left in right.withUnsafeBytes { MeshCore.constantTimeEqual(left, $0) } }
}
