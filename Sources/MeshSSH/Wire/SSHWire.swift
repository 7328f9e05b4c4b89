import MeshCore
import MeshPlatforms

/// Reads SSH's wire encoding (RFC 4251 §5) from borrowed memory. Every length is checked against what is left.
struct SSHReader {
    private let buffer: UnsafeRawBufferPointer
    private(set) var position = 0

    /// A reader of `buffer`, which must outlive it.
    init(_ buffer: UnsafeRawBufferPointer) { self.buffer = buffer }

    /// How many octets are left.
    var remaining: Int { buffer.count - position }

    /// The next `count` octets.
    ///
    /// - Throws: ``PlatformError`` `corrupt` if there are not as many.
    mutating func octets(_ count: Int) throws -> UnsafeRawBufferPointer {
        guard count >= 0, count <= remaining else { throw SSHError.corrupt("The key is cut short.") }
        defer { position += count }
        return UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)])
    }

    /// An unsigned number of 32 bits, most significant octet first.
    mutating func number() throws -> UInt32 {
        try octets(4).reduce(0) { ($0 << 8) | UInt32($1) }
    }

    /// A string: its length, then its octets.
    mutating func string() throws -> UnsafeRawBufferPointer {
        try octets(Int(number()))
    }

    /// A string that must be ASCII text without control characters.
    mutating func name() throws -> String {
        let octets = try string()
        guard octets.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw SSHError.corrupt("A name in the key is no plain text.")
        }
        return String(decoding: octets, as: UTF8.self)
    }

    /// A positive number of any size, without the zero octet that keeps it positive.
    ///
    /// - Throws: ``PlatformError`` `corrupt` if it is negative, zero, or not written in the shortest way.
    mutating func positiveInteger() throws -> UnsafeRawBufferPointer {
        let octets = try string()
        guard let first = octets.first, first < 0x80 else {
            throw SSHError.corrupt("A number in the key is zero or negative.")
        }
        guard first == 0 else { return octets }
        guard octets.count > 1, octets[1] >= 0x80 else {
            throw SSHError.corrupt("A number in the key is not written in the shortest way.")
        }
        return UnsafeRawBufferPointer(rebasing: octets[1...])
    }

    /// - Throws: ``PlatformError`` `corrupt` if anything is left.
    func requireEnd() throws {
        guard remaining == 0 else { throw SSHError.corrupt("There is something after the end of the key.") }
    }
}

extension SecretWriter {
    /// Appends an unsigned number of 32 bits.
    mutating func append(number: UInt32) {
        append((0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * UInt32($0))) })
    }

    /// Appends a string: its length, then its octets.
    mutating func append(string: UnsafeRawBufferPointer) {
        append(number: UInt32(truncatingIfNeeded: string.count))
        append(string)
    }

    /// Appends a string of octets that are not secret.
    mutating func append(string: [UInt8]) { string.withUnsafeBytes { append(string: $0) } }

    /// Appends a string of text that is not secret.
    mutating func append(string: String) { append(string: Array(string.utf8)) }

    /// Appends a positive number given by its octets, most significant first, with or without zeros in front.
    mutating func append(integer octets: UnsafeRawBufferPointer) {
        let start = octets.firstIndex { $0 != 0 } ?? octets.endIndex
        let digits = UnsafeRawBufferPointer(rebasing: octets[start...])
        let needsZero = (digits.first ?? 0) >= 0x80
        append(number: UInt32(truncatingIfNeeded: digits.count + (needsZero ? 1 : 0)))
        if needsZero { append([0]) }
        append(digits)
    }
}

/// Octets that are not secret in SSH's wire encoding.
enum SSHWire {
    /// What `body` writes.
    static func octets(_ body: (inout SecretWriter) -> Void) -> [UInt8] {
        var writer = SecretWriter(capacity: 256)
        body(&writer)
        return writer.finish().withUnsafeBytes { Array($0) }
    }
}
