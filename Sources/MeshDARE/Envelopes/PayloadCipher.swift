import MeshCore
import MeshCryptography

/// A body as it is stored: encrypted, with its tag where the algorithm makes one.
public struct SealedPayload: Sendable {
    /// The octets of the body.
    public let body: [UInt8]
    /// The tag of 16 octets, with GCM; it goes into the trailer as `PayloadTag`.
    public let tag: [UInt8]?
}

extension BaseSeed {
    /// Starts to encrypt or decrypt what comes in pieces.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm` for `none`, `malformed` for a salt that cannot be.
    public func cipher(
        _ direction: StreamingCipher.Direction, _ algorithm: EncryptionAlgorithm, salt: [UInt8], prefix: [UInt8] = []
    ) throws(DAREError) -> StreamingCipher {
        guard let cipher = algorithm.cipher else {
            throw DAREError(.unsupportedAlgorithm, "The algorithm none encrypts nothing.")
        }
        guard BaseSeed.saltSizes.contains(salt.count) else {
            throw DAREError(.malformed, "A salt cannot have \(salt.count) octets.")
        }
        let keys = try payloadKeys(cipher, salt: prefix + salt)
        do {
            return try StreamingCipher(cipher, direction, key: keys.key, iv: keys.iv)
        } catch {
            throw DAREError(.unsupportedAlgorithm, "The keys do not fit \(algorithm.label).", cause: error)
        }
    }

    /// Encrypts a body, or an annotation whose salt `prefix` is given.
    ///
    /// - Throws: ``DAREError`` `unsupportedAlgorithm`, `malformed`; as ``cipher(_:_:salt:prefix:)``.
    public func encrypt(
        _ plaintext: UnsafeRawBufferPointer, with algorithm: EncryptionAlgorithm = .standard, salt: [UInt8],
        prefix: [UInt8] = []
    ) throws(DAREError) -> SealedPayload {
        var tag: [UInt8]?
        let body = try [UInt8](room: plaintext.count + 2 * StreamingCipher.margin) { (output) throws(DAREError) in
            var cipher = try cipher(.encrypt, algorithm, salt: salt, prefix: prefix)
            let started = try cipher.takeIn(plaintext, output.dropLast(StreamingCipher.margin))
            let last = cipher.finishEncrypting(into: UnsafeMutableRawBufferPointer(rebasing: output[started...]))
            tag = last.tag
            return started + last.written
        }
        return SealedPayload(body: body, tag: tag)
    }

    /// Decrypts a body, or an annotation whose salt `prefix` is given, to octets that are not secret.
    ///
    /// Without a tag this shows few changes of the body: verify its digest before.
    ///
    /// - Throws: ``DAREError`` `decryptionFailed`, the same for a wrong length, padding, tag or seed;
    ///   `unsupportedAlgorithm`, `malformed` as ``cipher(_:_:salt:prefix:)``.
    public func decrypt(
        _ body: UnsafeRawBufferPointer, tag: [UInt8]? = nil, with algorithm: EncryptionAlgorithm, salt: [UInt8],
        prefix: [UInt8] = []
    ) throws(DAREError) -> [UInt8] {
        try [UInt8](room: body.count + 2 * StreamingCipher.margin) { (output) throws(DAREError) in
            try decrypt(body, tag: tag, with: algorithm, salt: salt, prefix: prefix, into: output)
        }
    }

    /// Decrypts to a secret; as ``decrypt(_:tag:with:salt:prefix:)``.
    public func decryptSecret(
        _ body: UnsafeRawBufferPointer, tag: [UInt8]? = nil, with algorithm: EncryptionAlgorithm, salt: [UInt8],
        prefix: [UInt8] = []
    ) throws(DAREError) -> SecretBytes {
        var count = 0
        let padded = try SecretBytes(count: body.count + 2 * StreamingCipher.margin) { (output) throws(DAREError) in
            count = try decrypt(body, tag: tag, with: algorithm, salt: salt, prefix: prefix, into: output)
        }
        return padded.duplicate(0..<count)
    }

    private func decrypt(
        _ body: UnsafeRawBufferPointer, tag: [UInt8]?, with algorithm: EncryptionAlgorithm, salt: [UInt8],
        prefix: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) throws(DAREError) -> Int {
        var cipher = try cipher(.decrypt, algorithm, salt: salt, prefix: prefix)
        let started = try cipher.takeIn(body, output.dropLast(StreamingCipher.margin))
        return try started + cipher.finish(tag: tag, into: output[started...])
    }
}

extension StreamingCipher {
    /// ``update(_:into:)`` with this module's error.
    mutating func takeIn(
        _ input: UnsafeRawBufferPointer, _ output: Slice<UnsafeMutableRawBufferPointer>
    ) throws(DAREError) -> Int {
        do {
            return try update(input, into: UnsafeMutableRawBufferPointer(rebasing: output))
        } catch {
            throw DAREError(
                .unsupportedAlgorithm, "The body is too long for its algorithm.",
                remedy: "Encrypt it with \(EncryptionAlgorithm.standard.label).", cause: error)
        }
    }

    /// ``finishDecrypting(into:tag:)`` with this module's error.
    consuming func finish(tag: [UInt8]?, into output: Slice<UnsafeMutableRawBufferPointer>) throws(DAREError) -> Int {
        do {
            return try finishDecrypting(into: UnsafeMutableRawBufferPointer(rebasing: output), tag: tag)
        } catch {
            throw Self.failed(error)
        }
    }

    /// ``finishDecrypting(tag:)`` with this module's error.
    consuming func finish(tag: [UInt8]?) throws(DAREError) -> SecretBytes {
        do {
            return try finishDecrypting(tag: tag)
        } catch {
            throw Self.failed(error)
        }
    }

    private static func failed(_ cause: CryptographyError) -> DAREError {
        DAREError(
            .decryptionFailed, "The body was changed, or was encrypted under another base seed.",
            remedy: "Get the envelope again from where it came from.", cause: cause)
    }
}

extension [UInt8] {
    /// Octets that `fill` writes into memory for at most `room` of them; it returns how many.
    init<E: Error>(room: Int, _ fill: (UnsafeMutableRawBufferPointer) throws(E) -> Int) throws(E) {
        var failure: E?
        self.init(unsafeUninitializedCapacity: room) { buffer, count in
            do throws(E) {
                count = try fill(
                    UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[..<room]))
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
