import MeshCore

/// A DNS name that carries the fingerprint of what it must lead to (`udf-13` §7): `mm--mb2g-k6du-….example.com`.
public struct StrongInternetName: Hashable, Sendable {
    /// The label: `mm--` and the fingerprint in lower case.
    public let label: String
    /// The rest of the name.
    public let domain: DomainName

    /// What a label starts with.
    public static let prefix = "mm--"
    /// The longest fingerprint a label has room for, in characters with dashes: 240 bits.
    public static let maximumFingerprintSize = 59

    /// The name for a fingerprint.
    ///
    /// - Throws: ``LocatorError`` `tooLong` for a fingerprint that does not fit a label; `invalidFingerprint` for a secret.
    public init(_ udf: UDF, domain: DomainName) throws(LocatorError) {
        try self.init(fingerprintText: udf.text, domain: domain)
    }

    /// The name for a fingerprint as it is written, its groups kept as they are.
    ///
    /// - Throws: ``LocatorError`` `tooLong` or `invalidFingerprint`.
    public init(fingerprintText text: String, domain: DomainName) throws(LocatorError) {
        guard text.utf8.count <= Self.maximumFingerprintSize else {
            throw LocatorError(
                .tooLong, "A fingerprint of \(text.utf8.count) characters does not fit a DNS label; 59 do.",
                remedy: "Use a precision of at most 240 bits.")
        }
        do {
            guard try !UDF(parsing: text).type.isSecret else {
                throw LocatorError(.invalidFingerprint, "A key, seed or share must not be part of a DNS name.")
            }
        } catch {
            throw error as? LocatorError
                ?? LocatorError(.invalidFingerprint, "The fingerprint of the name is not one.", cause: error)
        }
        guard text.utf8.last != 0x2D else {
            throw LocatorError(.invalidFingerprint, "A DNS label cannot end with a dash.")
        }
        label = Self.prefix + text.lowercased()
        self.domain = domain
    }

    /// Reads a name that carries a fingerprint in its first or its last label.
    ///
    /// - Throws: ``LocatorError`` `invalidFingerprint` when neither label is one; `invalidDomain`.
    public init(parsing text: String) throws(LocatorError) {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if let first = labels.first, first.lowercased().hasPrefix(Self.prefix) {
            let domain = try DomainName(labels.dropFirst().joined(separator: "."))
            try self.init(fingerprintText: String(first.dropFirst(Self.prefix.count)), domain: domain)
        } else if let last = labels.last, last.lowercased().hasPrefix(Self.prefix) {
            let domain = try DomainName(labels.dropLast().joined(separator: "."))
            try self.init(fingerprintText: String(last.dropFirst(Self.prefix.count)), domain: domain)
        } else {
            throw LocatorError(.invalidFingerprint, "The name has no label that starts with mm--.")
        }
    }

    /// The fingerprint; its canonical text.
    public var udf: UDF? { UDF(String(label.dropFirst(Self.prefix.count))) }
    /// `label.domain`: resolves to the domain's own records through the label.
    public var prefixForm: String { "\(label).\(domain)" }
    /// `domain.label`: never resolves in the DNS.
    public var suffixForm: String { "\(domain).\(label)" }
}
