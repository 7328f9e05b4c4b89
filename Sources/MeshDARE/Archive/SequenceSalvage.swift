import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms

/// What can be read of a sequence, however damaged it is: the frames that are whole, before and behind damage.
///
/// Nothing is changed. What is being written at the moment does not count.
public struct SequenceSalvage: Sendable {
    /// A frame that is whole.
    public struct Frame: Sendable {
        /// Its number, as it says; nil if its header cannot be read.
        public let index: Int?
        /// The payload as it is stored; nil if it does not have the digest that the frame states.
        public let payload: [UInt8]?
        /// Whether everything in the frame is as it was written, as far as digests and check values tell.
        public let isIntact: Bool
    }

    /// Something between frames, or behind them, that is none.
    public struct Damage: Hashable, Sendable {
        /// Where in the file.
        public let range: Range<Int>
        /// Whether a writer that was killed can have left it: the file ends with it, and it was never a whole frame.
        public let isTorn: Bool
    }

    /// What was found.
    public enum Piece: Sendable {
        /// A frame.
        case frame(Frame)
        /// No frame.
        case damage(Damage)
    }

    /// What was found, in the order of the file.
    public let pieces: [Piece]

    /// Reads the sequence called `name`; nil if it is not there. Blocks.
    ///
    /// - Parameter largestFrame: the most octets of a frame; a larger one is taken for damage.
    /// - Throws: ``PlatformError``. What is wrong with the sequence is not thrown: it is in the result.
    public init?(_ name: String, in directory: any ContainerDirectory, largestFrame: Int = 64 << 20) throws {
        guard let log = try FrameLog.open(name, in: directory, .read) else { return nil }
        let end = try log.endToVerify()
        var walker = FrameWalker(log: log, end: end)
        var pieces: [Piece] = []
        var check: [UInt8]?
        var followsDamage = false
        var isFirst = true
        while let block = try walker.next() {
            if let damage = block.damage {
                let range = block.start..<block.end
                let isTorn = try damage.end == end && !Self.wasWhole(log, range)
                pieces.append(.damage(Damage(range: range, isTorn: isTorn)))
                followsDamage = true
            }
            var contents = block.frames.map { place, extent in
                let start = place + extent.headSize
                return Array(block.octets[start..<start + extent.contentSize])
            }
            if block.large != nil {
                guard block.end - block.start <= largestFrame else {
                    pieces.append(.damage(Damage(range: block.start..<block.end, isTorn: false)))
                    followsDamage = true
                    continue
                }
                contents = [try log.frame(at: block.start).content]
            }
            for content in contents {
                let examined = Self.examine(content, after: check, isLinked: !followsDamage, isFirst: isFirst)
                pieces.append(.frame(examined.frame))
                check = examined.check
                followsDamage = false
                isFirst = false
            }
        }
        self.pieces = pieces
    }

    /// Whether the sequence called `name` ends with a whole frame, which takes no reading of the rest; nil if it is not
    /// there. Blocks.
    ///
    /// - Throws: ``PlatformError``.
    public static func endsInFrame(_ name: String, in directory: any ContainerDirectory) throws -> Bool? {
        guard let log = try FrameLog.open(name, in: directory, .read) else { return nil }
        do {
            _ = try log.frame(endingAt: log.endToVerify())
            return true
        } catch let error as PlatformError {
            throw error
        } catch {
            return false
        }
    }

    /// Whether the octets at the end of a file were a whole frame once: one of the two lengths is that of the room.
    private static func wasWhole(_ log: FrameLog, _ range: Range<Int>) throws -> Bool {
        let head = try log.read(at: range.lowerBound, count: min(JBCDFrame.largestHead, range.count))
        let count = min(JBCDFrame.largestHead, range.count)
        let tail = try log.read(at: range.upperBound - count, count: count)
        let extents = [
            head.withUnsafeBytes { try? JBCDFrame.frameHead($0) },
            tail.withUnsafeBytes { try? JBCDFrame.frameTail($0) },
        ]
        return extents.contains { $0?.frameSize == range.count }
    }

    private static func examine(
        _ content: [UInt8], after previous: [UInt8]?, isLinked: Bool, isFirst: Bool
    ) -> (frame: Frame, check: [UInt8]?) {
        // Where it lies does not matter here.
        guard let frame = try? SequenceFrame(position: 0, end: 0, content: content),
            let members = try? frame.members
        else { return (Frame(index: nil, payload: nil, isIntact: false), nil) }
        var payload: [UInt8]? = Array(frame.payload)
        var isIntact = frame.index == 0 || !isFirst
        if let algorithm = try? members.digestAlgorithm, let stated = try? members.payloadDigest {
            let digest = frame.payload.withUnsafeBytes { algorithm.digest($0) }
            if digest != stated { payload = nil }
        } else if members.trailer["PayloadDigest"] != nil || members.header["PayloadDigest"] != nil {
            payload = nil
        }
        let stated = frame.trailerOctets.withUnsafeBytes { FrameCheck.stated(in: $0) }
        if let stated {
            let digest =
                (try? members.payloadDigest) ?? frame.payload.withUnsafeBytes { HashAlgorithm.sha256.digest($0) }
            let value = frame.headerOctets.withUnsafeBytes { header in
                frame.trailerOctets.withUnsafeBytes { trailer in
                    FrameCheck.value(
                        previous: previous, header: header, trailer: trailer, payloadDigest: digest, stated.encoding)
                }
            }
            if value != stated.value, isLinked { isIntact = false }
        } else if previous != nil, isLinked {
            // The frame before has a check and this one has none: another writer's, or changed.
            isIntact = false
        }
        return (
            Frame(index: frame.index, payload: payload, isIntact: isIntact && payload != nil), stated?.value
        )
    }
}
