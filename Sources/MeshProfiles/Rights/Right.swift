import MeshDARE
import MeshEncoding

/// What a connected device may do for its account: a member of `Rights`, which the administrator signs.
///
/// Besides those below, any name that ``isName`` may be the right of an application of its own: the account has a key of it, as of
/// the others, from when an administrator's device first gives it. Other names that are met are kept, and give nothing.
public struct Right: RawRepresentable, Hashable, Sendable {
    /// The name on the wire.
    public let rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }

    /// Equal when the octets are.
    public static func == (left: Self, right: Self) -> Bool { left.rawValue.hasOctets(of: right.rawValue) }
    public func hash(into hasher: inout Hasher) { hasher.combine(ExactText(rawValue)) }

    /// To read and write everything of the account, and to admit and remove devices.
    public static let administrator = Right(rawValue: "administrator")
    /// To read and write what every device of a person shares: contacts, bookmarks, tasks, and what applications keep.
    public static let member = Right(rawValue: "member")
    /// To read messages, and to act for the person towards others.
    public static let messages = Right(rawValue: "messages")
    /// To read and write passwords.
    public static let web = Right(rawValue: "web")
    /// To read and write what SSH needs.
    public static let ssh = Right(rawValue: "ssh")
    /// To read and write mail accounts and their keys.
    public static let mail = Right(rawValue: "mail")
    /// To read and write networks.
    public static let network = Right(rawValue: "network")
    /// Only to be a device of the account: it has its own keys, and none that are shared.
    public static let threshold = Right(rawValue: "threshold")

    /// What a device may do if nothing else is said: everything but to administer.
    public static let usual: [Right] = [.member, .messages, .web, .ssh, .mail, .network]
    /// The rights for which every account has a key from the start.
    public static let keyed: [Right] = [.administrator] + usual
    /// The most rights of its own that an account has keys of.
    public static let mostOwn = 32

    /// Whether a right can have that name: a small letter or digit, then up to 63 of these, `-` and `.`.
    public var isName: Bool { SharedStoreName.isRight(rawValue) }
    /// Whether it is none of those that every account has, but can be one of an application of its own.
    public var isOwn: Bool { isName && self != .threshold && !Self.keyed.contains(self) }

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
    /// Whether they give `right`: an administrator has them all.
    public func give(_ right: Right) -> Bool { contains(right) || contains(.administrator) }

    /// Each once, in their order.
    public var unique: [Right] {
        var seen: Set<Right> = []
        return filter { seen.insert($0).inserted }
    }
}
