import MeshCore
import MeshCryptography
import MeshPlatforms
import Synchronization

/// Finding the end of the file, and making it one. All under the append lock.
extension FrameLog {
    /// What opening for appending does: takes the words as they are if they are about this file and nothing has failed.
    func begin() throws {
        let words = try sidecar.words()
        if words[.failures] == words[.repairs], words[.synchronizing] == 0, let end = publishedEnd(words),
            end <= (try file.length())
        {
            if defects.contains(.cutsWithoutLock) { try file.truncate(to: end) }
            state.withLock { ($0.end, $0.failures) = (end, words[.failures]) }
            return
        }
        let deadline = ContinuousClock.now + .seconds(10)
        try locked(until: deadline) { sidecar in
            let words = try sidecar.words()
            state.withLock { $0.failures = words[.failures] }
            let isDoubtful = words[.failures] != words[.repairs] || words[.synchronizing] != 0
            // First, as what settles the end synchronizes it: nobody would know any more that something was lost.
            if isDoubtful, let end = publishedEnd(words), end <= (try file.length()) {
                _ = try repair(sidecar, end, until: deadline)
            }
            var end = try settledEnd(sidecar, until: deadline)
            if isDoubtful { end = try repair(sidecar, end, until: deadline) }
            state.withLock { $0.end = end }
        }
    }

    /// Where the next frame begins. Afterwards the file ends there, and the words say so.
    func settledEnd(_ sidecar: any ContainerSidecar, until deadline: ContinuousClock.Instant) throws -> Int {
        let words = try sidecar.words()
        try requireSound(words)
        let length = try file.length()
        guard var end = publishedEnd(words), end <= length else {
            return try establish(sidecar, words, length, until: deadline)
        }
        if words[.writing] == 0 {
            if length == end { return end }
            if defects.contains(.trustsTheEnd) { return length }
            // Somebody has appended without the words: whole frames are theirs, the rest is no frame.
            end = try FrameScan(self, length: length).wholeEnd(from: end, doubting: false)
            try sidecar.store(UInt64(end), in: .end)
            if length == end { return end }
            try sidecar.store(1, in: .writing)
        }
        if defects.contains(.trustsTheEnd) { return length }
        // Somebody was killed, or could not take back what had failed. Also if the file ends there by now: that may not be
        // durable yet.
        if !defects.contains(.trustsTheLength) || length != end { try cut(to: end, sidecar) }
        try sidecar.store(0, in: .writing)
        return end
    }

    /// Makes the words those of this file: nobody has used it since the machine was started, or it has been put in place of
    /// another, or was changed by something else.
    private func establish(
        _ sidecar: any ContainerSidecar, _ words: ContainerWords, _ length: Int, until deadline: ContinuousClock.Instant
    ) throws -> Int {
        try sidecar.acquire(.synchronize, until: deadline)
        defer { giveBack(sidecar) }
        let durable = try durablePlace(words, length)
        try requireDurable(durable.claimed, length)
        let end =
            defects.contains(.trustsTheEnd)
            ? length
            : try FrameScan(self, length: length).wholeEnd(
                from: durable.proven, doubting: true, durable: durable.claimed)
        guard try FrameScan(self, length: end).frameBegins(at: 0) else {
            throw damaged(at: 0, "It may be a file of another kind.")
        }
        if end < length { try cutOff(end..<length, durable: durable) }
        // Who has made the file, or put it in its place, may have been killed before its name was durable. Before the words
        // are changed: else the file that had the name is back after a power cut, and nothing is known of it any more.
        try directory.synchronize()
        if words[.file] != file.identity { try sidecar.store(0, in: .file) }
        try sidecar.store(0, in: .end)
        try sidecar.store(1, in: .synchronizing)
        try synchronizeFile(sidecar, durableEnd: UInt64(end))
        try sidecar.store(0, in: .writing)
        try sidecar.store(file.identity, in: .file)
        try noteVerifiedEnd(UInt64(end), sidecar)
        // So that it is known after a crash where the file was durable. Before there is an end: without one nobody appends, and
        // the next one does this again if it fails.
        try sidecar.synchronize()
        try sidecar.store(UInt64(end), in: .end)
        return end
    }

