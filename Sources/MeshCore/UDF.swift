/// The first octet of a UDF: what the rest of it is (`udf-13` §3.2).
public struct UDFType: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The type identifier octet.
    public let rawValue: UInt8

    /// Any octet; ``isKnown`` tells whether the registry of types has it.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// HMAC-SHA-2-512 authenticator, or a PIN (`A…`).
    public static let authenticatorSHA2 = UDFType(rawValue: 0)
    /// HMAC-SHA-3-512 authenticator (`A…`).
    public static let authenticatorSHA3 = UDFType(rawValue: 1)
    /// HKDF-AES-512 encryption key (`E…`).
    public static let encryption = UDFType(rawValue: 32)
    /// HKDF-AES-512 encryption and signature key (`E…`).
    public static let encryptionSignature = UDFType(rawValue: 33)
    /// SHA-3-512 content digest (`K…`), compression level 0; levels 1 to 4 are the next four identifiers.
    public static let digestSHA3 = UDFType(rawValue: 80)
    /// SHA-2-512 content digest (`M…`), compression level 0; levels 1 to 4 are the next four identifiers.
    public static let digestSHA2 = UDFType(rawValue: 96)
    /// Nonce (`N…`).
    public static let nonce = UDFType(rawValue: 104)
    /// OID-distinguished DER sequence (`O…`).
    public static let oid = UDFType(rawValue: 112)
    /// Shamir secret share (`S…`).
    public static let share = UDFType(rawValue: 144)
    /// Secret seed for key derivation (`Z…`).
    public static let seed = UDFType(rawValue: 200)

    /// Whether the type is one that the specification lists.
    public var isKnown: Bool {
        switch rawValue {
        case 0, 1, 32, 33, 80...84, 96...100, 104, 112, 144, 200: true
        default: false
        }
    }

    /// Whether UDFs of this type are cut to a number of bits (digests and authenticators are, all others never).
    public var isVariableLength: Bool {
        switch rawValue {
        case 0, 1, 80...84, 96...100: true
        default: false
        }
    }

    /// Whether the value is itself a secret: a key, a share, a seed, or an authenticator that may be a PIN.
    public var isSecret: Bool {
        switch rawValue {
        case 32, 33, 144, 200: true
        default: false
        }
    }

    /// The digest with `level` (0...4) of compression, for either digest type.
    public func compressed(level: Int) -> UDFType { UDFType(rawValue: rawValue + UInt8(level)) }

    /// The text form.
    public var description: String { "type \(rawValue)" }
}

/// A uniform data fingerprint that is not secret: its text, and the octets the text stands for (`udf-13` §3).
///
/// The text is kept in canonical form (upper case, a dash after every fourth character). Seeds, keys and shares are
/// secrets and are not held in this type: see `SecretUDF` in the cryptography module.
public struct UDF: Hashable, Sendable, CustomStringConvertible, LosslessStringConvertible {
    /// The canonical text.
    public let text: String

    /// What the first octet says the value is.
    public let type: UDFType

    /// The default precision of digests and authenticators: 140 bits, the type identifier included: 28 characters.
    public static let defaultBits = 140
    /// The least precision at which two fingerprints are compared, in bits.
    public static let minimumMatchBits = 100
    /// The longest text that is read, in characters without dashes (a 512-octet value).
    static let maximumCharacters = 824

    /// The octets the text stands for, the type identifier first; spare bits of the last character dropped.
    public var octets: [UInt8] {
        let source = Array(text.utf8)
        return [UInt8](unsafeUninitializedCapacity: source.count) { buffer, count in
            count =
                source.withUnsafeBytes { Base32.decode($0, into: UnsafeMutableRawBufferPointer(buffer)) } ?? 0
        }
    }

    /// The octets after the type identifier.
    public var data: [UInt8] { Array(octets.dropFirst()) }

    /// The text form.
    public var description: String { text }

    /// Reads a UDF: any case, dashes anywhere or nowhere.
    ///
    /// - Throws: ``UDFError`` `invalidCharacter`, `tooShort`, `tooLong` or `unknownType`.
    public init(parsing text: String) throws(UDFError) {
        var characters: [UInt8] = []
        for octet in text.utf8 where octet != 0x2D {
            switch octet {
            case 0x41...0x5A, 0x32...0x37: characters.append(octet)
            case 0x61...0x7A: characters.append(octet - 0x20)
            default:
                throw UDFError(
                    .invalidCharacter, "A fingerprint is written with the letters A to Z and the digits 2 to 7 only.")
            }
        }
        guard characters.count >= 2 else { throw UDFError(.tooShort, "The text is too short to be a fingerprint.") }
        guard characters.count <= Self.maximumCharacters else {
            throw UDFError(.tooLong, "The text is too long to be a fingerprint (\(characters.count) characters).")
        }
        let type = UDFType(rawValue: Self.firstOctet(characters[0], characters[1]))
        guard type.isKnown else {
            throw UDFError(.unknownType, "The text starts with UDF type \(type.rawValue), which is not known.")
        }
        self.text = characters.withUnsafeBytes { Self.grouped($0) }
        self.type = type
    }

