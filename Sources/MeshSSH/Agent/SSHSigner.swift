import MeshCore

/// What an agent signs with: keys that stay where they are kept.
///
/// Conforming types borrow a private key for one signature. Both calls can be made from several tasks at once.
public protocol SSHSigner: Sendable {
    /// The keys that it signs with.
    ///
    /// - Throws: what keeps it from telling; the agent then answers that it cannot.
    func identities() async throws -> [SSHPublicKey]

    /// Signs `message` with the private half of `key`, which is one of ``identities()``.
    ///
    /// - Throws: what keeps it from signing: a store that is locked, a key that is gone.
    func sign(_ message: [UInt8], with key: SSHPublicKey) async throws -> SSHSignature
}

/// A signature as SSH sends it: the name of the algorithm, and its octets (RFC 4253 §6.6).
public struct SSHSignature: Hashable, Sendable {
    /// The algorithm: `ssh-ed25519`.
    public let algorithm: String
    /// The signature, in the form that the algorithm prescribes.
    public let octets: [UInt8]

    /// A signature by `algorithm`.
    public init(algorithm: String, octets: [UInt8]) {
        self.algorithm = algorithm
        self.octets = octets
    }

    /// An Ed25519 signature of 64 octets (RFC 8709 §6).
    public init(ed25519 octets: [UInt8]) { self.init(algorithm: SSHAlgorithm.ed25519.rawValue, octets: octets) }

    /// The signature in SSH's wire encoding.
    public var wire: [UInt8] {
        SSHWire.octets {
            $0.append(string: algorithm)
            $0.append(string: octets)
        }
    }
}