    /// After a failed synchronization: the system has forgotten which octets it could not write, so those that were never
    /// known to be durable are written again.
    private func repair(
        _ sidecar: any ContainerSidecar, _ end: Int, until deadline: ContinuousClock.Instant
    ) throws -> Int {
        try sidecar.acquire(.synchronize, until: deadline)
        defer { giveBack(sidecar) }
        let words = try sidecar.words()
        // Who synchronized has done so by now, and was not killed.
        if words[.failures] == words[.repairs], words[.synchronizing] == 0 { return end }
        let durable = Int(min(words[.durableEnd], UInt64(end)))
        let whole = try FrameScan(self, length: end).wholeEnd(from: durable, doubting: true)
        try writeAgain(durable..<whole)
        let mustCut = whole < end || words[.writing] != 0
        if whole < end { try keepBeside(whole..<end, ifWhole: true) }
        if mustCut {
            // Until the file ends there, durably.
            try sidecar.store(1, in: .writing)
            try sidecar.store(UInt64(whole), in: .end)
            try file.truncate(to: whole)
        }
        try sidecar.store(1, in: .synchronizing)
        try synchronizeFile(sidecar, durableEnd: UInt64(whole))
        if mustCut { try sidecar.store(0, in: .writing) }
        try sidecar.store(words[.failures], in: .repairs)
        try noteVerifiedEnd(UInt64(whole), sidecar)
        return whole
    }

    // MARK: A place that was durable, remembered across restarts

    /// Up to where the file was durable as the words say; 0 if they do not speak of it.
    func durableEnd(_ words: ContainerWords) -> Int {
        words[.file] == file.identity ? Int(clamping: words[.durableEnd]) : 0
    }

    /// Checks that the file is as long as it was when it was durable up to `place`. No crash makes it shorter.
    ///
    /// - Throws: ``DAREError`` `recordsLost`.
    func requireDurable(_ place: Int, _ length: Int) throws {
        guard place > length, !defects.contains(.acceptsShorterFiles) else { return }
        throw DAREError(
            .recordsLost,
            "The file \(path) ends at \(length), and was durable up to \(place): its last records are gone.",
            remedy: "Get it from a copy. To go on with what is left, remove its lock file (`\(name).lock`) while "
                + "nobody has it open. Nothing was changed.")
    }

    /// Up to where the file was durable as the words say, and the last place up to there that the file proves: where it has to
    /// be checked from on. 0 if there is none.
    func durablePlace(_ words: ContainerWords, _ length: Int) throws -> (claimed: Int, proven: Int) {
        let place = durableEnd(words)
        if place > 0, place <= length, try FrameScan(self, length: length).frameEnds(at: place) {
            return (place, place)
        }
        guard let verified = Int(exactly: words[.verifiedEnd]), verified > 0, verified <= length,
            words[.verifiedMark] == (try mark(of: verified))
        else { return (place, 0) }
        return (max(place, verified), verified)
    }

    func noteVerifiedEnd(_ end: UInt64, _ sidecar: any ContainerSidecar) throws {
        guard let place = Int(exactly: end), place > 0 else { return }
        // The old mark does not fit the new place, and the new one not the old: a power cut in between costs a walk.
        try sidecar.store(end, in: .verifiedEnd)
        try sidecar.store(try mark(of: place), in: .verifiedMark)
    }

    /// What binds a place to this file and to the octets before it.
    private func mark(of place: Int) throws -> UInt64 {
        var input = try read(at: max(0, place - 64), count: min(place, 64))
        for value in [file.identity, UInt64(place)] {
            withUnsafeBytes(of: value.bigEndian) { input.append(contentsOf: $0) }
        }
        return HashAlgorithm.sha256.digest(input).prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