    /// As ``init(parsing:)``, nil where that throws.
    public init?(_ description: String) {
        guard let udf = try? UDF(parsing: description) else { return nil }
        self = udf
    }

    /// Presents `type` and `value`; a variable-length type is cut to `bits`, the type identifier counted.
    public init(type: UDFType, value: some Collection<UInt8>, bits: Int = UDF.defaultBits) {
        self.init(type: type, text: Self.present([type.rawValue] + value, bits: type.isVariableLength ? bits : nil))
    }

    /// Presents `type` and `value`, cut to `bits` whatever the type: for identifiers that borrow the type of what they name.
    public init(type: UDFType, value: some Collection<UInt8>, cutTo bits: Int) {
        self.init(type: type, text: Self.present([type.rawValue] + value, bits: bits))
    }

    private init(type: UDFType, text: String) {
        self.type = type
        self.text = text
    }

    /// The Base32 text of `octets` in groups of four, cut to the first ceil(bits / 5) characters if `bits` is given.
    public static func present(_ octets: [UInt8], bits: Int? = nil) -> String {
        let whole = Base32.encodedCount(octets.count)
        let count = min(whole, bits.map { (max($0, 0) + 4) / 5 } ?? whole)
        // No more octets than the characters show, in whole groups of eight characters.
        let needed = min(octets.count, (count + 7) / 8 * 5)
        return withUnsafeTemporaryAllocation(byteCount: Base32.encodedCount(needed), alignment: 1) { characters in
            octets.withUnsafeBytes { Base32.encode(UnsafeRawBufferPointer(rebasing: $0[..<needed]), into: characters) }
            return grouped(UnsafeRawBufferPointer(rebasing: characters[..<count]))
        }
    }

    /// Whether two fingerprints name the same thing: same type, and one a prefix of the other (`udf-13` §5), with at
    /// least ``minimumMatchBits`` bits in common.
    public func matches(_ other: UDF) -> Bool {
        guard type == other.type else { return false }
        let left = text.utf8.filter { $0 != 0x2D }
        let right = other.text.utf8.filter { $0 != 0x2D }
        let shorter = min(left.count, right.count)
        return shorter * 5 >= Self.minimumMatchBits && left.prefix(shorter).elementsEqual(right.prefix(shorter))
    }

    private static func grouped(_ characters: UnsafeRawBufferPointer) -> String {
        let count = characters.count
        return String(unsafeUninitializedCapacity: count + max(count - 1, 0) / 4) { text in
            var position = 0
            for (index, character) in characters.enumerated() {
                if index > 0, index % 4 == 0 {
                    text[position] = 0x2D
                    position += 1
                }
                text[position] = character
                position += 1
            }
            return position
        }
    }

    private static func firstOctet(_ first: UInt8, _ second: UInt8) -> UInt8 {
        var octets: [UInt8] = [0, 0]
        [first, second].withUnsafeBytes { source in
            octets.withUnsafeMutableBytes { _ = Base32.decode(source, into: $0) }
        }
        return octets[0]
    }
}

/// What is wrong with the text of a UDF.
public struct UDFError: MeshError, Equatable {
    /// The cases.
    public struct Code: Hashable, Sendable {
        /// The stable name.
        public let name: String
        /// A character outside the Base32 alphabet.
        public static let invalidCharacter = Code(name: "udf-invalid-character")
        /// Not even a type identifier.
        public static let tooShort = Code(name: "udf-too-short")
        /// Longer than any UDF.
        public static let tooLong = Code(name: "udf-too-long")
        /// A type identifier that the specification does not list.
        public static let unknownType = Code(name: "udf-unknown-type")
        /// A known type, but not one that can stand here.
        public static let wrongType = Code(name: "udf-wrong-type")
        /// The right type, with a value that cannot be one.
        public static let invalidValue = Code(name: "udf-invalid-value")
    }

    /// The case.
    public let code: Code
    /// What happened, in one sentence.
    public let message: String
    /// The stable name of the case.
    public var codeName: String { code.name }
    /// What can be done about it, if anything.
    public var remedy: String? { nil }
    /// The error below this one, if any.
    public var cause: (any Error)? { nil }

    /// An error that says `message`, which must not quote the value: it may be a secret.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Equal when the case is the same.
    public static func == (left: UDFError, right: UDFError) -> Bool { left.code == right.code }
}
