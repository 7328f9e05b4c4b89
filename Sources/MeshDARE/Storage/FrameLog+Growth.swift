import MeshCore
import MeshPlatforms
import Synchronization

extension FrameLog {
    /// Looks for growth, without a lock: where the last whole frame ends now. Never less than before.
    ///
    /// Where writers keep shared words, that is the place they have published; else the file is walked through from the
    /// place that is known already.
    ///
    /// - Throws: ``DAREError`` `malformed` if whole frames follow damaged ones, or where the file was durable are none,
    ///   `recordsLost` if it ends before the place where it was durable; ``PlatformError`` `changedUnderneath` if the file has
    ///   become shorter, which only a failed disk or somebody else's hand can do; `inputOutput`.
    public func refresh() throws -> Int {
        for _ in 0..<64 {
            let words = try readersWords()
            let known = state.withLock { (end: $0.end, walkedLength: $0.walkedLength) }
            let published = words.flatMap(publishedEnd)
            if let published, published == known.end { return published }
            let length = try file.length()
            if let words, let published, published <= length {
                let isDoubtful = words[.synchronizing] != 0 || words[.failures] != words[.repairs]
                guard isDoubtful, published > known.end else { return try advance(to: published) }
                // A synchronization has failed, or may fail at this moment: the system may have dropped what was published.
                let start = try known.end > 0 ? known.end : durablePlace(words, published).proven
                return try advance(to: FrameScan(self, length: published).wholeEnd(from: start, doubting: true))
            }
            if length == known.walkedLength { return known.end }
            let durable = try durablePlace(words ?? ContainerWords(), length)
            let start = known.end > 0 ? known.end : durable.proven
            let end = try min(
                length,
                FrameScan(self, length: length).wholeEnd(from: start, doubting: true, durable: durable.claimed))
            let wordsNow = try readersWords()
            // Somebody may have begun to write behind the end meanwhile; who does that stores the words first.
            if published == nil, let wordsNow, publishedEnd(wordsNow) != nil { continue }
            // Whoever takes frames back says first that they are not durable.
            if let words, end < durable.claimed {
                guard wordsNow == words else { continue }
                try requireDurable(durable.claimed, length)
                if end < length { throw damaged(at: end, "It was durable up to \(durable.claimed).") }
            }
            if start == 0, end < length, case .found(let reason) = try damage(behind: end, length: length) {
                throw damaged(at: end, reason)
            }
            state.withLock { if known.end <= end { $0.walkedLength = length } }
            return try advance(to: end)
        }
        throw PlatformError(.changedUnderneath, store: path, "The file changes all the time.", remedy: "Try again.")
    }

    /// How far the file is to be looked at by who verifies it: all of it, but for what is being written now.
    ///
    /// Unlike ``refresh()`` this is not where the last whole frame ends: a torn tail, or damage, lies before it.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`.
    public func endToVerify() throws -> Int {
        let length = try file.length()
        guard let words = try readersWords(), let end = publishedEnd(words) else { return length }
        // What was being written when the length was asked for has been published, or taken back, or still is.
        if words[.writing] != 0 || end > length { return min(end, try file.length()) }
        return max(end, min(length, try file.length()))
    }

    /// Up to where the file was durable, if it ends before.
    ///
    /// - Throws: ``PlatformError`` `inputOutput`.
    func lostDurableEnd() throws -> Int? {
        while let words = try readersWords() {
            let (place, length) = (durableEnd(words), try file.length())
            if place <= length { return nil }
            // Whoever takes frames back says first that they are not durable.
            if try readersWords() == words { return place }
        }
        return nil
    }

    private func advance(to end: Int) throws -> Int {
        try state.withLock { state in
            guard end >= state.end else {
                throw PlatformError(
                    .changedUnderneath, store: path,
                    "The file has become shorter: the last records were lost before they were durable.",
                    remedy: "Open it anew and look which records are there.")
            }
            state.end = end
            return end
        }
    }

    /// The words, if there are any by now.
    private func readersWords() throws -> ContainerWords? {
        if let sidecar = state.withLock({ $0.sidecar }) {
            let words = try sidecar.words()
            // Only a reader may have one that somebody has deleted: writers notice under the lock.
            if access == .append || words[.file] == file.identity && words[.end] > UInt64(state.withLock { $0.end }) {
                return words
            }
            if try sidecar.isCurrent() { return words }
        }
        guard let sidecar = try directory.openSidecar(name, access) else { return nil }
        state.withLock { $0.sidecar = sidecar }
        return try sidecar.words()
    }

    /// Where the last frame ends, if the words speak of this file.
    func publishedEnd(_ words: ContainerWords) -> Int? {
        guard words[.file] == file.identity, words[.end] > 0 else { return nil }
        return Int(exactly: words[.end])
    }
}
