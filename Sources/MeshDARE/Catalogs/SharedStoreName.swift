/// A store of an account that is named by the rights of its devices: those with the right `readers` read it, and those that have
/// the right `writers` besides may write it. An extension of the schema.
///
/// Nothing but the name says so: a portal, and every device, knows from it who may do what. A pair of rights has one name, and
/// none where another store is theirs already.
public struct SharedStoreName: Hashable, Sendable {
    /// The right by which it is read.
    public let readers: String
    /// The right that a device needs besides to write it; the same one where whoever reads it may.
    public let writers: String

    private static let prefix = "Shared_"
    /// The rights that have stores of their own, which applications use.
    private static let provided: Set<String> = ["administrator", "mail", "member", "network", "ssh", "web"]

    /// Whether a right can have that name: a small letter or digit, then up to 63 of these, `-` and `.`.
    public static func isRight(_ name: String) -> Bool {
        func isLetterOrDigit(_ octet: UInt8) -> Bool { (0x61...0x7A).contains(octet) || (0x30...0x39).contains(octet) }
        return (1...64).contains(name.utf8.count) && name.utf8.first.map(isLetterOrDigit) == true
            && name.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x2E }
    }

    /// The store of those rights; nil if one of them cannot be, is `threshold`, which gives no keys, or if there is another store
    /// that is read and written by just these. What administrators alone read is never one.
    public init?(readers: String, writers: String) {
        guard Self.isRight(readers), Self.isRight(writers), readers != "administrator",
            readers != "threshold", writers != "threshold", readers != writers || !Self.provided.contains(readers)
        else { return nil }
        self.readers = readers
        self.writers = writers
    }
}

extension SharedStoreName: RawRepresentable, Comparable {
    /// `Shared_readers`, or `Shared_readers_writers` where they are two.
    public var rawValue: String { Self.prefix + (readers == writers ? readers : "\(readers)_\(writers)") }

    /// The store of that name, in its one spelling; nil for any other text.
    public init?(rawValue: String) {
        guard rawValue.utf8.starts(with: Self.prefix.utf8) else { return nil }
        let parts = rawValue.utf8.dropFirst(Self.prefix.utf8.count)
            .split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        switch parts.count {
        case 1: self.init(readers: parts[0], writers: parts[0])
        case 2 where parts[0] != parts[1]: self.init(readers: parts[0], writers: parts[1])
        default: return nil
        }
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
