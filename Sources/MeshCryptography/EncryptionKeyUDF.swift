import MeshCore

/// Symmetric keys written as UDFs of type E, and what is made from them (`udf-13` §4.3).
public enum EncryptionKeyUDF {
    /// The text (`E…`) of a key's octets.
    public static func text(of key: borrowing SecretBytes) -> SecretBytes {
        SecretUDF.text(type: .encryption, value: key)
    }

    /// The octets of a key that is given as text: type 32 or 33, nothing else.
    ///
    /// - Throws: `UDFError` `wrongType`, `invalidCharacter`, `tooShort`, `tooLong`.
    public static func octets(of text: borrowing SecretBytes) throws(UDFError) -> SecretBytes {
        try SecretUDF.value(of: text, types: [.encryption, .encryptionSignature], what: "an encryption key (E…)")
    }

    /// The name of a key, which tells nothing about it: 140 bits that start with `EB`.
    public static func identifier(of key: borrowing SecretBytes) -> UDF {
        let digest = HashAlgorithm.sha512.digest(key.prefixed(with: Array("UDFEncryption:".utf8)))
        let inner = ContentDigest(value: digest.withUnsafeBytes { Array($0) }, hash: .sha2)
        return UDF(type: .encryption, value: inner.octets, cutTo: UDF.defaultBits)
    }

    /// A key of 32 octets derived from another for the use that `purpose` names, such as `mmm/key/authenticate/device`.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` for a purpose of more than 2^20 octets.
    public static func derive(
        from key: borrowing SecretBytes, purpose: String
    ) throws(CryptographyError) -> SecretBytes {
        try HKDF.derive(inputKey: key, info: Array(purpose.utf8), count: 32)
    }

    /// The authenticator (`A…`, 140 bits) of `data` under a key: HMAC alone, without the two steps of ``Authenticator``.
    public static func authenticator(of data: [UInt8], key: borrowing SecretBytes) -> UDF {
        UDF(type: .authenticatorSHA2, value: HMAC.authenticate(data, key: key).withUnsafeBytes { Array($0) })
    }
}

extension SecretSeed {
    /// The PIN (`E…`) that a device's static connection URI, its QR code, carries for an account: HKDF of the seed's
    /// text, the account's address as info.
    ///
    /// - Throws: ``CryptographyError`` `invalidParameter` for an address of more than 2^20 octets.
    public func connectionPIN(account: String) throws(CryptographyError) -> SecretBytes {
        EncryptionKeyUDF.text(of: try HKDF.derive(inputKey: text(), info: Array(account.utf8), count: 32))
    }
}
