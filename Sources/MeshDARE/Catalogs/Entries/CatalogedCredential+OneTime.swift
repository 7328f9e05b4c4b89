import MeshCore
import MeshCryptography
import MeshEncoding

// What one-time codes are made of stands in the credential as an object of its own (an extension of the schema): `Secret`,
// `Algorithm`, `Digits`, `Period`.
extension CatalogedCredential {
    static let oneTimeMember = "OneTime"

    /// Whether there is something that one-time codes are made of.
    public var hasOneTimeSecret: Bool { content[Self.oneTimeMember]?.object != nil }

    /// What one-time codes are made of; nil if the service wants none.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if no codes can be made of what is there.
    public func oneTimeSecret() throws(CatalogError) -> OneTimeSecret? {
        guard let object = content[Self.oneTimeMember]?.object else { return nil }
        let name = object["Algorithm"]?.string ?? OneTimeSecret.Algorithm.sha1.rawValue
        guard var key = object["Secret"]?.binary, let algorithm = OneTimeSecret.Algorithm(reading: name) else {
            throw CatalogError(.invalidEntry, "What \(self) makes one-time codes of is damaged.")
        }
        let secret = SecretBytes(copying: key)
        for place in key.indices { key[place] = 0 }
        do {
            return try OneTimeSecret(
                key: secret, algorithm: algorithm,
                digits: object["Digits"]?.integer.flatMap { Int(exactly: $0) } ?? 6,
                period: object["Period"]?.integer.flatMap { Int(exactly: $0) } ?? 30)
        } catch {
            throw CatalogError(
                .invalidEntry, "What \(self) makes one-time codes of is none that can be used.", cause: error)
        }
    }

    /// Sets what one-time codes are made of; nil takes it away.
    public mutating func setOneTimeSecret(_ secret: OneTimeSecret?) {
        guard let secret else { return content[Self.oneTimeMember] = nil }
        var object = content[Self.oneTimeMember]?.object ?? JSONObject()
        object["Secret"] = .binary(secret.withKey { Array($0) })
        object["Algorithm"] = .string(secret.algorithm.rawValue)
        object["Digits"] = .integer(secret.digits)
        object["Period"] = .integer(secret.period)
        content[Self.oneTimeMember] = .object(object)
    }
}
