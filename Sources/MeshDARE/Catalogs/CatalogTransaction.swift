import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms

/// Changes of a catalog that are made together: see ``Catalog/transact(durability:until:_:)``.
public struct CatalogTransaction {
    private let file: CatalogFileIdentity
    private let path: String
    private let lookup: (String) -> CatalogIndex.Entry?
    /// The number of the first frame to be written.
    private let start: Int
    /// What has been changed here; nil is an entry that was deleted.
    private var overlay: [ExactText: CatalogIndex.Entry?] = [:]
    private(set) var changes: [(change: CatalogIndex.Change, content: CatalogFrame)] = []
    /// The key of the entry that is to be the default; nil leaves the default as it is. Only with another change.
    public var defaultKey: String?

    init(
        file: CatalogFileIdentity, path: String, start: Int, lookup: @escaping (String) -> CatalogIndex.Entry?
    ) {
        self.file = file
        self.path = path
        self.start = start
        self.lookup = lookup
    }

    private func entry(_ key: String) -> CatalogIndex.Entry? {
        overlay[ExactText(key)].map { $0 } ?? lookup(key)
    }

    /// The entry of the primary key `key`, as it is after what was changed here; nil if there is none.
    public func find(_ key: String) -> CatalogVersion? {
        entry(key).map { CatalogVersion(frame: $0.current, file: file) }
    }

    /// The frame in which the content of the entry of the primary key `key` was written first: that of its version, unless it was
    /// only written anew since; nil if there is none.
    public func contentFrame(of key: String) -> Int? { entry(key)?.contentFrame }

    /// Adds an entry.
    ///
    /// - Returns: the version that it will be.
    /// - Throws: ``CatalogError`` `alreadyExists`, `invalidKey`.
    @discardableResult
    public mutating func add(_ key: String, _ content: CatalogFrame) throws(CatalogError) -> CatalogVersion {
        guard entry(key) == nil else {
            throw CatalogError(.alreadyExists, "There is an entry of the key \"\(key)\" in \(path) already.")
        }
        return try change(.new, key, content, nil)
    }

    /// Replaces an entry.
    ///
    /// - Parameter version: the version the change is based on; nil replaces whatever is there.
    /// - Returns: the version that it will be.
    /// - Throws: ``CatalogError`` `notFound`; `conflict`, with both versions, if the entry is another by now.
    @discardableResult
    public mutating func update(
        _ key: String, _ content: CatalogFrame, from version: CatalogVersion?
    ) throws(CatalogError) -> CatalogVersion {
        try change(.update, key, content, try present(key, version))
    }

    /// Writes an entry anew with the content that it has: so that it is encrypted to those who read the catalog now. Whoever
    /// has based a change on the entry has based it on this version too.
    ///
    /// - Throws: ``CatalogError`` `notFound`.
    public mutating func rewrite(_ key: String, _ content: CatalogFrame) throws(CatalogError) {
        let old = try present(key, nil)
        var content = content
        content.meta.members[Self.rewrites] = .integer(Int64(old.contentFrame))
        let frame = try change(.update, key, content, old).frame
        overlay[ExactText(key)] = CatalogIndex.Entry(
            first: old.first, current: frame, contentFrame: old.contentFrame, position: 0, secondaryKeys: nil)
    }

    /// The member of a frame's metadata that says which frame has its content, too.
    static let rewrites = "Rewrites"

    /// Adds an entry, or replaces the one that is there.
    @discardableResult
    public mutating func put(_ key: String, _ content: CatalogFrame) throws(CatalogError) -> CatalogVersion {
        try entry(key) == nil ? add(key, content) : update(key, content, from: nil)
    }

    /// Takes an entry away.
    ///
    /// - Throws: as ``update(_:_:from:)``.
    public mutating func delete(_ key: String, from version: CatalogVersion?) throws(CatalogError) {
        try change(.delete, key, CatalogFrame([]), try present(key, version))
    }

    /// Takes an entry away, whatever version of it is there.
    ///
    /// - Parameter meta: what else the header is to say of it.
    /// - Returns: the frame that does it, as a version.
    /// - Throws: ``CatalogError`` `notFound`.
    @discardableResult
    public mutating func delete(_ key: String, meta: ContentMeta) throws(CatalogError) -> CatalogVersion {
        try change(.delete, key, CatalogFrame([], meta: meta), try present(key, nil))
    }

    private func present(_ key: String, _ version: CatalogVersion?) throws(CatalogError) -> CatalogIndex.Entry {
        let found = entry(key)
        if let version, found.map({ CatalogVersion(frame: $0.current, file: file) }) != version {
            let state = found.map { "is now in frame \($0.current)" } ?? "is gone"
            throw CatalogError(
                .conflict, "The entry of the key \"\(key)\" in \(path), read from \(version), \(state).",
                remedy: "Read it again, and make the change on that.",
                versions: (version, found.map { CatalogVersion(frame: $0.current, file: file) }))
        }
        guard let found else {
            throw CatalogError(.notFound, "There is no entry of the key \"\(key)\" in \(path).")
        }
        return found
    }

