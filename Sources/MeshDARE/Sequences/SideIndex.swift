import MeshCryptography
import MeshEncoding
import MeshPlatforms

/// Where the frames of a sequence begin: 8 octets a frame, in memory and in a file beside the sequence.
///
/// It is a hint: every place is compared with the frame found there before it is used, and the whole is found again from
/// the sequence when it is missing, too short or wrong.
struct SideIndex: Sendable {
    /// Where the first frames begin.
    private(set) var positions: [Int] = []
    /// Whether the file was looked for.
    private(set) var isLoaded = false
    /// How many frames were looked for without it.
    var misses = 0

    private static let mark = Array("MESHIDX1".utf8)
    private static let headSize = mark.count + HashAlgorithm.sha256.digestSize

    /// Where frame `index` begins, and where it ends if that is known.
    func place(of index: Int) -> (position: Int, end: Int?)? {
        guard positions.indices.contains(index) else { return nil }
        return (positions[index], index + 1 < positions.count ? positions[index + 1] : nil)
    }

    /// Adds frames that were appended, if those before them are known.
    mutating func add(_ added: [Int], from index: Int) {
        if isLoaded, positions.count == index { positions.append(contentsOf: added) }
    }

    /// Takes these places instead.
    mutating func replace(by places: [Int]) { positions = places }

    /// Forgets everything: it was wrong.
    mutating func discard() {
        positions = []
        isLoaded = true
    }

    /// The name of the file beside the sequence `name`.
    static func fileName(_ name: String) -> String { "\(name).index" }

    /// Takes what the file has that can be: rising places before `end`.
    mutating func load(_ name: String, in directory: any ContainerDirectory, first: SequenceFirst, end: Int) throws {
        isLoaded = true
        guard let file = try directory.openFile(SideIndex.fileName(name), .read) else { return }
        let length = try file.length()
        // No frame has fewer than 6 octets.
        let count = min((length - SideIndex.headSize) / 8, end / 6 + 1)
        guard count > 0 else { return }
        let octets = try SideIndex.read(file, count: SideIndex.headSize + 8 * count)
        guard octets.count == SideIndex.headSize + 8 * count, octets.starts(with: SideIndex.mark + first.digest) else {
            return
        }
        positions = octets.withUnsafeBytes { octets in
            var positions: [Int] = []
            positions.reserveCapacity(count)
            for place in 0..<count {
                let value = UInt64(
                    bigEndian: octets.loadUnaligned(fromByteOffset: SideIndex.headSize + 8 * place, as: UInt64.self))
                guard let position = Int(exactly: value), position < end,
                    positions.last.map({ position > $0 }) ?? (position == 0)
                else { break }
                positions.append(position)
            }
            return positions
        }
    }

    private static func read(_ file: any ContainerFile, count: Int) throws -> [UInt8] {
        // Proof: what is counted as filled is what was read.
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try file.read(at: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Goes on to find the places of the frames up to `end`, from the frames themselves.
    mutating func complete(_ log: FrameLog, end: Int) throws {
        isLoaded = true
        misses = 0
        var walker = FrameWalker(log: log, end: end, position: positions.popLast() ?? 0)
        while let block = try walker.next() {
            if block.damage != nil { return }
            if let large = block.large { positions.append(large) }
            for frame in block.frames { positions.append(block.start + frame.place) }
        }
    }

    /// Writes the file anew. It is not made durable: if it is lost, it is made again.
    func save(_ name: String, in directory: any ContainerDirectory, first: SequenceFirst) throws {
        var octets = SideIndex.mark + first.digest
        octets.reserveCapacity(octets.count + 8 * positions.count)
        for position in positions { withUnsafeBytes(of: UInt64(position).bigEndian) { octets.append(contentsOf: $0) } }
        guard let file = try directory.openFile(SideIndex.fileName(name), .append) else {
            return try directory.createFile(SideIndex.fileName(name), with: octets)
        }
        try octets.withUnsafeBytes { try file.write($0, at: 0) }
        try file.truncate(to: octets.count)
    }
}

/// What a side index is bound to.
struct SequenceFirst: Sendable {
    /// SHA-256 of frame 0 as it stands in the file.
    let digest: [UInt8]

    init(_ log: FrameLog) throws {
        let end = try StoredFrame(log, at: 0, limit: log.refresh()).end
        digest = HashAlgorithm.sha256.digest(try log.read(at: 0, count: end))
    }
}

extension DARESequence {
    /// After how many frames of a tree were looked for the side index is made.
    private static let mostMisses = 16
    /// How many frames are stepped back over before the side index is made.
    private static let mostSteps = 32

    /// The frame of that number by the side index; nil if that does not know it.
    func indexedFrame(_ index: Int, _ extent: Extent) throws -> SequenceFrame? {
        guard let place = try indexedPlace(index, extent) else { return nil }
        return try checked(index, place, extent)
    }

    /// Where the frame of that number is said to be, whatever is there.
    func indexedPlace(_ index: Int, _ extent: Extent) throws -> (position: Int, end: Int?)? {
        if let place = sideIndex({ $0.place(of: index) }) { return place }
        guard try prepareIndex(for: index, extent) else { return nil }
        return sideIndex { $0.place(of: index) }
    }

    /// The frame at `place` if it is the one looked for; else the index is forgotten.
    private func checked(_ index: Int, _ place: (position: Int, end: Int?), _ extent: Extent) throws -> SequenceFrame? {
        if let frame = try? found(place, index == extent.last ? extent.end : nil), frame.index == index { return frame }
        sideIndex { $0.discard() }
        return nil
    }

    private func found(_ place: (position: Int, end: Int?), _ last: Int?) throws -> SequenceFrame {
        guard let end = place.end ?? last else { return try SequenceFrame(log.frame(at: place.position)) }
        return try SequenceFrame(octets: log.read(at: place.position, count: end - place.position), at: place.position)
    }

    /// Loads or makes the index if that pays.
    ///
    /// - Returns: whether there is more in it than before.
    private func prepareIndex(for index: Int, _ extent: Extent) throws -> Bool {
        if !sideIndex({ $0.isLoaded }) {
            var loaded = SideIndex()
            let first = try SequenceFirst(log)
            try loaded.load(name, in: directory, first: first, end: extent.end)
            if loaded.positions.isEmpty, let frame = try lastIndexFrame(extent) {
                loaded.load(try FrameHeader.parse(frame.header[...], "header"), at: frame.position)
            }
            sideIndex { if !$0.isLoaded { $0 = loaded } }
            if sideIndex({ $0.place(of: index) }) != nil { return true }
        }
        let misses = sideIndex { index in
            index.misses += 1
            return index.misses
        }
        let pays =
            type.hasTreePosition && knownType != nil
            ? misses > Self.mostMisses : extent.last - index > Self.mostSteps || misses > Self.mostSteps
        guard pays else { return false }
        var made = sideIndex { $0 }
        try made.complete(log, end: extent.end)
        sideIndex { $0 = made }
        if access == .append {
            // Without it everything works, only slower.
            try? made.save(name, in: directory, first: SequenceFirst(log))
        }
        return true
    }

    /// Writes the side index `NAME.index` beside the sequence, so that who opens it next finds frames by number at once.
    ///
    /// - Throws: ``PlatformError``; as ``frame(at:)``.
    public func saveIndex() throws {
        var made = sideIndex { $0 }
        try made.complete(log, end: extent.end)
        sideIndex { $0 = made }
        try made.save(name, in: directory, first: SequenceFirst(log))
    }
}
