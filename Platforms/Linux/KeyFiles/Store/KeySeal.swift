import MeshCore
import MeshCryptography
import MeshPlatforms

/// The key that all keys of one store are sealed under, while the store is unlocked.
struct StoreKey: Sendable {
    /// Which seal it is: 16 random octets in Base64.
    let seal: String
    /// 32 octets; wiped when the last holder lets go.
    let secret: SharedSecret
    /// The file of the seal as it was read or written, so that it can be put back if it is lost.
    let file: [UInt8]
}

/// The file that holds the store key, sealed under the passphrase.
///
/// ```text
/// mesh-key-seal-1
/// mode: production
/// seal: …                  (16 random octets: which seal it is)
/// scrypt: 131072 8 1       (N, r, p)
/// salt: …                  (32 random octets)
/// data: …                  (the store key of 32 octets, and the tag)
/// check: …                 (of all before it: tells damage from a wrong passphrase)
/// ```
///
/// The store key is random and stays the same for the life of the store. Unlocking costs one scrypt however many keys
/// there are, and changing the passphrase writes this file alone.
enum KeySeal {
    static let kind = "mesh-key-seal"
    /// The largest file that is read.
    static let largestFile = 4096

    /// Makes a store key.
    static func makeKey(random: any RandomSource) -> (seal: String, secret: SharedSecret) {
        (Base64.url.encode(random.bytes(16)), SharedSecret(SecretBytes(random: 32, from: random)))
    }

    /// Seals a store key under a passphrase. Blocks for one scrypt.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` if there is not the memory for it.
    static func sealed(
        _ seal: String, _ secret: SharedSecret, mode: PlatformMode, passphrase: borrowing SecretBytes, cost: Scrypt,
        random: any RandomSource, path: String
    ) throws -> StoreKey {
        let salt = random.bytes(32)
        let header = text(mode: mode, seal: seal, cost: cost, salt: salt)
        let subkey = try derive(passphrase, salt, cost, path)
        let data = try AESGCM.seal(
            secret.bytes, key: subkey.duplicate(0..<32), nonce: nonce(subkey), authenticating: associated(header))
        let body = Array("\(header)data: \(Base64.url.encode(data))\n".utf8)
        let check = body.withUnsafeBytes { FieldReader.checkText(of: $0, kind: kind) }
        return StoreKey(seal: seal, secret: secret, file: body + Array(check.utf8))
    }

    /// Opens the seal in `file` with a passphrase. Blocks for one scrypt.
    ///
    /// - Throws: ``PlatformError`` `wrongPassphrase`, `corrupt`, `unknownVersion`; `unsupported` for parameters of scrypt
    ///   that ask for more than a gibibyte.
    static func open(
        _ file: [UInt8], mode: PlatformMode, passphrase: borrowing SecretBytes, path: String
    ) throws -> StoreKey {
        let parts = try parse(file, mode: mode, path: path)
        let subkey = try derive(passphrase, parts.salt, parts.cost, path)
        do {
            let secret = try AESGCM.open(
                parts.data, key: subkey.duplicate(0..<32), nonce: nonce(subkey),
                authenticating: associated(parts.header))
            return StoreKey(seal: parts.seal, secret: SharedSecret(secret), file: file)
        } catch {
            // The check value was right: the file is as it was written.
            throw PlatformError(
                .wrongPassphrase, store: path, "The passphrase does not open the key store.",
                remedy: "Try again; letters, case and keyboard layout matter.", cause: error)
        }
    }

    /// Which seal `file` holds.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`, `unsupported`.
    static func identifier(of file: [UInt8], mode: PlatformMode, path: String) throws -> String {
        try parse(file, mode: mode, path: path).seal
    }

    private struct Parts {
        let header: String
        let seal: String
        let cost: Scrypt
        let salt: [UInt8]
        let data: [UInt8]
    }

    private static func parse(_ file: [UInt8], mode: PlatformMode, path: String) throws -> Parts {
        try file.withUnsafeBytes { buffer in
            var reader = try FieldReader(buffer, kind: kind, path: path)
            guard try reader.text("mode") == mode.description else {
                throw reader.corrupt("It is the seal of another mode.")
            }
            let seal = try reader.text("seal")
            let numbers = try reader.text("scrypt").split(separator: " ", omittingEmptySubsequences: false)
                .map { UInt64($0) }
            let salt = try reader.base64("salt")
            let length = reader.position
            let data = try reader.base64("data")
            _ = try reader.end()
            guard Base64.url.decode(seal)?.count == 16, numbers.count == 3, let cost = numbers[0],
                let blockSize = numbers[1], let parallelization = numbers[2], salt.count == 32,
                data.count == 32 + AESGCM.tagSize
            else { throw reader.corrupt("It is not written as seals are.") }
            let parameters: Scrypt
            do {
                parameters = try Scrypt(cost: cost, blockSize: blockSize, parallelization: parallelization)
            } catch {
                throw PlatformError(
                    .unsupported, store: path, "It asks for more memory or time than is accepted.",
                    remedy: "Restore it from a backup.", cause: error)
            }
            let header = text(mode: mode, seal: seal, cost: parameters, salt: salt)
            guard buffer[..<length].elementsEqual(header.utf8) else {
                throw reader.corrupt("It is not written as seals are.")
            }
            return Parts(header: header, seal: seal, cost: parameters, salt: salt, data: data)
        }
    }

    private static func text(mode: PlatformMode, seal: String, cost: Scrypt, salt: [UInt8]) -> String {
        """
        \(kind)-1
        mode: \(mode)
        seal: \(seal)
        scrypt: \(cost.cost) \(cost.blockSize) \(cost.parallelization)
        salt: \(Base64.url.encode(salt))

        """
    }

    private static func associated(_ header: String) -> [UInt8] {
        Array("mesh key store \(kind) header\0\(header)".utf8)
    }

    private static func nonce(_ subkey: borrowing SecretBytes) -> [UInt8] {
        subkey.duplicate(32..<44).withUnsafeBytes { Array($0) }
    }

    /// Key and nonce: both new with each salt.
    private static func derive(
        _ passphrase: borrowing SecretBytes, _ salt: [UInt8], _ cost: Scrypt, _ path: String
    ) throws -> SecretBytes {
        do {
            return try cost.deriveKey(passphrase: passphrase, salt: salt, count: 44)
        } catch {
            throw PlatformError(
                .inputOutput, store: path, "The passphrase function could not run.",
                remedy: "Free some memory and try again.", cause: error)
        }
    }
}

extension Scrypt {
    /// N = 2^17, r = 8, p = 1: 128 MiB and about half a second for each guess. What key files are sealed with.
    public static var keyFiles: Scrypt {
        // These parameters are among those that are accepted; the weaker default is never reached.
        (try? Scrypt(cost: 1 << 17, blockSize: 8, parallelization: 1)) ?? .interactive
    }
}
