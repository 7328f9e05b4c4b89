import MeshCore
import MeshCryptography
import MeshEncoding

/// What frame 0 says about how frames are encrypted and signed (`dare-12` §5.3.4).
public struct SequencePolicy: Sendable {
    /// Which frames have a key exchange.
    public enum Encryption: String, CaseIterable, Sendable {
        /// Nothing is encrypted.
        case none = "None"
        /// One exchange, in frame 0. Who appends must be able to open it.
        case once = "Once"
        /// One exchange each time the sequence is opened for appending, in the first frame then appended.
        case session = "Session"
        /// One exchange in each frame: who appends needs no private key.
        case isolated = "Isolated"
    }

    /// Which frames are signed.
    public enum Signature: String, CaseIterable, Sendable {
        /// None.
        case none = "None"
        /// Each one, by itself.
        case isolated = "Isolated"
        /// The last one of each append, for all before it.
        case last = "Last"
        /// Any: as whoever appends likes.
        case any = "Any"
    }

    /// Which frames have a key exchange.
    public var encryption: Encryption
    /// How payloads are encrypted.
    public var algorithm: EncryptionAlgorithm
    /// The public keys everything is encrypted to.
    public var recipients: [PublicKey]
    /// Which frames are signed.
    public var signature: Signature
    /// The public keys of those who sign; empty if the policy does not say.
    public var signers: [PublicKey]
    /// Whether nobody may append against the policy.
    public var isSealed: Bool

    /// Neither encrypted nor signed.
    public static let plain = SequencePolicy()

    /// The policy of those values. Recipients without a mode are encrypted to frame by frame.
    public init(
        encryption: Encryption? = nil, algorithm: EncryptionAlgorithm = .standard, recipients: [PublicKey] = [],
        signature: Signature = .none, signers: [PublicKey] = [], isSealed: Bool = false
    ) {
        self.encryption = encryption ?? (recipients.isEmpty ? .none : .isolated)
        self.algorithm = algorithm
        self.recipients = recipients
        self.signature = signature
        self.signers = signers
        self.isSealed = isSealed
    }

    /// The policy in the header of frame 0.
    ///
    /// Files encrypt to their `EncryptKeys` while `enc` says none: the keys and the mode decide (`dare-12` §7.8).
    ///
    /// - Throws: ``DAREError`` `malformed`, `unsupportedAlgorithm`.
    init(_ members: JSONObject) throws(DAREError) {
        self.init(
            recipients: try SequencePolicy.keys("EncryptKeys", members),
            signers: try SequencePolicy.keys("SignKeys", members), isSealed: members["Sealed"] == .bool(true))
        if let label = members["enc"]?.string?.asLabel, label != "none" {
            algorithm = try EncryptionAlgorithm(label: label)
        }
        if let label = members["Encryption"]?.string?.asLabel {
            // D06 calls Once `Single`.
            guard let mode = label == "Single" ? .once : Encryption(rawValue: label) else {
                throw DAREError(.unsupportedAlgorithm, "The policy encrypts in a way that is not known here.")
            }
            encryption = mode
        }
        if let label = members["Signature"]?.string?.asLabel {
            guard let mode = Signature(rawValue: label) else {
                throw DAREError(.unsupportedAlgorithm, "The policy signs in a way that is not known here.")
            }
            signature = mode
        }
    }

    private static func keys(_ name: String, _ members: JSONObject) throws(DAREError) -> [PublicKey] {
        guard let value = members[name], value != .null else { return [] }
        guard let entries = value.array else { throw DAREError(.malformed, "The member \(name) is no list.") }
        var keys: [PublicKey] = []
        for entry in entries {
            guard let key = entry["PublicKeyECDH"], let curve = key["crv"]?.string,
                let algorithm = KeyAlgorithm(name: curve)
            else { throw DAREError(.unsupportedAlgorithm, "A key of the policy is of a kind that is not known here.") }
            guard var octets = key["Public"]?.binary else {
                throw DAREError(.malformed, "A key of the policy has no octets.")
            }
            // Without its parity octet a key serves to encrypt; only its fingerprint is not known.
            if algorithm == .x448, octets.count == 56 { octets.append(0) }
            do {
                keys.append(try PublicKey(algorithm: algorithm, octets: octets))
            } catch {
                throw DAREError(.malformed, "A key of the policy is no point of its curve.", cause: error)
            }
        }
        return keys
    }
}

extension SequencePolicy {
    /// The policy as a header member.
    var members: JSONObject {
        var members = JSONObject()
        if encryption != .none {
            members["enc"] = .string(algorithm.label)
            members["Encryption"] = .string(encryption.rawValue)
            members["EncryptKeys"] = .array(recipients.map(SequencePolicy.entry))
        }
        if signature != .none {
            members["Signature"] = .string(signature.rawValue)
            if !signers.isEmpty { members["SignKeys"] = .array(signers.map(SequencePolicy.entry)) }
        }
        if isSealed { members["Sealed"] = true }
        return members
    }

    private static func entry(_ key: PublicKey) -> JSONValue {
        ["PublicKeyECDH": ["crv": .string(key.algorithm.description), "Public": .binary(key.octets)]]
    }
}
