import MeshCore

/// A PIN for one purpose, as both sides of a connection know it (`schema-08` §6.3, protocol-09 §8.1).
///
/// The PIN itself (`A…`) goes from person to person; this is what is made of it for one action. It is a secret.
public final class SaltedPIN: Sendable {
    /// The octets after the type identifier: the first 17 of the authentication value, because the text is cut.
    private let key: SecretBytes
    /// The text (`A…`, 140 bits), a secret.
    private let presented: SecretBytes

    /// Makes a new PIN of `count` random octets; its text is for the two people.
    public static func makePIN(octets count: Int = 16, from random: any RandomSource) -> SecretBytes {
        SecretUDF.text(type: .authenticatorSHA2, value: SecretBytes(random: count, from: random))
    }

    /// What `pin` is for `action`, which is `Device` or `Contact`.
    ///
    /// - Throws: `UDFError` when the text is no PIN: `wrongType`, `invalidCharacter`, `tooShort`, `tooLong`.
    public init(pin: borrowing SecretBytes, action: String) throws(UDFError) {
        let octets = try SecretUDF.value(of: pin, types: [.authenticatorSHA2], what: "a PIN (A…)")
        let code = HMAC.authenticate(Array(action.utf8), key: octets)
        // 140 bits are 28 characters: 17 octets and the four bits after them.
        let whole = SecretUDF.text(type: .authenticatorSHA2, value: code)
        presented = whole.duplicate(0..<34)
        key = code.duplicate(0..<16)
    }

    /// Reads what the account has kept of a PIN: the text (`A…`) of ``withText(_:)``.
    ///
    /// - Throws: `UDFError` as ``init(pin:action:)``, and `invalidValue` for a text of another length.
    public init(salted text: borrowing SecretBytes) throws(UDFError) {
        let octets = try SecretUDF.value(of: text, types: [.authenticatorSHA2], what: "a PIN (A…)")
        guard text.count == 34, octets.count == 16 else {
            throw UDFError(.invalidValue, "A PIN for one action has 28 characters.")
        }
        presented = text.duplicate()
        key = octets.duplicate()
    }

    /// Lends the text (`A…`).
    public func withText<R: ~Copyable, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try presented.withUnsafeBytes { (text) throws(E) in try body(text) }
    }

    /// The identifier under which the account keeps the PIN. Not a secret.
    public func identifier(account: String) -> UDF {
        UDF(
            type: .authenticatorSHA2,
            value: HMAC.authenticate(Array(account.lowercased().utf8), key: key).withUnsafeBytes { Array($0) })
    }

    /// The proof, 64 octets, that a connection request was made by one who knows the PIN.
    public func witness(account: String, clientNonce: [UInt8], payloadDigest: [UInt8]) -> [UInt8] {
        HMAC.authenticate(Array(account.lowercased().utf8) + clientNonce + payloadDigest, key: key)
            .withUnsafeBytes { Array($0) }
    }

    /// The proof, 64 octets, that the answer to the request with this nonce was made by one who knows the PIN, for the account
    /// whose profile has this fingerprint.
    public func responseWitness(account profile: UDF, clientNonce: [UInt8]) -> [UInt8] {
        let input = Array("mesh-platform/pin-response:".utf8) + Array(profile.text.utf8) + [0] + clientNonce
        return HMAC.authenticate(input, key: key).withUnsafeBytes { Array($0) }
    }
}
