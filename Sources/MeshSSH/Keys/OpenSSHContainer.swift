import MeshCore
import MeshCryptography
import MeshPlatforms

/// Whether, and how, a private key in OpenSSH's form is encrypted.
public enum SSHKeyEncryption: Sendable {
    /// Not at all: the permissions of the file are all that protects it.
    case none
    /// With AES-256 under `passphrase`, through `rounds` (1...10,000) of `bcrypt_pbkdf`, each of about 8 ms.
    case passphrase(SharedSecret, rounds: UInt32 = 24)
}

// The binary form of `-----BEGIN OPENSSH PRIVATE KEY-----` (OpenSSH's PROTOCOL.key).
extension SSHPrivateKey {
    /// What the binary form begins with.
    static let containerMagic: [UInt8] = Array("openssh-key-v1\0".utf8)
    /// The largest key that is read, in octets.
    public static let maximumContainer = 65_536

    /// The key in OpenSSH's binary form. Blocks while a passphrase is worked through.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for an empty passphrase or a number of rounds out of range.
    public borrowing func openSSHContainer(
        _ encryption: SSHKeyEncryption = .none, random: any RandomSource
    ) throws -> SecretBytes {
        var section = SecretWriter(capacity: 4096)
        // A random number twice: how a reader knows that the passphrase was right.
        let check = random.bytes(4)
        section.append(check + check)
        section.append(string: publicKey.algorithm.rawValue)
        section.append(fields)
        section.append(string: publicKey.comment)

        var writer = SecretWriter(capacity: 8192)
        writer.append(Self.containerMagic)
        let cipher: OpenSSHCipher
        let salt = random.bytes(16)
        switch encryption {
        case .none:
            cipher = .none
            writer.append(string: cipher.rawValue)
            writer.append(string: "none")
            writer.append(string: "")
        case .passphrase(_, let rounds):
            cipher = .aes256CTR
            writer.append(string: cipher.rawValue)
            writer.append(string: "bcrypt")
            writer.append(
                string: SSHWire.octets {
                    $0.append(string: salt)
                    $0.append(number: rounds)
                })
        }
        writer.append(number: 1)
        writer.append(string: publicKey.wire)
        var padding: UInt8 = 1
        while section.count % cipher.blockSize != 0 {
            section.append([padding])
            padding += 1
        }
        let plaintext = section.finish()
        switch encryption {
        case .none:
            plaintext.withUnsafeBytes { writer.append(string: $0) }
        case .passphrase(let passphrase, let rounds):
            let derived = try BcryptPBKDF.derive(
                passphrase.bytes, salt: salt, rounds: rounds, count: 32 + cipher.vectorSize)
            let key = derived.duplicate(0..<32)
            let counter = derived.duplicate(32..<derived.count)
            let ciphertext = try plaintext.withUnsafeBytes {
                try OpenSSHCipher.countered($0, key: key, counter: counter)
            }
            ciphertext.withUnsafeBytes { writer.append(string: $0) }
        }
        return writer.finish()
    }

    /// Reads a key in OpenSSH's binary form. Blocks while a passphrase is worked through.
    ///
    /// - Parameter passphrase: not used if the key is not encrypted.
    /// - Throws: ``PlatformError`` `passphraseNeeded`, `wrongPassphrase`, `corrupt`, `tooLarge`, and `unsupported` for a
    ///   cipher, a kind of key or a number of rounds that is not known or not accepted here.
    public init(openSSHContainer octets: borrowing SecretBytes, passphrase: SharedSecret? = nil) throws {
        guard octets.count <= Self.maximumContainer else {
            throw PlatformError(.tooLarge, store: SSHError.subject, "The octets are too many to be a private key.")
        }
        self = try octets.withUnsafeBytes { try Self.read($0, passphrase) }
    }

