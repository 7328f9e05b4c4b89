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
    func makeDurable(to end: Int) throws {
        let sidecar = try self.sidecar
        while true {
            let words = try sidecar.words()
            try requireSound(words)
            // Other words, of another file: no help for this one.
            guard words[.file] == file.identity else { return try file.synchronize() }
            if words[.durableEnd] >= UInt64(end) { return }
            if try sidecar.tryAcquire(.synchronize) {
                defer {
                    sidecar.release(.synchronize)
                    sidecar.wake(.durableEnd)
                }
                try synchronizeHoldingLock(sidecar, unlessDurableTo: end)
            } else {
                // Not for ever: who synchronizes may be killed.
                try sidecar.wait(for: .durableEnd, whileEqualTo: words[.durableEnd], atMost: .milliseconds(5))
            }
        }
    }

    /// Synchronizes the file, whatever others do.
    func synchronizeAlone(deadline: ContinuousClock.Instant) throws {
        let sidecar = try self.sidecar
        // One at a time all the same: of two calls that fail together, the system tells only one.
        try sidecar.acquire(.synchronize, until: max(deadline, .now + .seconds(10)))
        defer {
            sidecar.release(.synchronize)
            sidecar.wake(.durableEnd)
        }
        try synchronizeHoldingLock(sidecar, unlessDurableTo: nil)
    }

    private func synchronizeHoldingLock(_ sidecar: any ContainerSidecar, unlessDurableTo end: Int?) throws {
        let words = try sidecar.words()
        try requireSound(words)
        guard words[.file] == file.identity else {
            if end == nil { try file.synchronize() }
            return
        }
        if let end, words[.durableEnd] >= UInt64(end) { return }
        // Read before the synchronization: what is published after it has begun may not be covered.
        let target = words[.end]
        try synchronizeAfterOthers(words, sidecar)
        try sidecar.store(max(target, words[.durableEnd]), in: .durableEnd)
        try noteVerifiedEnd(target, sidecar)
    }

    /// As ``synchronizeFile(_:)``, of somebody who may follow one that was killed while the file was synchronized.
    func synchronizeAfterOthers(_ words: ContainerWords, _ sidecar: any ContainerSidecar) throws {
        if words[.synchronizing] != 0 { try writeAgain(words, sidecar) }
        try synchronizeFile(sidecar)
    }

    /// Synchronizes while the lock for it is held. A failure is everyone's, as the system tells of it once.
    func synchronizeFile(_ sidecar: any ContainerSidecar) throws {
        try sidecar.store(1, in: .synchronizing)
        do {
            try file.synchronize()
            try sidecar.store(0, in: .synchronizing)
        } catch {
            if defects.contains(.synchronizesAgain) {
                try sidecar.store(0, in: .synchronizing)
            } else {
                try sidecar.store(try sidecar.words()[.failures] + 1, in: .failures)
            }
            throw unsound(error)
        }
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
