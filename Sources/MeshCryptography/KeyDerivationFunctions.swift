import COpenSSL
import MeshCore

/// HMAC (RFC 2104) with SHA-256 or SHA-512.
public enum HMAC {
    /// The authentication code of `data` under `key`.
    ///
    /// - Returns: 64 or 32 octets, secret because they may serve as a key; compare with `isEqual`.
    public static func authenticate(
        _ data: UnsafeRawBufferPointer, key: borrowing SecretBytes, hash: MACHash = .sha512
    ) -> SecretBytes {
        key.withUnsafeBytes { key in
            SecretBytes(count: hash.size) { output in
                requireLibrary(
                    mesh_hmac(hash.library, key.baseAddress, key.count, data.baseAddress, data.count, output.octets)
                        == 1, "HMAC")
            }
        }
    }

    /// The authentication code of `data` under `key`.
    public static func authenticate(
        _ data: [UInt8], key: borrowing SecretBytes, hash: MACHash = .sha512
    ) -> SecretBytes {
        let count = data.count
        return key.withUnsafeBytes { key in
            SecretBytes(count: hash.size) { output in
                data.withUnsafeBytes { data in
                    requireLibrary(
                        mesh_hmac(hash.library, key.baseAddress, key.count, data.baseAddress, count, output.octets)
                            == 1, "HMAC")
                }
            }
        }
    }
}

/// The hash functions that HMAC and HKDF are used with here.
public enum MACHash: Sendable {
    /// SHA-2-256: salts and payload keys of envelopes.
    case sha256
    /// SHA-2-512: everything else.
    case sha512

    /// How many octets the function gives.
    public var size: Int { self == .sha256 ? 32 : 64 }
    var library: mesh_hash { self == .sha256 ? MESH_SHA256 : MESH_SHA512 }
}

/// HKDF (RFC 5869), its two steps apart and together.
public enum HKDF {
    /// The first step: a pseudorandom key from `inputKey`. An empty salt is the null salt of the specification.
    public static func extract(
        salt: [UInt8] = [], inputKey: borrowing SecretBytes, hash: MACHash = .sha512
    ) -> SecretBytes {
        let key = SecretBytes(copying: salt)
        return inputKey.withUnsafeBytes { HMAC.authenticate($0, key: key, hash: hash) }
    }

    /// The second step: `count` octets from a pseudorandom key, for the purpose that `info` names.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` for more than 255 times the hash's size, less than one octet,
    ///   or an `info` of more than 2^20 octets.
    public static func expand(
        _ pseudorandomKey: borrowing SecretBytes, info: [UInt8], count: Int, hash: MACHash = .sha512
    ) throws(CryptographyError) -> SecretBytes {
        guard count > 0, count <= 255 * hash.size, info.count <= 1 << 20 else {
            throw CryptographyError(.invalidParameter, "HKDF cannot derive \(count) octets.")
        }
        return pseudorandomKey.withUnsafeBytes { key in
            SecretBytes(count: count) { output in
                info.withUnsafeBytes { info in
                    requireLibrary(
                        mesh_hkdf_expand(
                            hash.library, key.baseAddress, key.count, info.baseAddress, info.count, output.octets,
                            count) == 1, "HKDF")
                }
            }
        }
    }

    /// Both steps.
    ///
    /// - Throws: as ``expand(_:info:count:hash:)``.
    public static func derive(
        inputKey: borrowing SecretBytes, salt: [UInt8] = [], info: [UInt8], count: Int, hash: MACHash = .sha512
    ) throws(CryptographyError) -> SecretBytes {
        try expand(extract(salt: salt, inputKey: inputKey, hash: hash), info: info, count: count, hash: hash)
    }
}

/// scrypt (RFC 7914): a key from a passphrase, at a cost of time and memory that a guesser pays again for each guess.
public struct Scrypt: Hashable, Sendable {
    /// The cost N: a power of two above 1.
    public let cost: UInt64
    /// The block size r.
    public let blockSize: UInt64
    /// The parallelisation p.
    public let parallelization: UInt64

    /// 64 MiB and roughly a fifth of a second on a machine of today: N = 2^16, r = 8, p = 1.
    public static let interactive = Scrypt(checkedCost: 1 << 16, 8, 1)

    /// The most memory a set of parameters may ask for: 1 GiB. A sealed file names its parameters, and a hostile one
    /// must not be able to exhaust the machine.
    public static let maximumMemory: UInt64 = 1 << 30

    private init(checkedCost cost: UInt64, _ blockSize: UInt64, _ parallelization: UInt64) {
        self.cost = cost
        self.blockSize = blockSize
        self.parallelization = parallelization
    }

    /// Parameters, as a file may name them.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` when N is no power of two above 1, r or p is 0 or above 64, or
    ///   the memory of 128·N·r octets is above ``maximumMemory``.
    public init(cost: UInt64, blockSize: UInt64, parallelization: UInt64) throws(CryptographyError) {
        guard cost > 1, cost & (cost - 1) == 0, cost <= 1 << 30, (1...64).contains(blockSize),
            (1...64).contains(parallelization), 128 * cost * blockSize <= Self.maximumMemory
        else {
            throw CryptographyError(
                .invalidParameter,
                "scrypt parameters N=\(cost), r=\(blockSize), p=\(parallelization) are outside what is accepted.")
        }
        self.init(checkedCost: cost, blockSize, parallelization)
    }

    /// Derives `count` octets. Blocks for the whole computation: call it off the cooperative pool.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` for an impossible count, or when the memory cannot be had.
    public func deriveKey(
        passphrase: borrowing SecretBytes, salt: [UInt8], count: Int
    ) throws(CryptographyError) -> SecretBytes {
        guard count > 0, count <= 1 << 16 else {
            throw CryptographyError(.invalidParameter, "scrypt cannot derive \(count) octets.")
        }
        return try passphrase.withUnsafeBytes { (passphrase) throws(CryptographyError) in
            try SecretBytes(count: count) { (output) throws(CryptographyError) in
                let done = salt.withUnsafeBytes { salt in
                    mesh_scrypt(
                        passphrase.baseAddress, passphrase.count, salt.baseAddress, salt.count, cost, blockSize,
                        parallelization, Self.maximumMemory + (64 << 20), output.octets, count)
                }
                guard done == 1 else {
                    throw CryptographyError(
                        .invalidParameter, "scrypt could not run with N=\(cost), r=\(blockSize), p=\(parallelization).",
                        remedy: "Free some memory, or seal the key again with a lower cost.")
                }
            }
        }
    }
}
