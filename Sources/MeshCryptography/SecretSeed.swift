import MeshCore

/// A secret seed (`Z…`): the one secret all keys of a profile are derived from (`udf-13` §4.4).
///
/// This is what a key store keeps and what escrow shares. It has no description, no coding and no equality.
public final class SecretSeed: Sendable {
    /// What the seed is for.
    public let specifier: KeySpecifier
    /// 200, specifier, seed octets: the binary UDF.
    private let binary: SecretBytes

    /// How many octets new seeds have.
    public static let defaultSize = 32

    /// A new seed of `count` random octets.
    ///
    /// `count` is at least 16 (a programmer's mistake otherwise).
    public init(_ specifier: KeySpecifier, random count: Int = SecretSeed.defaultSize, from source: any RandomSource) {
        precondition(count >= 16, "a new seed has 16 octets or more")
        self.specifier = specifier
        self.binary = SecretBytes(random: count, from: source)
            .prefixed(with: [UDFType.seed.rawValue] + specifier.octets)
    }

    /// Reads the text of a seed.
    ///
    /// - Throws: `UDFError` `invalidCharacter`, `tooShort`, `tooLong`, or `wrongType` for a UDF that is no seed.
    public init(parsing text: borrowing SecretBytes) throws(UDFError) {
        let value = try SecretUDF.value(of: text, types: [.seed], what: "a secret seed (Z…)")
        guard value.count > 2 else { throw UDFError(.tooShort, "The seed is cut short.") }
        self.specifier = Self.specifier(value)
        self.binary = value.prefixed(with: [UDFType.seed.rawValue])
    }

    /// Reads a binary seed (200, specifier, octets), as shares of an escrowed profile give it.
    ///
    /// Zero octets in front are skipped: older escrow data have one.
    ///
    /// - Throws: `UDFError` `tooShort`, `tooLong` or `wrongType`.
    public init(binary octets: borrowing SecretBytes) throws(UDFError) {
        let start = octets.withUnsafeBytes { $0.firstIndex { $0 != 0 } ?? $0.count }
        let count = octets.count - start
        guard count > 3 else { throw UDFError(.tooShort, "The seed is cut short.") }
        guard count <= 512 else { throw UDFError(.tooLong, "The seed is too long.") }
        guard octets.withUnsafeBytes({ $0[start] == UDFType.seed.rawValue }) else {
            throw UDFError(.wrongType, "The secret is not a seed.")
        }
        let binary = octets.duplicate(start..<octets.count)
        self.specifier = Self.specifier(binary.duplicate(1..<binary.count))
        self.binary = binary
    }

    private static func specifier(_ value: borrowing SecretBytes) -> KeySpecifier {
        value.withUnsafeBytes { KeySpecifier(rawValue: UInt16($0[0]) << 8 | UInt16($0[1])) }
    }

    /// Lends the binary seed: 200, specifier, octets.
    public func withBinary<R: ~Copyable, E: Error>(_ body: (borrowing SecretBytes) throws(E) -> R) throws(E) -> R {
        try body(binary)
    }

    /// The seed's text (`Z…`).
    public func text() -> SecretBytes { SecretUDF.text(of: binary) }

    /// Whether two seeds are the same. Takes a time that depends on the lengths only.
    public func isEqual(to other: SecretSeed) -> Bool {
        binary.withUnsafeBytes { left in other.binary.withUnsafeBytes { constantTimeEqual(left, $0) } }
    }

    /// Derives a key.
    ///
    /// - Parameters:
    ///   - algorithm: the algorithm of the key; by default the one the seed's specifier names.
    ///   - keyName: the name of the key; empty for a seed that is of one key only.
    ///   - method: how; anything but the default is for reading old data.
    /// - Throws: ``CryptographyError`` `invalidDerivation` when neither the caller nor the seed names an algorithm;
    ///   `invalidKey` when the material makes no key (for RSA only, and then practically never).
    ///
    /// RSA takes up to some seconds: call it off the cooperative pool.
    public func deriveKey(
        _ algorithm: KeyAlgorithm? = nil, keyName: String = "", method: SeedDerivation.Method = .standard
    ) throws(CryptographyError) -> PrivateKey {
        try SeedDerivation(self, algorithm: algorithm, keyName: keyName, method: method).makeKey()
    }

    /// Derives the Mesh key of that name, with the algorithm the Mesh uses for it unless another is given.
    ///
    /// - Throws: as ``deriveKey(_:keyName:method:)``.
    public func deriveKey(
        _ keyName: MeshKeyName, algorithm: KeyAlgorithm? = nil
    ) throws(CryptographyError) -> PrivateKey {
        try deriveKey(algorithm ?? keyName.operation.defaultAlgorithm, keyName: keyName.description)
    }

    /// Derives the Mesh key for `operation` of the profile this seed belongs to.
    ///
    /// - Throws: ``CryptographyError`` `invalidDerivation` for a seed that is not of a Mesh profile or activation.
    public func deriveKey(_ operation: MeshKeyName.Operation) throws(CryptographyError) -> PrivateKey {
        guard let name = MeshKeyName(operation, of: specifier) else {
            throw CryptographyError(.invalidDerivation, "A seed for \(specifier) is not the seed of a Mesh profile.")
        }
        return try deriveKey(name)
    }
}
