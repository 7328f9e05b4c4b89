import Glibc
import Synchronization

/// Where randomness comes from. A platform has one, so that a test can be repeated.
public protocol RandomSource: Sendable {
    /// Fills `buffer` with random octets. Does not block once the system has started, and does not fail.
    func fill(_ buffer: UnsafeMutableRawBufferPointer)
}

extension RandomSource {
    /// `count` random octets that are not secret, such as a nonce.
    public func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            fill(UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: count))
            filled = count
        }
    }
}

/// The system's cryptographic randomness (`getentropy`).
public struct SystemRandomSource: RandomSource {
    /// Makes the source; there is nothing to set up.
    public init() {}

    /// Fills `buffer` with octets.
    public func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        // The system hands out at most 256 octets a call.
        for start in stride(from: 0, to: buffer.count, by: 256) {
            guard let base = buffer.baseAddress else { return }
            let failed = getentropy(base + start, min(256, buffer.count - start)) != 0
            // Without randomness no key may be made, and no caller could go on.
            precondition(!failed, "the system gives no randomness (errno \(errno))")
        }
    }
}

/// Repeatable randomness for tests (SplitMix64). Never for a key that is kept.
public final class SeededRandomSource: RandomSource {
    /// The seed, to be printed by the test that uses it.
    public let seed: UInt64
    private let state: Mutex<UInt64>

    /// Starts the sequence that belongs to `seed`.
    public init(seed: UInt64) {
        self.seed = seed
        self.state = Mutex(seed)
    }

    /// Fills `buffer` with octets.
    public func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        state.withLock { state in
            for index in 0..<buffer.count {
                state &+= 0x9E37_79B9_7F4A_7C15
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
                buffer[index] = UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
            }
        }
    }
}
