/// A number in one of the exact formats of JSON-B and JSON-D (`jsonbcd-21` §4, §6), held as its octets.
public struct JSONReal: Hashable, Sendable {
    /// The formats. IEEE binary16 and binary32 are read as binary64, which holds their values exactly.
    public enum Format: String, Hashable, Sendable, CaseIterable {
        /// IEEE 754 binary64, 8 octets.
        case binary64
        /// IEEE 754 binary128, 16 octets.
        case binary128
        /// Intel's extended format, 10 octets.
        case intel80
        /// IEEE 754 decimal32, 4 octets.
        case decimal32
        /// IEEE 754 decimal64, 8 octets.
        case decimal64
        /// IEEE 754 decimal128, 16 octets.
        case decimal128

        /// How many octets a number takes.
        public var octetCount: Int {
            switch self {
            case .decimal32: 4
            case .binary64, .decimal64: 8
            case .intel80: 10
            case .binary128, .decimal128: 16
            }
        }
    }

    /// The format.
    public let format: Format
    /// The number, the most significant octet first.
    public let octets: [UInt8]

    /// A number of these octets; nil if `format` has another number of them.
    public init?(_ format: Format, octets: [UInt8]) {
        guard octets.count == format.octetCount else { return nil }
        self.format = format
        self.octets = octets
    }

    /// A double.
    public init(_ value: Double) {
        format = .binary64
        octets = withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) }
    }

    /// The double, if this is one; no other format is converted.
    public var double: Double? {
        guard format == .binary64 else { return nil }
        return Double(bitPattern: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// The decimal text of a finite double, the shortest that reads back as it; nil for all that JSON has no text for.
    var text: String? { double.flatMap { $0.isFinite ? "\($0)" : nil } }
}
