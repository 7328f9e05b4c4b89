import CX509
import MeshCore

/// A certificate in OpenSSL's memory.
final class X509Certificate {
    let pointer: OpaquePointer

    /// Takes `pointer` over; nil if there is none.
    init?(owning pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    /// Reads DER.
    convenience init?(_ octets: [UInt8]) { self.init(owning: mesh_certificate_read(octets, octets.count)) }

    deinit { mesh_certificate_free(pointer) }

    /// DER.
    static func octets(_ certificate: OpaquePointer) throws -> [UInt8] {
        try written { mesh_certificate_write(certificate, $0, $1) }
    }

    /// Its public key in DER.
    static func keyOctets(_ certificate: OpaquePointer) throws -> [UInt8] {
        try written { mesh_certificate_key_write(certificate, $0, $1) }
    }

    private static func written(_ write: (UnsafeMutablePointer<UInt8>?, Int) -> Int64) throws -> [UInt8] {
        let count = write(nil, 0)
        guard count > 0 else { throw X509Failure.write }
        var octets = [UInt8](repeating: 0, count: Int(count))
        guard octets.withUnsafeMutableBufferPointer({ write($0.baseAddress, $0.count) }) == count else {
            throw X509Failure.write
        }
        return octets
    }
}

/// A private key in OpenSSL's memory, which is wiped with it.
final class X509PrivateKey {
    let pointer: OpaquePointer

    /// Takes `pointer` over; nil if there is none.
    init?(owning pointer: OpaquePointer?) {
        guard let pointer else { return nil }
        self.pointer = pointer
    }

    /// Reads PKCS#8.
    convenience init(_ octets: borrowing SecretBytes) throws {
        let read = octets.withUnsafeBytes {
            mesh_private_key_read($0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
        }
        guard let read else {
            throw MailKeyError(.malformed, "The octets are no private key in PKCS#8.")
        }
        // Proof: it was just seen to be there.
        self.init(owning: read)!
    }

    deinit { mesh_private_key_free(pointer) }

    /// PKCS#8.
    static func octets(_ key: OpaquePointer) throws -> SecretBytes {
        let count = mesh_private_key_write(key, nil, 0)
        guard count > 0 else { throw X509Failure.write }
        var written: Int64 = -1
        let octets = SecretBytes(count: Int(count)) {
            written = mesh_private_key_write(key, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), $0.count)
        }
        guard written == count else { throw X509Failure.write }
        return octets
    }
}

/// What OpenSSL fails at for want of memory alone, as far as is known.
enum X509Failure {
    static let write = MailKeyError(.libraryFailed, "OpenSSL could not write a key or a certificate.")
    static let make = MailKeyError(.libraryFailed, "OpenSSL could not make a key or a certificate.")

    /// Takes over octets that OpenSSL wrote.
    static func taken(_ octets: UnsafeMutablePointer<UInt8>?, _ count: Int) throws -> SecretBytes {
        guard let octets else { throw write }
        defer { mesh_octets_free(octets, count) }
        return SecretBytes(copying: UnsafeRawBufferPointer(start: octets, count: count))
    }
}

/// The texts that a function hands out one by one.
func x509Texts(
    _ ask: (mesh_text_taker, UnsafeMutableRawPointer) -> Int32
) throws -> [[UInt8]] {
    final class Texts { var all: [[UInt8]] = [] }
    let texts = Texts()
    let done = withExtendedLifetime(texts) {
        ask(
            { context, text, count in
                // Proof: the context is the object below, which lives until the call returns.
                Unmanaged<Texts>.fromOpaque(context!).takeUnretainedValue()
                    .all.append(Array(UnsafeBufferPointer(start: text, count: count)))
            }, Unmanaged.passUnretained(texts).toOpaque())
    }
    guard done == 1 else { throw MailKeyError(.malformed, "A certificate has a name or a number that cannot be read.") }
    return texts.all
}
