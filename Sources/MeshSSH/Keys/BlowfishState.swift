import MeshCore

/// The key schedule of Blowfish as bcrypt uses it: 18 round keys and four tables of 256 words, wiped when the value ends.
struct BlowfishState: ~Copyable {
    private static let count = 18 + 4 * 256
    private let memory: SecretBytes

    /// A state that must be ``reset()`` before use.
    init() {
        memory = SecretBytes(count: Self.count * 4) { (_: UnsafeMutableRawBufferPointer) in }
    }

    /// Lends the words.
    ///
    /// Proof of safety: the memory belongs to this non-copyable value alone, is `count` words large and aligned (blocks
    /// of secret memory start at multiples of 64), and is used by one call at a time: every user is a synchronous
    /// function of this type, called on the thread that owns the value.
    @inline(__always)
    private borrowing func withWords<R>(_ body: (UnsafeMutablePointer<UInt32>) -> R) -> R {
        memory.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("secret memory always has an address") }
            return body(UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: UInt32.self))
        }
    }

    /// Starts from the digits of pi.
    borrowing func reset() {
        withWords { words in
            BlowfishInitialState.words.withUnsafeBufferPointer { source in
                for index in 0..<min(source.count, Self.count) { words[index] = source[index] }
            }
        }
    }

    /// Enciphers one block of two words.
    borrowing func encipher(_ left: inout UInt32, _ right: inout UInt32) {
        withWords { Self.encipher($0, &left, &right) }
    }

    /// Mixes a key of sixteen words, and a salt of as many, into the state (bcrypt's `ExpandKey`).
    borrowing func expand(key: borrowing SecretBytes, salt: borrowing SecretBytes) {
        salt.withUnsafeBytes { salt in expand(key: key, saltWords: salt) }
    }

    /// Mixes a key of sixteen words into the state.
    borrowing func expand(key: borrowing SecretBytes) { expand(key: key, saltWords: nil) }

    private borrowing func expand(key: borrowing SecretBytes, saltWords: UnsafeRawBufferPointer?) {
        withWords { words in
            key.withUnsafeBytes { key in
                for index in 0..<18 {
                    words[index] ^= key.load(fromByteOffset: (index & 15) * 4, as: UInt32.self)
                }
            }
            var left: UInt32 = 0
            var right: UInt32 = 0
            var index = 0
            while index < Self.count {
                if let saltWords {
                    left ^= saltWords.load(fromByteOffset: (index & 15) * 4, as: UInt32.self)
                    right ^= saltWords.load(fromByteOffset: ((index &+ 1) & 15) * 4, as: UInt32.self)
                }
                Self.encipher(words, &left, &right)
                words[index] = left
                words[index &+ 1] = right
                index &+= 2
            }
        }
    }

    /// Sixteen rounds. The index of every table look-up is an octet, added to the start of a table inside the state.
    @inline(__always)
    private static func encipher(
        _ words: UnsafeMutablePointer<UInt32>, _ left: inout UInt32, _ right: inout UInt32
    ) {
        let tables = words + 18
        var a = left ^ words[0]
        var b = right
        var round = 1
        while round < 17 {
            b ^= mix(tables, a) ^ words[round]
            a ^= mix(tables, b) ^ words[round &+ 1]
            round &+= 2
        }
        left = b ^ words[17]
        right = a
    }

    @inline(__always)
    private static func mix(_ tables: UnsafeMutablePointer<UInt32>, _ value: UInt32) -> UInt32 {
        let first = tables[Int(truncatingIfNeeded: value >> 24)]
        let second = tables[256 &+ Int(truncatingIfNeeded: (value >> 16) & 255)]
        let third = tables[512 &+ Int(truncatingIfNeeded: (value >> 8) & 255)]
        let fourth = tables[768 &+ Int(truncatingIfNeeded: value & 255)]
        return ((first &+ second) ^ third) &+ fourth
    }
}