    private static func read(_ octets: UnsafeRawBufferPointer, _ passphrase: SharedSecret?) throws -> SSHPrivateKey {
        var reader = SSHReader(octets)
        guard try reader.octets(containerMagic.count).elementsEqual(containerMagic) else {
            throw SSHError.corrupt("The octets are no private key in OpenSSH's form.")
        }
        let cipherName = try reader.name()
        guard let cipher = OpenSSHCipher(rawValue: cipherName) else {
            throw SSHError.unsupported(
                "The key is encrypted with \(cipherName.prefix(64)), which is not known here.",
                remedy: "Encrypt it anew with: ssh-keygen -p -Z aes256-ctr -f FILE")
        }
        let function = try reader.name()
        let options = try reader.string()
        guard function == (cipher == .none ? "none" : "bcrypt") else {
            throw SSHError.unsupported("The key uses a passphrase function that is not known here.")
        }
        guard try reader.number() == 1 else {
            throw SSHError.unsupported("The file holds several keys, or none.")
        }
        let publicKey = try SSHPublicKey(wire: Array(reader.string()))
        let ciphertext = try reader.string()
        let tag = try reader.octets(cipher.tagSize)
        try reader.requireEnd()
        guard ciphertext.count >= cipher.blockSize, ciphertext.count % cipher.blockSize == 0 else {
            throw SSHError.corrupt("The private part of the key is cut short.")
        }
        guard cipher != .none else {
            guard options.isEmpty else { throw SSHError.corrupt("The key is not encrypted, yet has a salt.") }
            guard let key = try section(ciphertext, publicKey, cipher) else {
                throw SSHError.corrupt("The check value of the key is wrong.")
            }
            return key
        }
        let derived = try deriveKey(options, passphrase, cipher)
        let wrong = PlatformError(
            .wrongPassphrase, store: SSHError.subject, "The passphrase does not open the key, or the key is damaged.",
            remedy: "Try again; letters, case and keyboard layout matter.")
        do {
            let plaintext = try cipher.decrypt(ciphertext, tag: tag, key: derived)
            guard let key = try plaintext.withUnsafeBytes({ try section($0, publicKey, cipher) }) else { throw wrong }
            return key
        } catch is CryptographyError {
            throw wrong
        }
    }

    private static func deriveKey(
        _ options: UnsafeRawBufferPointer, _ passphrase: SharedSecret?, _ cipher: OpenSSHCipher
    ) throws -> SecretBytes {
        var reader = SSHReader(options)
        let salt = try Array(reader.string())
        let rounds = try reader.number()
        try reader.requireEnd()
        guard !salt.isEmpty, rounds > 0 else { throw SSHError.corrupt("The key has no salt, or no rounds.") }
        guard rounds <= BcryptPBKDF.maximumRounds else {
            throw SSHError.unsupported(
                "The key asks for \(rounds) rounds of its passphrase function; at most \(BcryptPBKDF.maximumRounds) are run."
            )
        }
        guard let passphrase else {
            throw PlatformError(.passphraseNeeded, store: SSHError.subject, "The key is encrypted under a passphrase.")
        }
        guard passphrase.bytes.count > 0 else {
            throw PlatformError(
                .wrongPassphrase, store: SSHError.subject,
                "The passphrase is empty, and no key is encrypted under that.")
        }
        return try BcryptPBKDF.derive(passphrase.bytes, salt: salt, rounds: rounds, count: 32 + cipher.vectorSize)
    }

    /// Reads the decrypted part; nil if its check values differ.
    private static func section(
        _ plaintext: UnsafeRawBufferPointer, _ publicKey: SSHPublicKey, _ cipher: OpenSSHCipher
    ) throws -> SSHPrivateKey? {
        var reader = SSHReader(plaintext)
        guard try reader.number() == reader.number() else { return nil }
        guard try reader.name() == publicKey.algorithm.rawValue else {
            throw SSHError.corrupt("The key holds two different kinds of key.")
        }
        let key = try SSHPrivateKey(publicKey: publicKey, reading: &reader, from: plaintext)
        let comment = try String(decoding: reader.string(), as: UTF8.self)
        guard reader.remaining < cipher.blockSize else { throw SSHError.corrupt("The padding of the key is too long.") }
        let padding = try reader.octets(reader.remaining)
        guard padding.enumerated().allSatisfy({ Int($0.element) == $0.offset + 1 }) else {
            throw SSHError.corrupt("The padding of the key is wrong.")
        }
        return key.commented(comment)
    }
}
