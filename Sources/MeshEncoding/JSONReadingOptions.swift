/// The encodings. Each contains the ones before it.
public enum JSONEncoding: Int, Comparable, Hashable, Sendable, CaseIterable {
    /// JSON text (RFC 8259).
    case json
    /// Binary items, numbers and lengths under tags (`jsonbcd-21` §4).
    case jsonB
    /// JSON-B with codes that stand for texts and binary items (§5).
    case jsonC
    /// JSON-C with further formats of numbers (§6).
    case jsonD

    /// Whether the right one contains the left one, and more.
    public static func < (left: JSONEncoding, right: JSONEncoding) -> Bool { left.rawValue < right.rawValue }
}

/// What is accepted when values are read.
public struct JSONReadingOptions: Sendable {
    /// The most that is read; ``JSONEncoding/json`` refuses every tag.
    public var encoding: JSONEncoding
    /// Whether files of others are read as they are: with a byte order mark, and with control characters (such as the
    /// line breaks in base64url) inside texts.
    public var isTolerant: Bool
    /// How deep objects and arrays may be nested.
    public var maximumDepth: Int
    /// How much memory the values may take.
    public var memory: JSONMemoryLimit
    /// The dictionaries that a stream may name instead of defining its codes.
    public var dictionaries: [JSONDictionary]

    /// Everything that is read by default: all encodings, tolerantly, 200 levels deep, in bounded memory.
    public init(
        encoding: JSONEncoding = .jsonD, isTolerant: Bool = true, maximumDepth: Int = 200,
        memory: JSONMemoryLimit = .proportional, dictionaries: [JSONDictionary] = []
    ) {
        self.encoding = encoding
        self.isTolerant = isTolerant
        self.maximumDepth = maximumDepth
        self.memory = memory
        self.dictionaries = dictionaries
    }

    /// JSON text and nothing else (RFC 8259), ``JSONValue/maximumDepth`` levels deep.
    public static let strict = JSONReadingOptions(
        encoding: .json, isTolerant: false, maximumDepth: JSONValue.maximumDepth)
}

/// How much memory the values that are read may take. A value of two octets takes a dozen times as much as a tree.
public struct JSONMemoryLimit: Hashable, Sendable {
    /// Half octets for each octet read.
    let halves: Int
    let base: Int

    /// Two and a half times the octets read and 14 MiB: with the octets themselves and what comes and goes less than four
    /// times the input and 16 MiB, whatever the input is. Data of some megabytes always have room; beyond, records of
    /// texts and octets have, and great numbers of tiny values have not.
    public static let proportional = JSONMemoryLimit(halves: 5, base: 14 << 20)
    /// No limit, for data of one's own.
    public static let unlimited = JSONMemoryLimit(halves: 0, base: .max)
    /// At most about `octets`.
    public static func octets(_ octets: Int) -> JSONMemoryLimit { JSONMemoryLimit(halves: 0, base: max(octets, 0)) }

    /// The limit when `count` octets were read; of a stream, whose octets are not kept, it is one more for each.
    func limit(after count: Int, isStream: Bool) -> Int {
        guard halves > 0 else { return base }
        let (product, isTooLarge) = count.multipliedReportingOverflow(by: isStream ? halves + 2 : halves)
        let (sum, overflows) = (product / 2).addingReportingOverflow(base)
        return isTooLarge || overflows ? .max : sum
    }
}

/// A dictionary that both sides know: texts and binary items that codes stand for (`jsonbcd-21` §5, tag xD0).
public struct JSONDictionary: Sendable {
    /// What names it, at most 255 octets.
    public let identifier: [UInt8]
    /// The items. The code of each is its place here and the offset under which the dictionary is inserted.
    public let items: [JSONValue]

    /// A dictionary; nil if the identifier is too long, or an item is neither text nor binary.
    public init?(identifier: [UInt8], items: [JSONValue]) {
        let isUsable = items.allSatisfy {
            switch $0 {
            case .string, .binary: true
            default: false
            }
        }
        guard isUsable, identifier.count <= 255, UInt32(exactly: items.count) != nil else { return nil }
        self.identifier = identifier
        self.items = items
    }
}
