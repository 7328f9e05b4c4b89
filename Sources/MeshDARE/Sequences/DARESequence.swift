import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms
import Synchronization

/// A DARE sequence: an append-only file of frames (`dare-12` §4 to §6), the older drafts' container.
///
/// Any number of threads and processes read and append at the same time. What is read is not verified, except where a
/// call says so; ``verify(_:)`` verifies the whole file. Every call blocks.
public final class DARESequence: Sendable {
    /// The type, which says what frames are written; nil is a type that is not known here: it can be read only.
    public let knownType: SequenceType?
    /// How headers after frame 0 are encoded.
    public let encoding: JSONEncoding
    /// How payloads are hashed.
    public let digest: HashAlgorithm
    /// Who can read, and who signs, as frame 0 says.
    public let policy: SequencePolicy
    /// What frame 0 says about the whole.
    public let meta: ContentMeta
    /// Whether frames have check values.
    public let hasFrameChecks: Bool
    /// For messages: where it is.
    public var path: String { log.path }

    let log: FrameLog
    let name: String
    let directory: any ContainerDirectory
    let access: ContainerAccess
    /// Where the frames are, if they do not say their numbers: in files of 2017 and 2018, which can be read only.
    let unnumbered: [Int]?
    /// Whether it consists of runs, and is never left within one.
    let keepsWholeRuns: Bool
    let keys: SequenceKeys
    let random: any RandomSource
    let proofParts = ProofParts()
    private let state: Mutex<State>

    /// What is known of the file. All of it can be found again in the file.
    private struct State {
        var extent: Extent
        var tail = SequenceTail()
        var session: SequenceAppender.Exchange?
        var seeds: [Int: BaseSeed] = [:]
        var index = SideIndex()
    }

    /// How far the file was when it was last looked at.
    struct Extent: Sendable {
        var end: Int
        var last: Int
    }

    var type: SequenceType { knownType ?? .list }

    private init(
        log: FrameLog, _ directory: any ContainerDirectory, _ access: ContainerAccess, first: StoredFrame,
        last: StoredFrame, unnumbered: [Int]?, keepsWholeRuns: Bool, keys: SequenceKeys, random: any RandomSource
    ) throws(DAREError) {
        let members = try first.members
        let info = SequenceInfo(header: members.header)
        guard info.index == 0 else { throw DAREError(.malformed, "\(log.path) does not begin with frame 0.") }
        guard let label = info.type else { throw DAREError(.malformed, "\(log.path) does not say what type it is.") }
        knownType = SequenceType(label: label)
        encoding = try DataEncoding.encoding(of: info.dataEncoding)
        digest = try members.digestAlgorithm
        policy = try SequencePolicy(members.header["policy"]?.object ?? JSONObject())
        meta = try members.contentMeta
        hasFrameChecks = members.header["FrameCheck"]?.string?.asLabel == FrameCheck.label
        self.log = log
        self.name = log.name
        self.directory = directory
        self.access = access
        self.keys = keys
        self.random = random
        self.unnumbered = unnumbered
        self.keepsWholeRuns = keepsWholeRuns
        let number: Int
        if let unnumbered { number = unnumbered.count - 1 } else { number = try last.index }
        state = Mutex(State(extent: Extent(end: last.end, last: number)))
    }

    // MARK: Making and opening

    /// Makes a sequence called `name` with its frame 0, durably.
    ///
    /// - Throws: ``PlatformError`` `alreadyExists` and others of the directory; ``DAREError`` `wrongKey` for recipients
    ///   nothing can be encrypted to.
    public static func create(
        _ name: String, in directory: any ContainerDirectory, _ options: SequenceOptions = SequenceOptions(),
        keys: SequenceKeys = .none, random: any RandomSource = SystemRandomSource()
    ) throws -> DARESequence {
        let made = try FirstFrame.encode(options, keys: keys, random: random)
        let log = try FrameLog.create(
            name, in: directory, firstFrame: made.octets, isIntact: FrameRecovery.checkup)
        let sequence = try DARESequence(log: log, directory, .append, wholeRuns: false, keys: keys, random: random)
        if let seed = made.seed { sequence.state.withLock { $0.seeds[0] = seed } }
        if options.policy.encryption == .session, let seed = made.seed {
            sequence.state.withLock { $0.session = SequenceAppender.Exchange(frame: 0, seed: seed) }
        }
        return sequence
    }

