import MeshCore
import MeshPlatforms
import Synchronization

/// Making durable what was appended: one synchronization covers everyone who waits, in whatever process.
///
/// Who has appended looks whether the file is durable up to its frames. If not, one of those who look takes the lock, reads
/// how far frames were published, synchronizes the file, and stores that place for the others, who wait meanwhile. If it is
/// killed, the system gives the lock back and the next one goes on.
extension FrameLog {
    /// Makes durable everything that was appended through this value.
    ///
    /// - Throws: ``PlatformError`` `inputOutput` and others.
    public func synchronize() throws {
        guard access == .append else { return }
        try makeDurable(to: state.withLock { $0.end })
    }

    /// Returns when the file is durable up to `end`.
    ///
    /// - Parameters:
    ///   - own: how many octets before it are this writer's.
    ///   - deadline: until when to wait for others; nil to wait for them as long as it takes.
    /// - Throws: ``PlatformError`` `timedOut` if others hold the lock until `deadline`, `inputOutput`.
    func makeDurable(to end: Int, own: Int = 0, until deadline: ContinuousClock.Instant? = nil) throws {
        let sidecar = try self.sidecar
        var seen: UInt64?
        while true {
            let words = try sidecar.words()
            try requireSound(words)
            // Other words, of another file: no help for this one.
            guard words[.file] == file.identity else { return try file.synchronize() }
            if let seen, words[.durableEnd] > seen {
                state.withLock { $0.company.see(words[.durableEnd] - seen, own: 0) }
            }
            seen = words[.durableEnd]
            if words[.durableEnd] >= UInt64(end) { return }
            if try !sidecar.tryAcquire(.synchronize) {
                guard let deadline, ContinuousClock.now >= deadline else {
                    try waitForSynchronization(words, sidecar)
                    continue
                }
                try sidecar.acquire(.synchronize, until: deadline)
            }
            defer { giveBack(sidecar) }
            return try synchronizeHoldingLock(sidecar, unlessDurableTo: end, own: own)
        }
    }

    /// Synchronizes the file, whatever others do.
    ///
    /// - Throws: as ``makeDurable(to:own:until:)``.
    func synchronizeAlone(until deadline: ContinuousClock.Instant) throws {
        let sidecar = try self.sidecar
        // One at a time all the same: of two calls that fail together, the system tells only one.
        try sidecar.acquire(.synchronize, until: deadline)
        defer { giveBack(sidecar) }
        try synchronizeHoldingLock(sidecar, unlessDurableTo: nil, own: 0)
    }

    /// Gives back the lock. Nobody misses this: `synchronizing` is 0 by now, and who has read another value before does not
    /// begin to wait.
    func giveBack(_ sidecar: any ContainerSidecar) {
        sidecar.release(.synchronize)
        sidecar.wake(.synchronizing)
    }

    /// Waits for the one who synchronizes.
    private func waitForSynchronization(_ words: ContainerWords, _ sidecar: any ContainerSidecar) throws {
        // Not for ever: who synchronizes may be killed. With 0 there, the one with the lock just begins, or gives it back.
        let value = words[.synchronizing]
        try sidecar.wait(
            for: .synchronizing, whileEqualTo: value, atMost: value == 0 ? .microseconds(20) : .milliseconds(5))
    }

    private func synchronizeHoldingLock(
        _ sidecar: any ContainerSidecar, unlessDurableTo end: Int?, own: Int
    ) throws {
        let words = try sidecar.words()
        try requireSound(words)
        guard words[.file] == file.identity else { return try file.synchronize() }
        if let end, words[.durableEnd] >= UInt64(end) { return }
        try sidecar.store(1, in: .synchronizing)
        // Read before the synchronization: what is published after it has begun may not be covered.
        var target = words[.end]
        if end != nil { target = try awaitCompany(words, UInt64(own), sidecar) }
        try synchronizeAfterOthers(words, sidecar, durableEnd: max(target, words[.durableEnd]))
        if target >= words[.verifiedEnd] &+ Self.longestUnverified || target < words[.verifiedEnd] {
            try noteVerifiedEnd(target, sidecar)
        }
    }

