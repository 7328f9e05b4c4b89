import MeshCryptography
import MeshEncoding

/// What has to be known of the end of a sequence to add a frame.
struct SequenceTail: Sendable {
    /// Where the last frame ends.
    var end = 0
    /// The number of the last frame; -1 when there is none.
    var last = -1
    /// The last frame's chain digest.
    var chain: [UInt8]?
    /// The last frame's check.
    var check: [UInt8]?
    /// Where the last index frame is.
    var indexPosition: Int?
    /// In trees: the last frame, the one it points at, the one that points at, and so on; the last frame comes last.
    var path: [Node] = []

    /// A frame that a later one may point at.
    struct Node: Sendable {
        let index: Int
        let position: Int
        let digest: [UInt8]?
    }

    /// Where the frame is that the next one points at, and its number.
    func target(of index: Int) -> Node? {
        guard let previous = SequenceTree.previous(of: index) else { return nil }
        return path.last { $0.index == previous }
    }

    /// The tree digest of a frame that the next one is computed from.
    func treeDigest(of index: Int) -> [UInt8]? { path.last { $0.index == index }?.digest }

    /// Goes on to the next frame.
    mutating func advance(to node: Node, end: Int, isTree: Bool, chain: [UInt8]?, check: [UInt8]?) {
        if isTree {
            let previous = SequenceTree.previous(of: node.index) ?? -1
            while let top = path.last, top.index > previous { path.removeLast() }
            path.append(node)
        }
        self.end = end
        last = node.index
        self.chain = chain
        self.check = check
    }
}

extension SequenceTail {
    /// The state after the frame that ends at `end`, read from there. What `known` says of earlier frames is used.
    ///
    /// - Throws: ``DAREError`` `malformed` when frames are not where others say.
    static func read(_ log: FrameLog, end: Int, isTree: Bool, known: SequenceTail) throws -> SequenceTail {
        let frame = try StoredFrame(log, endingAt: end)
        let members = try frame.members
        var tail = SequenceTail(end: end, last: try frame.index)
        tail.chain = try members.chainDigest
        tail.check = frame.trailer.withUnsafeBytes { FrameCheck.stated(in: $0)?.value }
        let info = SequenceInfo(header: members.header)
        tail.indexPosition = members.header["SequenceIndex"] != nil ? frame.position : info.indexPosition
        guard isTree else { return tail }
        var nodes = [Node(index: tail.last, position: frame.position, digest: try members.treeDigest)]
        var pointer = info
        while let previous = SequenceTree.previous(of: nodes[nodes.count - 1].index) {
            if let place = known.path.lastIndex(where: { $0.index == previous }),
                known.path[place].position == pointer.treePosition
            {
                nodes.append(contentsOf: known.path[...place].reversed())
                break
            }
            let frame = try earlier(log, pointer, index: previous, before: nodes[nodes.count - 1].position)
            let members = try frame.members
            nodes.append(Node(index: previous, position: frame.position, digest: try members.treeDigest))
            pointer = SequenceInfo(header: members.header)
        }
        tail.path = nodes.reversed()
        return tail
    }

    /// The frame that a frame of a tree points at.
    static func earlier(
        _ log: FrameLog, _ info: SequenceInfo, index: Int, before position: Int
    ) throws -> StoredFrame {
        guard let place = info.treePosition, place < position else {
            throw DAREError(
                .malformed, "Frame \(info.index ?? -1) of \(log.path) does not say where frame \(index) is.")
        }
        let frame = try StoredFrame(log, at: place, limit: position)
        let found = try frame.index
        guard found == index else {
            throw DAREError(
                .malformed,
                "Frame \(info.index ?? -1) of \(log.path) points at frame \(found) instead of frame \(index).")
        }
        return frame
    }
}
