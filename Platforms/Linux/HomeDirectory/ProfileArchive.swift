import MeshCore
import MeshCryptography
import MeshPlatforms

/// The octets of an archive: every accepted version of a profile, oldest first.
///
/// ```
/// archive  header frame...
/// header   the eight octets "MMMARC" 00 01: the last two are the version
/// frame    length (4 octets, most significant first), SHA-2-512 of the length and the content (64), content,
///          length again
/// ```
///
/// The length at both ends makes a frame that was not written to its end (torn) stand out, and lets versions behind a
/// damaged one be found from the end.
struct ProfileArchive {
    static let header: [UInt8] = Array("MMMARC".utf8) + [0, 1]
    private static let digestSize = 64
    /// What a frame has besides its content.
    private static let overhead = 4 + digestSize + 4
    static let largestFrame = ProfileStoreLimits.largestProfile + overhead

    private let octets: [UInt8]
    /// Where the first frame may start.
    private let first: Int
    /// The contents of the frames that are whole, from the first on, and nil for a frame whose content is damaged.
    private(set) var versions: [[UInt8]?] = []
    /// Where the last frame that was found from the start ends; the header's end if there is none.
    private(set) var end: Int
    /// Versions that were found from the end, behind something that is no frame.
    private(set) var strays: [[UInt8]] = []

    /// What follows the frames.
    enum Tail {
        /// Nothing.
        case clean
        /// A frame that was not written to its end.
        case torn
        /// Something else: the archive is damaged.
        case damaged
    }

    /// Reads an archive.
    ///
    /// - Throws: ``PlatformError`` `unknownVersion`, `corrupt` if it does not start as an archive does.
    init(_ octets: [UInt8], path: String) throws {
        self.octets = octets
        first = Self.header.count
        end = min(Self.header.count, octets.count)
        guard octets.starts(with: Self.header.prefix(6)) || Self.header.starts(with: octets) else {
            throw PlatformError(
                .corrupt, store: path, "The file is not an archive of profiles.",
                remedy: "Restore it from a backup, or move it away; the latest profile does not need it.")
        }
        guard octets.starts(with: Self.header) || Self.header.starts(with: octets) else {
            throw PlatformError(
                .unknownVersion, store: path, "The archive has version \(octets[6]).\(octets[7]), which is not known.",
                remedy: "Use a newer release of this program.")
        }
        while let frame = frame(at: end) {
            versions.append(frame.isSound ? Array(octets[frame.content]) : nil)
            end = frame.end
        }
        var last = octets.count
        while last > end, let frame = frame(endingAt: last), frame.start >= end, frame.isSound {
            strays.insert(Array(octets[frame.content]), at: 0)
            last = frame.start
        }
    }

    /// Whether there is a header at all; an archive whose first write was cut short may have less.
    var hasHeader: Bool { octets.count >= Self.header.count }

    /// What follows the frames that were found from the start.
    var tail: Tail {
        if end == octets.count { return hasHeader ? .clean : .torn }
        // Whoever dies while appending leaves less than a frame behind the last one, with nothing whole in it, or room
        // that was never filled. If either length is that of the room, the frame was whole once.
        let room = octets.count - end - Self.overhead
        let wasWhole =
            room >= 0 && (length(at: end) == room || length(at: octets.count - 4) == room)
            && octets[end...].contains { $0 != 0 }
        return strays.isEmpty && !wasWhole && octets.count - end < Self.largestFrame ? .torn : .damaged
    }

    /// The octets of a frame with `content`.
    static func frame(_ content: [UInt8]) -> [UInt8] {
        let length = (0..<4).map { UInt8(truncatingIfNeeded: content.count >> (24 - 8 * $0)) }
        return length + HashAlgorithm.sha512.digest(length + content) + content + length
    }

    /// Whether `octets`, the last of an archive or (`isWhole`) all of it, end in a sound frame.
    static func endsInFrame(_ octets: [UInt8], isWhole: Bool) -> Bool {
        guard !isWhole || octets.starts(with: header) else { return false }
        return ProfileArchive(tail: octets, first: isWhole ? header.count : 0)
            .frame(endingAt: octets.count)?.isSound ?? false
    }

    private init(tail: [UInt8], first: Int) {
        octets = tail
        self.first = first
        end = tail.count
    }

    private struct Frame {
        let start: Int
        let content: Range<Int>
        let isSound: Bool
        var end: Int { content.upperBound + 4 }
    }

    /// The frame that starts at `start`, if its two lengths agree.
    private func frame(at start: Int) -> Frame? {
        guard octets.count - start >= Self.overhead else { return nil }
        let length = self.length(at: start)
        guard length <= ProfileStoreLimits.largestProfile, octets.count - start - Self.overhead >= length else {
            return nil
        }
        let first = start + 4 + Self.digestSize
        let content = first..<first + length
        guard self.length(at: content.upperBound) == length else { return nil }
        let digest = HashAlgorithm.sha512.digest(Array(octets[start..<start + 4]) + octets[content])
        return Frame(start: start, content: content, isSound: octets[start + 4..<first].elementsEqual(digest))
    }

    private func frame(endingAt end: Int) -> Frame? {
        guard end >= first + Self.overhead else { return nil }
        let start = end - Self.overhead - length(at: end - 4)
        guard start >= first else { return nil }
        return frame(at: start)
    }

    /// The caller has checked that four octets are there.
    private func length(at place: Int) -> Int {
        octets[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
    }
}