    /// Whoever opens the file after a restart walks over no more than this to the place that was durable.
    private static let longestUnverified: UInt64 = 1 << 16

    /// Gives others a moment to append, if there were others lately, so that one synchronization is enough for all.
    ///
    /// - Returns: how far frames are published.
    private func awaitCompany(
        _ words: ContainerWords, _ own: UInt64, _ sidecar: any ContainerSidecar
    ) throws -> UInt64 {
        var end = words[.end]
        // What is durable is not ahead of what was published, but these are octets of a file.
        let durable = min(words[.durableEnd], end)
        let (wanted, patience) = state.withLock { ($0.company.size, $0.company.patience) }
        if end - durable < wanted {
            let limit = ContinuousClock.now + patience
            while end - durable < wanted, ContinuousClock.now < limit {
                try sidecar.wait(for: .end, whileEqualTo: end, atMost: Self.glance)
                end = max(end, try sidecar.words()[.end])
            }
        }
        state.withLock { $0.company.see(end - durable, own: own) }
        return end
    }

    /// Short enough for fast disks; the system makes it some 60 µs. It is a sleep, as who only lets others go first may not
    /// be back for milliseconds on a machine that has other things to do.
    private static let glance = Duration.microseconds(10)

    /// As ``synchronizeFile(_:durableEnd:)``, of somebody who may follow one that was killed while the file was synchronized.
    ///
    /// - Parameter words: as they were when the lock was taken.
    func synchronizeAfterOthers(
        _ words: ContainerWords, _ sidecar: any ContainerSidecar, durableEnd: UInt64
    ) throws {
        if words[.synchronizing] != 0 { try writeAgain(words, sidecar) }
        try synchronizeFile(sidecar, durableEnd: durableEnd)
    }

    /// Synchronizes while the lock for it is held and `synchronizing` is set. A failure is everyone's, as the system tells of
    /// it once.
    func synchronizeFile(_ sidecar: any ContainerSidecar, durableEnd: UInt64) throws {
        let begun = ContinuousClock.now
        do {
            try file.synchronize()
        } catch {
            if defects.contains(.synchronizesAgain) {
                try sidecar.store(0, in: .synchronizing)
            } else {
                try sidecar.store(try sidecar.words()[.failures] + 1, in: .failures)
            }
            throw unsound(error)
        }
        state.withLock { $0.company.synchronizationTook(.now - begun) }
        try sidecar.publish(durableEnd: durableEnd)
    }

    /// Somebody was killed while the file was synchronized. If that failed, the system does not know any more what it has not
    /// written; it is written again, if it is still there.
    private func writeAgain(_ words: ContainerWords, _ sidecar: any ContainerSidecar) throws {
        let (durable, end) = (Int(min(words[.durableEnd], words[.end])), Int(words[.end]))
        guard try FrameScan(self, length: end).wholeEnd(from: durable, doubting: true) == end else {
            try sidecar.store(words[.failures] + 1, in: .failures)
            throw unsound(nil)
        }
        try writeAgain(durable..<end)
    }

    /// Writes octets where they are, so that the system takes them for changed.
    func writeAgain(_ range: Range<Int>) throws {
        var place = range.lowerBound
        while place < range.upperBound {
            let octets = try read(at: place, count: min(1 << 20, range.upperBound - place))
            try octets.withUnsafeBytes { try file.write($0, at: place) }
            place += octets.count
        }
    }

    func requireSound(_ words: ContainerWords) throws {
        if words[.failures] != state.withLock({ $0.failures }) { throw unsound(nil) }
    }

    private func unsound(_ cause: (any Error)?) -> PlatformError {
        PlatformError(
            .inputOutput, store: path, "What was appended last could not be made durable, and may be lost.",
            remedy: "Check the disk, then open the file anew and look which records are there.", cause: cause)
    }
}
