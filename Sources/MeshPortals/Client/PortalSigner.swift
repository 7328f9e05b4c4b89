import MeshCryptography

/// What signs the requests of a client. It lends a key for one signature at a time, from wherever the key is kept.
public protocol PortalSigner: Sendable {
    /// Lends the key to `body` and returns what that returns.
    ///
    /// - Throws: what `body` throws; otherwise the error of whatever keeps the key.
    func sign(_ body: @Sendable (PrivateKey) throws -> [UInt8]) async throws -> [UInt8]
}

/// A signer with a key that is at hand.
public struct KeySigner: PortalSigner {
    private let key: PrivateKey

    /// A signer with `key`.
    public init(_ key: PrivateKey) { self.key = key }

    public func sign(_ body: @Sendable (PrivateKey) throws -> [UInt8]) async throws -> [UInt8] { try body(key) }
}
