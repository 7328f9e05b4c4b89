import MeshCore
import MeshPlatforms
import Synchronization

extension FrameLog {
    /// Appends what `body` adds, under the lock: all frames or none.
    ///
    /// `body` sees the end as it is now: frames that others appended meanwhile lie before it and can be read.
    ///
    /// - Throws: ``DAREError`` `replaced`; ``PlatformError`` `timedOut` if the lock is held until `deadline`, `noSpace`,
    ///   `readOnly`, `inputOutput` (also when an earlier synchronization has failed: open the log anew). Nothing was appended
    ///   then, except after a failed synchronization, when it is not known what will be there. ``DAREError`` `inDoubt` if it
    ///   was appended, and is not known to be durable: others hold the lock for that until `deadline`, which is 10 seconds
    ///   from then at least. What `body` throws.
    public func append<R>(
        durability: Durability, until deadline: ContinuousClock.Instant, _ body: (inout FrameBatch) throws -> R
    ) throws -> R {
        try append(durability: durability, until: deadline, mayReplace: true, body)
    }

    /// - Parameter mayReplace: whether `body` may put another file in the place of this one.
    func append<R>(
        durability: Durability, until deadline: ContinuousClock.Instant, mayReplace: Bool,
        _ body: (inout FrameBatch) throws -> R
    ) throws -> R {
        let (result, start, end) = try locked(until: deadline) { sidecar in
            let start = try settledEnd(sidecar, until: deadline)
            var isWriting = false
            func write(_ octets: [UInt8], at position: Int) throws {
                if !isWriting {
                    try sidecar.store(1, in: .writing)
                    isWriting = true
                }
                try octets.withUnsafeBytes { try file.write($0, at: position) }
            }
            do {
                var batch = FrameBatch(start: start, write: write)
                let result = try body(&batch)
                try batch.requireWhole()
                let end = batch.position
                guard end > start else { return (result, start, end) }
                guard try !mayReplace || file.isCurrent() else { throw replaced }
                if defects.contains(.publishesBeforeWriting) { try sidecar.store(UInt64(end), in: .end) }
                try write(batch.octets, at: start + batch.written)
                try sidecar.publish(end: UInt64(end))
                return (result, start, end)
            } catch {
                if isWriting { takeBack(to: start, sidecar) }
                throw error
            }
        }
        guard end > start else { return result }
        state.withLock { $0.end = max($0.end, end) }
        do {
            let deadline = max(deadline, .now + Self.leastPatience)
            switch durability {
            case .record: try synchronizeAlone(until: deadline)
            case .grouped: try makeDurable(to: end, own: end - start, until: deadline)
            case .atClose: break
            }
        } catch let error as PlatformError where error.code != .inputOutput {
            throw inDoubt(error)
        }
        return result
    }

    /// Who has appended waits this long to know that it is durable, however little time is left.
    private static let leastPatience = Duration.seconds(10)

    private func inDoubt(_ cause: PlatformError) -> DAREError {
        DAREError(
            .inDoubt, "What was appended to \(path) is there, and it is not known whether it is durable.",
            remedy: "Do not append it again: synchronize the log, and it is durable when that succeeds.", cause: cause)
    }

    /// Removes what was written of a batch that failed. If that fails too, whoever has the lock next does it, as `writing`
    /// is still set.
    private func takeBack(to start: Int, _ sidecar: any ContainerSidecar) {
        guard (try? cut(to: start, sidecar)) != nil else { return }
        try? sidecar.store(0, in: .writing)
    }

    /// Runs `body` with the append lock of the file that has the name now.
    func locked<R>(
        until deadline: ContinuousClock.Instant, _ body: (any ContainerSidecar) throws -> R
    ) throws -> R {
        while true {
            let sidecar = try self.sidecar
            try sidecar.acquire(.append, until: deadline)
            defer { sidecar.release(.append) }
            guard try sidecar.isCurrent() else {
                // Somebody has deleted it: others lock another one.
                guard let next = try directory.openSidecar(name, .append) else { throw openedForReading }
                state.withLock { $0.sidecar = next }
                continue
            }
            guard try file.isCurrent() else { throw replaced }
            return try body(sidecar)
        }
    }

    var sidecar: any ContainerSidecar {
        get throws {
            guard access == .append, let sidecar = state.withLock({ $0.sidecar }) else { throw openedForReading }
            return sidecar
        }
    }

    private var openedForReading: PlatformError {
        PlatformError(.readOnly, store: path, "The file was opened for reading.", remedy: "Open it for appending.")
    }

    var replaced: DAREError {
        DAREError(
            .replaced, "Another file has taken the place of \(path).",
            remedy: "Open it anew; nothing was appended to the old one.")
    }

    /// Cuts the file off, durably: else what comes next could be followed by the rest of what was cut off.
    func cut(to end: Int, _ sidecar: any ContainerSidecar) throws {
        try sidecar.acquire(.synchronize, until: .now + .seconds(10))
        defer { giveBack(sidecar) }
        try file.truncate(to: end)
        let words = try sidecar.words()
        try sidecar.store(1, in: .synchronizing)
        try synchronizeAfterOthers(words, sidecar, durableEnd: UInt64(end))
    }
}
