import MeshCore
import MeshDARE
import MeshEncoding

// The public halves of the keys, in the members that the schema has for those in use: OpenpgpSign, OpenpgpEncrypt, SmimeSign and
// SmimeEncrypt, each whole by itself; and those that were used before in FormerKeys. The secret halves are in
// EnvelopedCapabilities, each sealed by itself under the key's fingerprint: looking at accounts opens none.
extension MailAccount {
    private static let former = "FormerKeys"

    private static func member(_ kind: MailKey.Kind, _ use: MailKey.Use) -> String {
        "\(kind == .openPGP ? "Openpgp" : "Smime")\(use.rawValue)"
    }

    /// The keys: those in use, and after them those that are kept for old mail, the newest first.
    public var keys: [MailKey] { MailKey.Kind.allCases.flatMap { currentKeys($0) } + formerKeys }

    /// The keys of a kind that are in use: one, or one to sign and another to encrypt.
    public func currentKeys(_ kind: MailKey.Kind) -> [MailKey] {
        var keys: [MailKey] = []
        for use in MailKey.Use.allCases {
            guard let key = currentKey(kind, use) else { continue }
            if let known = keys.firstIndex(where: { $0.udf == key.udf }) {
                keys[known].uses.insert(use)
            } else {
                keys.append(key)
            }
        }
        return keys
    }

    /// The key of a kind that is used for `use`; nil if there is none.
    public func currentKey(_ kind: MailKey.Kind, _ use: MailKey.Use) -> MailKey? {
        entry.content[Self.member(kind, use)]?.object.flatMap { MailKey(kind, $0, uses: [use]) }
    }

    /// The keys that are kept for old mail, the newest first.
    public var formerKeys: [MailKey] {
        let list = entry.content[Self.former]?.array ?? []
        return list.compactMap { value in
            guard let members = value.object, let since = members["Former"]?.string.flatMap({ Timestamp($0) }),
                let kind = members["Kind"]?.string.flatMap({ MailKey.Kind(rawValue: $0) })
            else { return nil }
            let uses = members["Uses"]?.array?.compactMap { $0.string.flatMap { MailKey.Use(rawValue: $0) } } ?? []
            return MailKey(kind, members, uses: Set(uses), formerSince: since)
        }
    }

    // MARK: Changing

    /// Uses a key from now on for what it is for, in the place of what was used.
    mutating func setCurrent(_ key: MailKey) {
        for use in key.uses { entry.content[Self.member(key.kind, use)] = .object(key.content) }
    }

    /// Stops using a key.
    mutating func removeCurrent(_ key: MailKey) {
        for use in MailKey.Use.allCases where currentKey(key.kind, use)?.udf == key.udf {
            entry.content[Self.member(key.kind, use)] = nil
        }
    }

    /// Keeps a key for old mail, in the place of what was kept of it.
    mutating func addFormer(_ key: MailKey, since: Timestamp) {
        var members = key.content
        members["Kind"] = .string(key.kind.rawValue)
        members["Former"] = .string(since.description)
        members["Uses"] = .array(key.uses.map(\.rawValue).sorted().map { .string($0) })
        let others = (entry.content[Self.former]?.array ?? []).filter { $0["Fingerprint"]?.string != key.fingerprint }
        entry.content[Self.former] = .array([.object(members)] + others)
    }

    // MARK: Secret halves

    /// The sealed secret half of a key; nil if it is not here.
    func sealed(_ key: MailKey) -> JSONValue? { entry.envelopedCapabilities.first { Self.id($0) == key.udf.text } }

    /// Keeps a sealed secret half, in the place of what was kept of the key.
    mutating func setSealed(_ sealed: JSONValue, of key: MailKey) {
        entry.envelopedCapabilities.removeAll { Self.id($0) == key.udf.text }
        entry.envelopedCapabilities.append(sealed)
    }

    private static func id(_ envelope: JSONValue) -> String? {
        (try? DAREEnvelope(envelope))?.header["EnvelopeId"]?.string
    }
}