    /// Opens the sequence called `name`; nil if it is not there. Reads its first and its last frame.
    ///
    /// - Parameter wholeRuns: whether the file is a copy that grows by whole signed runs alone. Frames that a power cut has
    ///   left of a run are taken back then when it is opened for appending, and kept in a file beside; nobody was told that
    ///   they are there. A sequence without run signatures is left as it is.
    /// - Throws: ``PlatformError``; ``DAREError`` `malformed`, `unsupportedAlgorithm`.
    public static func open(
        _ name: String, in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        wholeRuns: Bool = false, keys: SequenceKeys = .none, random: any RandomSource = SystemRandomSource()
    ) throws -> DARESequence? {
        guard let log = try FrameLog.open(name, in: directory, access, isIntact: FrameRecovery.checkup) else {
            return nil
        }
        if wholeRuns, access == .append { try takeBackUnfinishedRun(log) }
        return try DARESequence(log: log, directory, access, wholeRuns: wholeRuns, keys: keys, random: random)
    }

    private convenience init(
        log: FrameLog, _ directory: any ContainerDirectory, _ access: ContainerAccess, wholeRuns: Bool,
        keys: SequenceKeys, random: any RandomSource
    ) throws {
        let end = try log.refresh()
        guard end > 0 else { throw DAREError(.malformed, "\(log.path) has no frame.") }
        let first = try StoredFrame(log, at: 0, limit: end)
        let last = first.end == end ? first : try StoredFrame(log, endingAt: end)
        let unnumbered = try last.position == 0 || last.isNumbered ? nil : DARESequence.places(log, end: end)
        try self.init(
            log: log, directory, access, first: first, last: last, unnumbered: unnumbered, keepsWholeRuns: wholeRuns,
            keys: keys, random: random)
    }

    /// Where all frames are, found by walking through the file.
    private static func places(_ log: FrameLog, end: Int) throws -> [Int] {
        var places: [Int] = []
        var position = 0
        while position < end {
            places.append(position)
            position = try StoredFrame(log, at: position, limit: end).end
        }
        return places
    }

    // MARK: How far it goes

    /// How many frames there were when the file was last looked at, frame 0 included.
    public var count: Int { state.withLock { $0.extent.last + 1 } }

    /// Whether the name still leads to the file that is open: another may have been put in its place.
    ///
    /// - Throws: ``PlatformError``.
    public func isCurrent() throws -> Bool { try log.isCurrent() }

    /// Looks for frames that others appended, without a lock.
    ///
    /// - Returns: how many frames there are.
    @discardableResult
    public func refresh() throws -> Int {
        let end = try log.refresh()
        let known = extent
        if end == known.end || unnumbered != nil { return known.last + 1 }
        let last = try StoredFrame(log, endingAt: end).index
        return state.withLock { state in
            if end > state.extent.end { state.extent = Extent(end: end, last: last) }
            return state.extent.last + 1
        }
    }

    var extent: Extent { state.withLock { $0.extent } }

    /// How far the file was when it was last looked at, and where frame `index` of it is by the side index, if that knows.
    func known(_ index: Int) -> (extent: Extent, place: Range<Int>?) {
        state.withLock { state in
            let extent = state.extent
            guard index <= extent.last, let place = state.index.place(of: index),
                let end = place.end ?? (index == extent.last ? extent.end : nil), place.position < end
            else { return (extent, nil) }
            return (extent, place.position..<end)
        }
    }

    /// Lends the side index.
    @discardableResult
    func sideIndex<R: Sendable>(_ body: (inout SideIndex) -> R) -> R { state.withLock { body(&$0.index) } }

    // MARK: Appending

