import MeshCore

/// A fingerprint with the domain where the content can be had: `udf://example.com/MB5S-…` (`udf-13` §6.2).
///
/// For content that is encrypted under a key in the locator, see ``EncryptedLocator``.
public struct Locator: Hashable, Sendable {
    /// The domain.
    public let domain: DomainName
    /// The fingerprint.
    public let udf: UDF
    /// What follows `?`, if anything.
    public let query: String?
    /// What follows `#`, if anything.
    public let fragment: String?

    /// The content type of content identifiers, as everything published since 2020 has it.
    public static let identifierContentType = "UDFEncryption"
    /// The precision of content identifiers, in bits.
    public static let identifierBits = 280

    /// A locator of those parts.
    public init(_ udf: UDF, domain: DomainName, query: String? = nil, fragment: String? = nil) {
        self.udf = udf
        self.domain = domain
        self.query = query
        self.fragment = fragment
    }

    /// The name alone: `udf:` and the fingerprint.
    public var nameURI: String { "udf:\(udf.text)" }

    /// The whole locator.
    public var uri: String {
        "udf://\(domain)/\(udf.text)" + (query.map { "?\($0)" } ?? "") + (fragment.map { "#\($0)" } ?? "")
    }

    /// The identifier that the service knows the content by: a digest of the fingerprint's text.
    ///
    /// - Parameter contentType: for old data: `application/udf-encryption` (udf-08 to -10), `application/udf`.
    public func identifier(contentType: String = Locator.identifierContentType) -> UDF {
        Self.identifier(ofText: SecretBytes(copying: Array(udf.text.utf8)), contentType: contentType)
    }

    /// Where the content is fetched.
    public var targetURI: String { Self.targetURI(domain: domain, identifier: identifier()) }

    /// The identifier for a UDF's text as it is printed, upper case and with its dashes.
    static func identifier(
        ofText text: borrowing SecretBytes, contentType: String = identifierContentType
    ) -> UDF {
        text.withUnsafeBytes { ContentDigest(of: $0, contentType: contentType).udf(bits: identifierBits) }
    }

    package static func targetURI(domain: DomainName, identifier: UDF) -> String {
        "https://\(domain)/.well-known/mmm-udf/\(identifier.text)"
    }
}

/// An encrypted authenticated resource locator (EARL): a domain, and the key that content there is encrypted under.
///
/// The locator's text is a secret, for who has it can read the content.
public final class EncryptedLocator: Sendable {
    /// The domain.
    public let domain: DomainName
    /// The key's text as it is printed. Never made from the octets: a key may have bits beyond the last whole octet.
    private let keyText: SecretBytes

    /// A locator for a key given as text (`E…`).
    ///
    /// - Throws: ``LocatorError`` `invalidFingerprint` when the text is not a key.
    public init(keyText: borrowing SecretBytes, domain: DomainName) throws(LocatorError) {
        do {
            _ = try EncryptionKeyUDF.octets(of: keyText)
            self.keyText = try SecretUDF.canonicalText(of: keyText)
        } catch {
            throw LocatorError(.invalidFingerprint, "The locator's key is not one.", cause: error)
        }
        self.domain = domain
    }

    /// The key's octets.
    ///
    /// - Throws: nothing for a locator that could be made.
    public func key() throws(UDFError) -> SecretBytes { try EncryptionKeyUDF.octets(of: keyText) }

    /// The locator's text, `udf://domain/E…`: a secret.
    public func uri() -> SecretBytes { keyText.prefixed(with: Array("udf://\(domain)/".utf8)) }

    /// The name alone, `udf:E…`: a secret.
    public func nameURI() -> SecretBytes { keyText.prefixed(with: Array("udf:".utf8)) }

    /// The identifier that the service knows the content by. It tells nothing about the key.
    ///
    /// - Parameter contentType: for old data: `application/udf-encryption` (udf-08 to -10), `application/udf`.
    public func identifier(contentType: String = Locator.identifierContentType) -> UDF {
        Locator.identifier(ofText: keyText, contentType: contentType)
    }

    /// Where the encrypted content is fetched.
    public var targetURI: String { Locator.targetURI(domain: domain, identifier: identifier()) }
}

/// What the text of a `udf:` URI turned out to be.
public enum UDFLocation: Sendable {
    /// A name: a fingerprint without a place (`udf:MB5S-…`).
    case name(UDF)
    /// A fingerprint with the domain it is found at.
    case locator(Locator)
    /// A key with the domain its content is found at: a secret. Query and fragment, if any, are left out.
    case encrypted(EncryptedLocator)

    /// The longest URI that is read, in octets.
    static let maximumSize = 4096

    /// Reads a URI. It is taken as a secret, for it may hold a key.
    ///
    /// - Throws: ``LocatorError``: `notALocator`; `invalidDomain`, also for user information, a port or an IP address;
    ///   `invalidFingerprint`, also for a secret where a name is expected.
    public init(parsing text: borrowing SecretBytes) throws(LocatorError) {
        guard text.count <= Self.maximumSize else {
            throw LocatorError(.notALocator, "The text is too long for a udf: address.")
        }
        let count = text.count
        let scheme = text.withUnsafeBytes { $0.prefix(6).map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 } }
        guard scheme.starts(with: Array("udf:".utf8)) else {
            throw LocatorError(.notALocator, "The text does not start with udf:.")
        }
        guard scheme == Array("udf:".utf8) + [0x2F, 0x2F] else {
            let name = text.duplicate(min(4, count)..<count)
            self = .name(try Self.publicUDF(name))
            return
        }
        let (slash, end) = text.withUnsafeBytes { text in
            let slash = text[6...].firstIndex { [0x2F, 0x3F, 0x23].contains($0) } ?? count
            let end = slash < count ? text[(slash + 1)...].firstIndex { $0 == 0x3F || $0 == 0x23 } ?? count : count
            return (slash, end)
        }
        let authority = text.withUnsafeBytes { String(decoding: $0[6..<slash], as: UTF8.self) }
        let domain = try DomainName(authority)
        guard slash < count, text.withUnsafeBytes({ $0[slash] == 0x2F }), end > slash + 1 else {
            throw LocatorError(.invalidFingerprint, "The address has no fingerprint after the domain.")
        }
        let value = text.duplicate(slash + 1..<end)
        let type = SecretUDF.type(of: value)
        if type == .encryption || type == .encryptionSignature {
            self = .encrypted(try EncryptedLocator(keyText: value, domain: domain))
            return
        }
        let rest = text.withUnsafeBytes { String(decoding: $0[end...], as: UTF8.self) }
        let parts = rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.first.flatMap { $0.hasPrefix("?") ? String($0.dropFirst()) : nil }
        self = .locator(
            Locator(
                try Self.publicUDF(value), domain: domain, query: query,
                fragment: parts.count > 1 ? String(parts[1]) : nil))
    }

    private static func publicUDF(_ text: borrowing SecretBytes) throws(LocatorError) -> UDF {
        guard SecretUDF.type(of: text)?.isSecret == false else {
            throw LocatorError(.invalidFingerprint, "The address does not have a fingerprint where it must have one.")
        }
        do {
            return try UDF(parsing: text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        } catch {
            throw LocatorError(.invalidFingerprint, "The address has a fingerprint that cannot be.", cause: error)
        }
    }
}
