import MeshCryptography

/// Fields as one string of octets, each with its length before it: no two lists of fields give the same string.
struct SignedFields {
    private(set) var octets: [UInt8] = []

    mutating func append(_ field: some Collection<UInt8>) {
        append(count: field.count)
        octets += field
    }
    mutating func append(_ text: String) { append(text.utf8) }
    mutating func append(_ number: Int64) { append(Self.bigEndian(UInt64(bitPattern: number))) }

    private mutating func append(count: Int) { octets += Self.bigEndian(UInt64(count)) }
    private static func bigEndian(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
}

extension PortalRequest {
    /// What an answer is bound to: the digest (SHA-512) of everything in the request, as it was sent.
    public var digest: [UInt8] {
        var fields = SignedFields()
        fields.append("mesh-portal-request-digest-1")
        fields.append(portal)
        fields.append(authorization == nil ? [0] as [UInt8] : [1])
        fields.append(authorization ?? [])
        fields.append(body)
        return HashAlgorithm.sha512.digest(fields.octets)
    }
}
