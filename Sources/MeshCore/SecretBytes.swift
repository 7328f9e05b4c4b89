import Glibc

/// Octets that must not be seen: a seed, a private key, a share, a passphrase.
///
/// The octets live in memory that is locked, left out of core dumps and wiped when the value ends. The type cannot be
/// copied by accident: it is non-copyable, and has no description, no coding and no equality. It is lent to those who
/// need the octets for the length of a closure (``withUnsafeBytes(_:)``).
public struct SecretBytes: ~Copyable, @unchecked Sendable {
    // Sendable proof: the value owns its block alone (it is non-copyable), and changes it only through `mutating`
    // functions, so two tasks can never touch the same block at the same time in conflicting ways.
    private let base: UnsafeMutableRawPointer
    /// How many octets the secret has.
    public let count: Int

    /// Makes a secret of `count` octets that `body` fills; whatever it leaves alone is zero.
    ///
    /// - Throws: what `body` throws; the memory is wiped then.
    public init<E: Error>(count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Void) throws(E) {
        precondition(count >= 0, "a secret cannot have \(count) octets")
        let memory = SecretMemory.allocate(max(count, 1))
        self.base = memory
        self.count = count
        // A new or recycled block is all zero: mapped pages start so and `release` wipes.
        try body(UnsafeMutableRawBufferPointer(start: memory, count: count))
    }

    /// Copies the octets of `bytes`. The caller wipes its own copy.
    public init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count) { $0.copyMemory(from: bytes) }
    }

    /// Copies octets that are not themselves secret yet, such as test vectors.
    public init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// Makes `count` octets of randomness from `source`.
    public init(random count: Int, from source: any RandomSource) {
        self.init(count: count) { source.fill($0) }
    }

    deinit {
        SecretMemory.release(base, max(count, 1))
    }

    /// Lends the octets for the length of `body`. They must not be kept.
    public borrowing func withUnsafeBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Lends the octets to be changed for the length of `body`.
    public mutating func withUnsafeMutableBytes<R: ~Copyable, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(start: base, count: count))
    }

    /// A second secret with the same octets. Named, because every copy is one more thing to wipe.
    public borrowing func duplicate() -> SecretBytes {
        withUnsafeBytes { SecretBytes(copying: $0) }
    }

    /// A second secret with the octets in `range`.
    ///
    /// The range must lie inside the secret (a programmer's mistake otherwise).
    public borrowing func duplicate(_ range: Range<Int>) -> SecretBytes {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range outside the secret")
        return withUnsafeBytes { SecretBytes(copying: UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// Whether two secrets hold the same octets. Takes a time that depends on the lengths only.
    public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
        withUnsafeBytes { left in other.withUnsafeBytes { right in constantTimeEqual(left, right) } }
    }
}

/// Whether two octet strings are equal, in a time that depends on their lengths only.
public func constantTimeEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<left.count { difference |= left[index] ^ right[index] }
    return difference == 0
}

/// A secret that several owners hold: the octets are wiped when the last one lets go.
///
/// For places a non-copyable value cannot go, such as an array or an escaping closure.
public final class SharedSecret: Sendable {
    /// The secret itself, to be borrowed.
    public let bytes: SecretBytes

    /// Takes ownership of `bytes`.
    public init(_ bytes: consuming SecretBytes) {
        self.bytes = bytes
    }
}
