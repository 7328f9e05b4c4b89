/// Puts octets one after the other into secret memory that grows as needed; what is outgrown is wiped.
package struct SecretWriter: ~Copyable {
    private var memory: SecretBytes
    /// How many octets were written.
    package private(set) var count = 0

    /// A writer with room for `capacity` octets to start with.
    package init(capacity: Int = 1024) {
        memory = SecretBytes(count: max(capacity, 16)) { (_: UnsafeMutableRawBufferPointer) in }
    }

    /// Appends the octets of `source`.
    package mutating func append(_ source: UnsafeRawBufferPointer) {
        if source.count > memory.count - count {
            let size = max(memory.count * 2, count + source.count)
            memory = memory.withUnsafeBytes { old in
                SecretBytes(count: size) {
                    UnsafeMutableRawBufferPointer(rebasing: $0[..<old.count]).copyMemory(from: old)
                }
            }
        }
        let start = count
        memory.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[start..<(start + source.count)]).copyMemory(from: source)
        }
        count += source.count
    }

    /// Appends the octets of a secret.
    package mutating func append(_ secret: borrowing SecretBytes) {
        secret.withUnsafeBytes { append($0) }
    }

    /// Appends octets that are not secret.
    package mutating func append(_ octets: [UInt8]) {
        octets.withUnsafeBytes { append($0) }
    }

    /// Appends text that is not secret.
    package mutating func append(_ text: String) { append(Array(text.utf8)) }

    /// Lends what was written so far.
    package borrowing func withWritten<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        memory.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
    }

    /// What was written.
    package consuming func finish() -> SecretBytes { memory.duplicate(0..<count) }
}
