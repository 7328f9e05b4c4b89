import MeshEncoding

/// What a connected device may do for its account: a member of `Rights`, which the administrator signs.
///
/// Rights that are not known here are kept, and give nothing here.
public struct Right: RawRepresentable, Hashable, Sendable {
    /// The name on the wire.
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Equal when the octets are.
    public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasOctets(of: right.rawValue) }
    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(rawValue)) }

    /// To read and write everything of the account, and to admit and remove devices.
    public static let administrator = Right(rawValue: "administrator")
    /// To read and write what the account has.
    public static let member = Right(rawValue: "member")

    /// The rights that `value` lists, each once, in their order.
    static func list(_ value: JSONValue?) throws(ProfileError) -> [Right] {
        guard let value, value != .null else { return [] }
        let names = value.array?.map(\.string)
        guard let names, !names.contains(nil), names.count <= 64 else {
            throw ProfileError(.malformed, "The rights are no list of names.")
        }
        let rights = names.compactMap { $0.map { Right(rawValue: $0) } }
        return rights.unique
    }
}

extension [Right] {
    /// Each once, in their order.
    var unique: [Right] {
        var seen: Set<Right> = []
        return filter { seen.insert($0).inserted }
    }
}
