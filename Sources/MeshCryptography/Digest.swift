import COpenSSL
import MeshCore

/// A hash function.
public enum HashAlgorithm: String, CaseIterable, Sendable {
    case sha256 = "SHA_2_256"
    case sha512 = "SHA_2_512"
    case sha3_256 = "SHA_3_256"
    case sha3_512 = "SHA_3_512"

    /// How many octets a digest has.
    public var digestSize: Int {
        switch self {
        case .sha256, .sha3_256: 32
        case .sha512, .sha3_512: 64
        }
    }

    var library: mesh_hash {
        switch self {
        case .sha256: MESH_SHA256
        case .sha512: MESH_SHA512
        case .sha3_256: MESH_SHA3_256
        case .sha3_512: MESH_SHA3_512
        }
    }

    /// The digest of `data`.
    public func digest(_ data: UnsafeRawBufferPointer) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: digestSize) { output, count in
            count = digestSize
            requireLibrary(mesh_hash(library, data.baseAddress, data.count, output.baseAddress, count) == 1, "a hash")
        }
    }

    /// The digest of `data`.
    public func digest(_ data: [UInt8]) -> [UInt8] { data.withUnsafeBytes { digest($0) } }

    /// The digest of `first` and `second`, one after the other.
    public func digest(_ first: [UInt8], _ second: [UInt8]) -> [UInt8] {
        withUnsafeTemporaryAllocation(byteCount: first.count + second.count, alignment: 16) { both in
            both.copyBytes(from: first)
            UnsafeMutableRawBufferPointer(rebasing: both[first.count...]).copyBytes(from: second)
            return digest(UnsafeRawBufferPointer(both))
        }
    }

    /// Writes the digest of `data` to the beginning of `output`, which must have room for ``digestSize`` octets (a
    /// programmer's mistake otherwise).
    public func digest(_ data: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) {
        precondition(output.count >= digestSize, "no room for the digest")
        requireLibrary(mesh_hash(library, data.baseAddress, data.count, output.octets, digestSize) == 1, "a hash")
    }

    /// The digest of a secret, itself a secret.
    public func digest(_ secret: borrowing SecretBytes) -> SecretBytes {
        secret.withUnsafeBytes { data in
            SecretBytes(count: digestSize) { output in
                requireLibrary(
                    mesh_hash(library, data.baseAddress, data.count, output.octets, output.count) == 1, "a hash")
            }
        }
    }
}

/// A digest of data that arrives in pieces.
public struct StreamingDigest: ~Copyable {
    /// The hash function.
    public let algorithm: HashAlgorithm
    private let context: OpaquePointer

    /// Starts a digest.
    public init(_ algorithm: HashAlgorithm) {
        guard let context = mesh_hash_start(algorithm.library) else {
            preconditionFailure("the system's cryptographic library has no memory for, or lacks, a hash")
        }
        self.init(algorithm, context)
    }

    private init(_ algorithm: HashAlgorithm, _ context: OpaquePointer) {
        self.algorithm = algorithm
        self.context = context
    }

    deinit { mesh_hash_free(context) }

    /// Adds `data`.
    public mutating func update(_ data: UnsafeRawBufferPointer) {
        requireLibrary(mesh_hash_update(context, data.baseAddress, data.count) == 1, "a hash")
    }

    /// Adds `data`.
    public mutating func update(_ data: [UInt8]) {
        data.withUnsafeBytes { update($0) }
    }

    /// A second digest that has taken in the same data, and goes its own way from here.
    public borrowing func duplicate() -> StreamingDigest {
        guard let copy = mesh_hash_copy(context) else {
            preconditionFailure("the system's cryptographic library has no memory for, or lacks, a hash")
        }
        return StreamingDigest(algorithm, copy)
    }

    /// The digest of all data added.
    public consuming func finalize() -> [UInt8] {
        let size = algorithm.digestSize
        return [UInt8](unsafeUninitializedCapacity: size) { output, count in
            count = size
            requireLibrary(mesh_hash_finish(context, output.baseAddress, size) == 1, "a hash")
        }
    }
}

/// The extendable-output function SHAKE256 (FIPS 202).
public enum SHAKE256 {
    /// `count` octets of output for `data`.
    public static func output(of data: [UInt8], count: Int) -> [UInt8] {
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { output, filled in
            filled = count
            data.withUnsafeBytes {
                requireLibrary(
                    mesh_hash(MESH_SHAKE256, $0.baseAddress, $0.count, output.baseAddress, count) == 1, "SHAKE256")
            }
        }
    }

    /// `count` octets of output for a secret, themselves secret.
    public static func output(of secret: borrowing SecretBytes, count: Int) -> SecretBytes {
        secret.withUnsafeBytes { data in
            SecretBytes(count: count) { output in
                guard count > 0 else { return }
                requireLibrary(
                    mesh_hash(MESH_SHAKE256, data.baseAddress, data.count, output.octets, count) == 1, "SHAKE256")
            }
        }
    }
}

extension UnsafeMutableRawBufferPointer {
    /// The octets, for C.
    var octets: UnsafeMutablePointer<UInt8>? { assumingMemoryBound(to: UInt8.self).baseAddress }
}

extension UnsafeRawBufferPointer {
    /// The octets, for C.
    var octets: UnsafePointer<UInt8>? { assumingMemoryBound(to: UInt8.self).baseAddress }
}
