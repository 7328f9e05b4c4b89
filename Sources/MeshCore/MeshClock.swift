import Glibc
import Synchronization

/// What tells the time. A platform has one, so that a test can set it.
public protocol MeshClock: Sendable {
    /// The present time, to the second.
    var now: Timestamp { get }
}

/// The system's clock.
public struct SystemClock: MeshClock {
    /// Makes the clock; there is nothing to set up.
    public init() {}

    /// The present time.
    public var now: Timestamp { Timestamp(secondsSince1970: Int64(time(nil))) }
}

/// A clock that stands still until it is moved: for tests.
public final class ManualClock: MeshClock {
    private let time: Mutex<Timestamp>

    /// A clock that shows `start`.
    public init(_ start: Timestamp = Timestamp(secondsSince1970: 1_577_836_800)) {
        time = Mutex(start)
    }

    /// The present time.
    public var now: Timestamp { time.withLock { $0 } }

    /// Moves the clock by `seconds`, forward or back.
    public func advance(by seconds: Int64) {
        time.withLock { $0 = Timestamp(secondsSince1970: $0.secondsSince1970 + seconds) }
    }
}

/// A moment in UTC, to the second, written `YYYY-MM-DDThh:mm:ssZ` as all Mesh data are.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
    public let secondsSince1970: Int64

    /// The moment that lies `seconds` after 1970-01-01T00:00:00Z. Years 0001 to 9999 can be written.
    public init(secondsSince1970 seconds: Int64) {
        // Outside the years that the text form can carry, the nearest one that it can.
        self.secondsSince1970 = min(max(seconds, -62_135_596_800), 253_402_300_799)
    }

    /// Reads `YYYY-MM-DDThh:mm:ssZ`; nil for anything else, also for a date that does not exist.
    public init?(_ text: String) {
        let octets = Array(text.utf8)
        guard octets.count == 20 else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for octet in octets[range] {
                guard (48...57).contains(octet) else { return nil }
                value = value * 10 + Int(octet - 48)
            }
            return value
        }
        guard octets[4] == 45, octets[7] == 45, octets[10] == 84, octets[13] == 58, octets[16] == 58, octets[19] == 90,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            year >= 1, (1...12).contains(month), hour < 24, minute < 60, second < 60
        else { return nil }
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
        let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        guard day >= 1, day <= lengths[month - 1] else { return nil }
        // Days from the civil calendar, counted in eras of 400 years that start in March.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        let days = era * 146_097 + dayOfEra - 719_468
        secondsSince1970 = Int64(days * 86_400 + hour * 3600 + minute * 60 + second)
    }

    /// The text form.
    public var description: String {
        var parts = tm()
        var seconds = time_t(secondsSince1970)
        gmtime_r(&seconds, &parts)
        func padded(_ value: Int32, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let date = "\(padded(parts.tm_year + 1900, 4))-\(padded(parts.tm_mon + 1, 2))-\(padded(parts.tm_mday, 2))"
        return date + "T\(padded(parts.tm_hour, 2)):\(padded(parts.tm_min, 2)):\(padded(parts.tm_sec, 2))Z"
    }

    /// Whether the left moment is the earlier one.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSince1970 < right.secondsSince1970
    }
}
