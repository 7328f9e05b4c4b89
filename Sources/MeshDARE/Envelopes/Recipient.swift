import MeshCore
import MeshCryptography
import MeshEncoding

/// What HKDF was told the wrapping key is for (`dare-12` §3.4.1 says one, the files have the other).
public enum KeyWrapInfo: String, CaseIterable, Sendable {
    /// Nothing: what is written, and what everything of other writers since 2020 has.
    case empty
    /// The word `master`: `dare-06`, `-07`, and some examples of every later draft.
    case master

    var octets: [UInt8] { self == .empty ? [] : Array("master".utf8) }
}

/// One entry of `recipients`: the base seed, wrapped so that the holder of one private key can unwrap it
/// (`dare-12` §3.4.1, §5.3.3).
public struct Recipient: Sendable {
    /// The entry as it stands in the header, members of others included.
    public let members: JSONObject

    /// The entry of those members, which are looked at when it is opened.
    public init(_ members: JSONObject) { self.members = members }

    /// Wraps `seed` for the holder of `key`: X448, Ed448, X25519 or Ed25519.
    ///
    /// - Throws: ``DAREError`` `wrongKey` for a key of another algorithm, or one that is no point of its curve.
    public init(wrapping seed: BaseSeed, for key: PublicKey, random: any RandomSource) throws(DAREError) {
        do {
            let ephemeral = try PrivateKey.generate(key.algorithm, from: random)
            let wrapKey = try Recipient.wrapKey(agreement: ephemeral.agree(with: key), info: [])
            let wrapped = try AESKeyWrap.wrap(seed.secret.bytes, with: wrapKey)
            members = [
                "kid": .string(key.udf.text),
                "epk": [
                    "PublicKeyECDH": [
                        "crv": .string(key.algorithm.description), "Public": .binary(ephemeral.publicKey.octets),
                    ]
                ],
                "wmk": .binary(wrapped),
            ]
        } catch {
            throw DAREError(
                .wrongKey, "Nothing can be encrypted to the \(key.algorithm) key \(key.udf).",
                remedy: "Use the recipient's X448 encryption key.", cause: error)
        }
    }

    /// The recipient's key as the entry names it; there are several forms of such names, and `fingerprint@domain` for
    /// groups.
    public var keyIdentifier: String? { members["kid"]?.string }

    /// Whether the entry names `key`, in one of the forms of its fingerprint.
    public func names(_ key: PublicKey) -> Bool {
        guard let identifier = keyIdentifier.flatMap({ UDF($0) }) else { return false }
        return key.matches(identifier)
    }

    /// Unwraps the base seed.
    ///
    /// - Returns: the seed, and which way it had been wrapped.
    /// - Throws: ``DAREError`` `corruptKeyExchange` when `key` does not unwrap it; `wrongKey` for a key of another curve
    ///   than the entry's; `unsupportedAlgorithm` for an exchange that is not known here; `malformed`.
    public func unwrap(with key: PrivateKey) throws(DAREError) -> (seed: BaseSeed, info: KeyWrapInfo) {
        let exchange = try exchange()
        guard exchange.algorithm == key.algorithm else {
            throw DAREError(
                .wrongKey, "A \(key.algorithm) key cannot open what was sealed to a \(exchange.algorithm) key.")
        }
        do {
            let agreement = try key.agree(withOctets: exchange.ephemeral)
            for info in KeyWrapInfo.allCases {
                let wrapKey = try Recipient.wrapKey(agreement: agreement, info: info.octets)
                do {
                    return (try BaseSeed(AESKeyWrap.unwrap(exchange.wrapped, with: wrapKey)), info)
                } catch let error as CryptographyError where error.code == .authenticationFailed {
                    continue
                }
            }
        } catch {
            throw corrupt(key, cause: error)
        }
        throw corrupt(key, cause: nil)
    }

    private func corrupt(_ key: PrivateKey, cause: (any Error)?) -> DAREError {
        DAREError(
            .corruptKeyExchange, "What was sealed to the key \(key.publicKey.udf) was damaged, or is for another key.",
            remedy: "Get the envelope again from where it came from.", cause: cause)
    }

    /// The entry's parts, checked for their kinds.
    func exchange() throws(DAREError) -> (algorithm: KeyAlgorithm, ephemeral: [UInt8], wrapped: [UInt8]) {
        guard members["ek"] == nil, let epk = members["epk"] else {
            throw DAREError(.unsupportedAlgorithm, "A recipient's key was exchanged in a way that is not known here.")
        }
        guard let key = epk["PublicKeyECDH"], let curve = key["crv"]?.string else {
            throw DAREError(.unsupportedAlgorithm, "A recipient's ephemeral key is of a kind that is not known here.")
        }
        guard let algorithm = KeyAlgorithm(name: curve), algorithm.canAgree else {
            throw DAREError(.unsupportedAlgorithm, "A recipient's key is on a curve that is not used here.")
        }
        guard let ephemeral = key["Public"]?.binary, let wrapped = members["wmk"]?.binary else {
            throw DAREError(.malformed, "An entry of recipients lacks the ephemeral key or the wrapped seed.")
        }
        return (algorithm, ephemeral, wrapped)
    }

    /// The key that the seed is wrapped under.
    package static func wrapKey(
        agreement: borrowing SecretBytes, info: [UInt8]
    ) throws(CryptographyError) -> SecretBytes {
        try HKDF.derive(inputKey: agreement, info: info, count: 32)
    }
}