    /// Appends what `body` adds, all or nothing, while nobody else appends: it sees the sequence as it is at that moment.
    ///
    /// - Parameters:
    ///   - durability: when to return.
    ///   - deadline: until when to wait for the lock.
    /// - Throws: ``DAREError`` `unknownSequenceType`, `inDoubt` (it was appended, and may not be durable:
    ///   ``synchronize()`` tells); ``PlatformError`` `timedOut`, `noSpace`, `inputOutput`; what `body` throws.
    public func append<R>(
        durability: FrameLog.Durability = .grouped, until deadline: ContinuousClock.Instant = .now + .seconds(10),
        _ body: (inout SequenceAppender) throws -> R
    ) throws -> R {
        try append(durability: durability, until: deadline, mayReplace: true, body)
    }

    /// That the sequence is of a kind that is written here.
    func requireAppendable() throws(DAREError) {
        guard knownType != nil else {
            throw DAREError(
                .unknownSequenceType, "\(path) is a sequence of a type that is not known here.",
                remedy: "It can be read. To append, use the program that made it.")
        }
        guard unnumbered == nil else {
            throw DAREError(
                .unknownSequenceType, "\(path) is of a time when frames had no numbers.",
                remedy: "It can be read. Copy its content to a new sequence to go on.")
        }
    }

    /// - Parameter mayReplace: whether `body` may put another file in the place of this one.
    func append<R>(
        durability: FrameLog.Durability, until deadline: ContinuousClock.Instant, mayReplace: Bool,
        _ body: (inout SequenceAppender) throws -> R
    ) throws -> R {
        try requireAppendable()
        let (known, session) = state.withLock { ($0.tail, $0.session) }
        let (result, tail, exchange, places) = try log.append(
            durability: durability, until: deadline, mayReplace: mayReplace
        ) { batch in
            var tail = known
            if tail.end != batch.start {
                tail = try SequenceTail.read(log, end: batch.start, isTree: type.hasTreePosition, known: known)
            }
            // Handed over, not copied.
            var own = FrameBatch(start: batch.start)
            swap(&own, &batch)
            var appender = SequenceAppender(self, own, tail, session)
            let result = try body(&appender)
            batch = appender.batch
            return (result, appender.tail, appender.session, appender.places)
        }
        state.withLock { state in
            if tail.end > state.tail.end { state.tail = tail }
            if tail.end > state.extent.end { state.extent = Extent(end: tail.end, last: tail.last) }
            state.session = exchange ?? state.session
            state.index.add(places, from: tail.last + 1 - places.count)
        }
        return result
    }

    /// Appends one frame.
    ///
    /// - Returns: its number.
    /// - Throws: as ``append(durability:until:_:)``.
    @discardableResult
    public func append(
        _ content: FrameContent, durability: FrameLog.Durability = .grouped,
        until deadline: ContinuousClock.Instant = .now + .seconds(10)
    ) throws -> Int {
        try append(durability: durability, until: deadline, mayReplace: false) {
            try $0.append(content, isLast: true)
        }
    }

    /// Makes durable everything that was appended through this value.
    public func synchronize() throws { try log.synchronize() }

    // MARK: Base seeds

    func seed(of frame: Int) -> BaseSeed? { state.withLock { $0.seeds[frame] } }

    func remember(_ seed: BaseSeed, of frame: Int) {
        state.withLock { state in
            // Frames with exchanges of their own are many: the last ones are enough.
            if state.seeds.count >= 64, let old = state.seeds.keys.filter({ $0 > 0 }).min() { state.seeds[old] = nil }
            state.seeds[frame] = seed
        }
    }
}

extension DAREError.Code {
    /// A sequence of a type that is not known here: it can be read only.
    public static let unknownSequenceType = DAREError.Code(name: "dare-unknown-sequence-type")
    /// A frame that is not there.
    public static let noSuchFrame = DAREError.Code(name: "dare-no-such-frame")
    /// Something that the policy of the sequence forbids.
    public static let policyViolation = DAREError.Code(name: "dare-policy-violation")
}