    @discardableResult
    private mutating func change(
        _ event: CatalogEvent, _ key: String, _ content: CatalogFrame, _ old: CatalogIndex.Entry?
    ) throws(CatalogError) -> CatalogVersion {
        guard !key.isEmpty else { throw CatalogError(.invalidKey, "An entry of \(path) has no primary key.") }
        let frame = start + changes.count
        changes.append(
            (
                CatalogIndex.Change(
                    frame: frame, event: event, key: key, secondaryKeys: content.secondaryKeys, first: old?.first,
                    previous: old?.current), content
            ))
        // Where the frame will be is not known yet; nothing here asks for it.
        overlay[ExactText(key)] =
            event == .delete
            ? .some(nil)
            : CatalogIndex.Entry(
                first: old?.first ?? frame, current: frame, contentFrame: frame, position: 0, secondaryKeys: nil)
        return CatalogVersion(frame: frame, file: file)
    }
}

/// What a frame of a catalog is to hold.
public struct CatalogFrame: Sendable {
    /// The content.
    public var content: [UInt8]
    /// What the entry is found by besides its primary key.
    public var secondaryKeys: [SecondaryKey]
    /// What else the header is to say of it.
    public var meta: ContentMeta

    /// A frame with this content.
    public init(_ content: [UInt8], secondaryKeys: [SecondaryKey] = [], meta: ContentMeta = ContentMeta()) {
        self.content = content
        self.secondaryKeys = secondaryKeys
        self.meta = meta
    }
}

extension Catalog {
    /// Makes the changes that `body` makes, all or none, while nobody else changes the catalog: it sees the catalog as it
    /// is at that moment. Several changes are marked in their frames, so that none counts unless all were written.
    ///
    /// - Parameters:
    ///   - durability: when to return.
    ///   - deadline: until when to wait for the lock.
    /// - Throws: what `body` throws, and then nothing was changed; ``DAREError``, ``PlatformError`` as
    ///   ``DARESequence/append(durability:until:_:)``.
    @discardableResult
    public func transact<R>(
        durability: FrameLog.Durability = .grouped, until deadline: ContinuousClock.Instant = .now + .seconds(10),
        _ body: (inout CatalogTransaction) throws -> R
    ) throws -> R {
        while true {
            let sequence = try sequence
            do {
                let (result, end) = try sequence.append(durability: durability, until: deadline) { appender in
                    let file = try locked(sequence, to: appender.batch.start) { $0.file }
                    var transaction = CatalogTransaction(file: file, path: path, start: appender.count) { [self] key in
                        entry(key)
                    }
                    let result = try body(&transaction)
                    try write(transaction, &appender)
                    return (result, appender.batch.position)
                }
                try took(end, of: sequence)
                return result
            } catch let error as DAREError where error.code == .replaced {
                continue
            }
        }
    }

    private func write(_ transaction: CatalogTransaction, _ appender: inout SequenceAppender) throws {
        let contents = transaction.contents(
            isEncrypted: appender.sequence.policy.encryption != .none, now: options.clock.now)
        for (number, content) in contents.enumerated() {
            try appender.append(content, isLast: number == contents.count - 1)
        }
    }
}

extension CatalogTransaction {
    /// What the frames of the changes are to hold.
    func contents(isEncrypted: Bool, now: Timestamp) -> [FrameContent] {
        let mark = changes.count > 1 ? CatalogTransactionMark(first: start, count: changes.count) : nil
        return changes.enumerated().map { number, item in
            var content = Self.content(item.change, item.content, isEncrypted: isEncrypted, now: now)
            if let mark { content.meta?.members[CatalogTransactionMark.name] = mark.value }
            if number == changes.count - 1 { content.defaultKey = defaultKey }
            return content
        }
    }

    static func content(
        _ change: CatalogIndex.Change, _ frame: CatalogFrame, isEncrypted: Bool, now: Timestamp
    ) -> FrameContent {
        var meta = frame.meta
        meta.uniqueID = change.key
        meta.event = ContentMeta.Event(rawValue: change.event.rawValue)
        meta.first = change.first
        meta.previous = change.previous
        // In an encrypted catalog they are as private as the content: they are found by reading it.
        if !isEncrypted, change.event != .delete {
            meta.members["KeyValues"] = .array(
                frame.secondaryKeys.map { ["Key": .string($0.name), "Value": .string($0.value)] })
        }
        var content = FrameContent(frame.content, meta: meta)
        content.received = now
        content.isStoredAsIs = change.event == .delete
        return content
    }
}
