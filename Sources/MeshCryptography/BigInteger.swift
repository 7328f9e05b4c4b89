import COpenSSL
import MeshCore

/// A non-negative big integer of the library, wiped when it ends. Not for arithmetic in bulk.
///
/// Its functions fail only for want of memory, except where they return an optional.
package struct BigInteger: ~Copyable {
    let number: OpaquePointer

    package init(_ value: UInt64 = 0) {
        guard let number = mesh_number_new() else { preconditionFailure("no memory for a big integer") }
        self.number = number
        requireLibrary(mesh_number_set(number, value) == 1, "big integers")
    }

    /// From big-endian octets (at most 4096).
    package init(bigEndian octets: UnsafeRawBufferPointer) {
        self.init()
        requireLibrary(octets.isEmpty || mesh_number_read(number, octets.octets, octets.count) == 1, "big integers")
    }

    /// From big-endian octets (at most 4096).
    package init(bigEndian octets: [UInt8]) {
        self.init()
        requireLibrary(octets.isEmpty || mesh_number_read(number, octets, octets.count) == 1, "big integers")
    }

    /// From little-endian octets that are a secret.
    package init(littleEndian secret: borrowing SecretBytes) {
        let reversed = secret.withUnsafeBytes { source in
            SecretBytes(count: source.count) { $0.copyBytes(from: source.reversed()) }
        }
        self = reversed.withUnsafeBytes { BigInteger(bigEndian: $0) }
    }

    /// From big-endian octets that are a secret.
    package init(bigEndian secret: borrowing SecretBytes) {
        self = secret.withUnsafeBytes { BigInteger(bigEndian: $0) }
    }

    /// From decimal digits; nil for anything else.
    package init?(decimal: String) {
        self.init()
        guard mesh_number_read_decimal(number, decimal) == 1 else { return nil }
    }

    deinit { mesh_number_free(number) }

    /// 2^exponent + offset.
    package static func powerOfTwo(_ exponent: Int, plus offset: UInt64) -> BigInteger {
        let power = BigInteger()
        requireLibrary(mesh_number_set_bit(power.number, Int32(exponent)) == 1, "big integers")
        return power.adding(BigInteger(offset))
    }

    /// Big-endian octets, padded in front with zeros; nil when the number does not fit.
    package func octets(count: Int) -> SecretBytes? {
        var fits = false
        let octets = SecretBytes(count: count) { output in
            fits = mesh_number_write(number, output.octets, count) == 1
        }
        guard fits else { return nil }
        return octets
    }

    /// Big-endian octets that are not secret; nil when the number does not fit.
    package func publicOctets(count: Int) -> [UInt8]? {
        var fits = false
        let octets = [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            fits = mesh_number_write(number, output.baseAddress, count) == 1
            filled = fits ? count : 0
        }
        return fits ? octets : nil
    }

    /// The decimal digits. For numbers that are not secret, or test vectors.
    package var decimal: String {
        guard let text = mesh_number_decimal(number) else { preconditionFailure("no memory for a big integer") }
        defer { mesh_number_free_text(text) }
        return String(cString: text)
    }

    package var bitCount: Int { Int(mesh_number_bits(number)) }
    package var isOdd: Bool { mesh_number_is_odd(number) == 1 }

    package func isLess(than other: borrowing BigInteger) -> Bool { mesh_number_compare(number, other.number) < 0 }
    package func isEqual(to other: borrowing BigInteger) -> Bool { mesh_number_compare(number, other.number) == 0 }

    package func adding(_ other: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(mesh_number_add(result.number, number, other.number) == 1, "big integers")
        return result
    }

    /// The difference; `other` must not be larger.
    package func subtracting(_ other: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(mesh_number_subtract(result.number, number, other.number) == 1, "big integers")
        return result
    }

    package func multiplied(by other: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(mesh_number_multiply(result.number, number, other.number) == 1, "big integers")
        return result
    }

    package func modulo(_ modulus: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(mesh_number_modulo(result.number, number, modulus.number) == 1, "big integers")
        return result
    }

    package func adding(_ other: borrowing BigInteger, modulo modulus: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(
            mesh_number_mod_add(result.number, number, other.number, modulus.number) == 1, "big integers")
        return result
    }

    package func subtracting(_ other: borrowing BigInteger, modulo modulus: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(
            mesh_number_mod_subtract(result.number, number, other.number, modulus.number) == 1, "big integers")
        return result
    }

    package func multiplied(by other: borrowing BigInteger, modulo modulus: borrowing BigInteger) -> BigInteger {
        let result = BigInteger()
        requireLibrary(
            mesh_number_mod_multiply(result.number, number, other.number, modulus.number) == 1, "big integers")
        return result
    }

    /// The inverse; nil when there is none.
    package func inverse(modulo modulus: borrowing BigInteger) -> BigInteger? {
        let result = BigInteger()
        guard mesh_number_mod_inverse(result.number, number, modulus.number) == 1 else { return nil }
        return result
    }

    /// A square root; nil when there is none.
    package func squareRoot(moduloPrime prime: borrowing BigInteger) -> BigInteger? {
        let result = BigInteger()
        guard mesh_number_mod_sqrt(result.number, number, prime.number) == 1 else { return nil }
        return result
    }

    /// The smallest prime greater than the number. Takes up to seconds for thousands of bits.
    package func nextPrime() -> BigInteger {
        let result = BigInteger()
        requireLibrary(mesh_number_next_prime(result.number, number) == 1, "big integers")
        return result
    }
}
