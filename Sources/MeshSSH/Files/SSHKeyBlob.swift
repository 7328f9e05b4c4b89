import MeshCore
import MeshCryptography

/// A public key in SSH's wire encoding, of whatever kind: what files of other people may hold besides the kinds of
/// ``SSHAlgorithm``.
///
/// Only the name of the kind is looked at. ``SSHPublicKey`` is for keys that are to be used.
public struct SSHKeyBlob: Hashable, Sendable {
    /// The most octets that a key may have.
    public static let maximumOctets = 16_384

    /// The name of the kind, as it stands in front of the key and in it: `ssh-ed25519`.
    public let algorithm: String
    /// The key in SSH's wire encoding.
    public let wire: [UInt8]

    /// The key that stands in a line as kind and Base64; nil if the two do not belong together.
    public init?(algorithm: String, base64: String) {
        guard base64.utf8.count <= 2 * Self.maximumOctets, let wire = Base64.standard.decode(base64) else { return nil }
        self.init(wire: wire)
        guard self.algorithm == algorithm else { return nil }
    }

    /// A key in SSH's wire encoding; nil if it does not begin with the name of a kind, or is too long.
    public init?(wire: [UInt8]) {
        guard wire.count <= Self.maximumOctets else { return nil }
        let name = wire.withUnsafeBytes { octets -> String? in
            var reader = SSHReader(octets)
            guard let name = try? reader.name(), reader.remaining > 0 else { return nil }
            return name
        }
        guard let name, Self.isName(name) else { return nil }
        algorithm = name
        self.wire = wire
    }

    /// The blob of a key.
    public init(_ key: SSHPublicKey) {
        algorithm = key.algorithm.rawValue
        wire = key.wire
    }

    /// The key in Base64, as lines have it.
    public var base64: String { Base64.standard.encode(wire) }

    /// The fingerprint that `ssh-keygen -l` prints.
    public var fingerprint: String {
        "SHA256:" + Base64(.standard, isPadded: false).encode(HashAlgorithm.sha256.digest(wire))
    }

    /// Whether `text` can be the name of a kind of key: what distinguishes it from the options in front of one.
    static func isName(_ text: some StringProtocol) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x7A).contains($0) || (0x41...0x5A).contains($0)
                    || "-@._".utf8.contains($0)
            }
    }
}
