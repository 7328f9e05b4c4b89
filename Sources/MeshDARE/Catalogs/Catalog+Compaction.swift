import MeshCore
import MeshCryptography
import MeshEncoding
import MeshPlatforms

/// Compaction: a new file with the entries that are there, one frame each, put in place of the old one, which is kept
/// under another name.
///
/// The new file is written beside the old one, under the lock of the name, and then the two names are exchanged. Its first
/// frame says which file it replaces (`Replaces` in `ContentMetaData`, the digest of that one's first frame), so that after
/// a crash it is clear what is what: before the exchange the file beside is half made and is removed; after it, it is the
/// old one and gets its name.
extension Catalog {
    private var besideName: String { "\(name).new" }

    /// The member of the first frame's metadata that says which file this one replaces.
    private static let replacesName = "Replaces"

    /// Puts a file with the present entries alone in the place of the catalog's.
    ///
    /// Frames are taken over as they are stored, so that signatures stay valid and entries that are encrypted to others are
    /// kept, unread. Versions that were looked up before are no longer current. Other values and processes that have the
    /// catalog open notice and go over to the new file.
    ///
    /// - Parameter deadline: until when to wait for the lock. It is held for the whole compaction.
    /// - Returns: the name under which the old file is kept.
    /// - Throws: ``DAREError``, ``PlatformError``; the catalog is then as it was.
    @discardableResult
    public func compact(until deadline: ContinuousClock.Instant = .now + .seconds(10)) throws -> String {
        while true {
            let sequence = try sequence
            do {
                let kept = try sequence.append(durability: .atClose, until: deadline) { appender in
                    let (entries, defaultKey) = try locked(sequence, to: appender.batch.start) { state in
                        let entries = state.index.entries.sorted { $0.value.first < $1.value.first }
                            .map { (key: $0.key.text, position: $0.value.position) }
                        return (entries, state.index.entry(state.defaultKey ?? "") == nil ? nil : state.defaultKey)
                    }
                    try sortOutFileBeside()
                    try writeBeside(sequence, entries, defaultKey)
                    try directory.exchange(name, with: besideName)
                    return try keepFileBeside()
                }
                try reopenAfterCompaction()
                return kept
            } catch let error as DAREError where error.code == .replaced {
                continue
            }
        }
    }

    private func reopenAfterCompaction() throws { _ = try current { $0.file } }

    /// Writes the file beside: nobody reads it before the names are exchanged.
    private func writeBeside(
        _ old: DARESequence, _ entries: [(key: String, position: Int)], _ defaultKey: String?
    ) throws {
        var meta = old.meta
        meta.members[Self.replacesName] = .binary(try CatalogFileIdentity(old).octets)
        let options = SequenceOptions(
            old.type, encoding: old.encoding, digest: old.digest, policy: old.policy, meta: meta,
            hasFrameChecks: old.hasFrameChecks)
        let new = try DARESequence.create(
            besideName, in: directory, options, keys: self.options.keys, random: self.options.random)
        // Some at a time, so that memory does not grow with the catalog.
        for start in stride(from: 0, to: entries.count, by: 256) {
            try new.append(durability: .atClose) { appender in
                for number in start..<min(start + 256, entries.count) {
                    let entry = entries[number]
                    var content = try copy(of: SequenceFrame(old.log.frame(at: entry.position)), old)
                    if let defaultKey, entry.key.hasOctets(of: defaultKey) { content.defaultKey = defaultKey }
                    try appender.append(content, isLast: number == entries.count - 1)
                }
            }
        }
        try new.synchronize()
    }

    /// A frame as it is stored, made one that adds its entry.
    private func copy(of frame: SequenceFrame, _ old: DARESequence) throws -> FrameContent {
        let members = try frame.members
        var meta = try members.contentMeta
        meta.event = .new
        meta.first = nil
        meta.previous = nil
        meta.members[CatalogTransactionMark.name] = nil
        var content = try CopiedFrame.content(frame, members, of: old)
        if old.policy.signature == .last {
            // Such a signature is over the frames before as well, which are others now; the last one is signed anew.
            content.header["signatures"] = nil
            content.header["seqsignatures"] = nil
        }
        content.header["ContentMetaData"] = nil
        for name in CopiedFrame.flatMetaNames { content.header[name] = nil }
        content.meta = meta
        return content
    }

    /// Finishes what a process that died while compacting has left. Called when the catalog is opened for writing.
    func finishCompaction() throws {
        guard try directory.openFile(besideName, .read) != nil else { return }
        let sequence = try sequence
        do {
            try sequence.append(durability: .atClose) { appender in
                _ = try locked(sequence, to: appender.batch.start) { $0.file }
                try sortOutFileBeside()
            }
        } catch let error as DAREError where error.code == .replaced {
            // Somebody else has compacted since, and has sorted it out before.
        }
    }

    /// Removes the file beside if it is half made, and gives it its name if it is an old catalog. Under the lock.
    private func sortOutFileBeside() throws {
        guard let beside = try DARESequence.open(besideName, in: directory, .read) else { return }
        guard let own = try DARESequence.open(name, in: directory, .read) else { return }
        if beside.meta.members[Self.replacesName]?.binary == (try CatalogFileIdentity(own).octets) {
            _ = try directory.remove(besideName)
        } else {
            _ = try keepFileBeside()
        }
    }

    /// Gives the file beside a name to keep it under.
    private func keepFileBeside() throws -> String {
        var number = 1
        while true {
            let kept = "\(name).old-\(number)"
            do {
                try directory.rename(besideName, to: kept)
                return kept
            } catch let error as PlatformError where error.code == .alreadyExists {
                number += 1
            }
        }
    }
}
