import MeshPlatforms

/// Verifies the whole of a file, on several threads and in constant memory.
///
/// Hashing is done side by side, a block of frames each; what depends on the frames before is done in their order.
public enum SequenceVerifier {
    /// Verifies the sequence called `name`, however damaged it is; nil if it is not there. Blocks.
    ///
    /// - Throws: ``PlatformError`` when it cannot be read, `CancellationError`. What is wrong with the sequence is not
    ///   thrown: it is in the result.
    public static func verify(
        _ name: String, in directory: any ContainerDirectory,
        _ options: SequenceVerificationOptions = SequenceVerificationOptions()
    ) throws -> SequenceVerification? {
        guard let log = try FrameLog.open(name, in: directory, .read) else { return nil }
        return try verify(log, options)
    }

    static func verify(_ log: FrameLog, _ options: SequenceVerificationOptions) throws -> SequenceVerification {
        let run = VerificationRun(log, end: try log.endToVerify(), options)
        ParallelWork.run(options.workers) { run.work() }
        var report = try run.result()
        if let place = try log.lostDurableEnd() {
            let fault = SequenceFault(
                .recordsLost, index: report.frames, position: report.octets,
                "The file ends here, and was durable up to \(place).")
            report.add(fault, most: options.mostFaults)
        }
        return report
    }
}

extension DARESequence {
    /// Verifies the whole sequence as it is now; see ``SequenceVerifier``. Blocks.
    public func verify(
        _ options: SequenceVerificationOptions = SequenceVerificationOptions()
    ) throws -> SequenceVerification {
        try SequenceVerifier.verify(log, options)
    }
}

/// One verification: what its threads share.
private final class VerificationRun: Sendable {
    /// How many blocks may be done before the one that is to be linked next: so that memory is bounded.
    private static let mostAhead = 16
    private let options: SequenceVerificationOptions
    private let examiner: FrameExaminer
    private let end: Int
    private let monitor: Monitor<State>

    private struct State {
        var walker: FrameWalker
        var linker: FrameLinker
        /// Blocks that wait for the ones before them.
        var examined: [Int: (parts: [ExaminedPart], end: Int)] = [:]
        var nextToWalk = 0
        var nextToLink = 0
        var failure: (any Error)?
    }

    init(_ log: FrameLog, end: Int, _ options: SequenceVerificationOptions) {
        self.options = options
        self.end = end
        let traits = SequenceTraits(log, end: end)
        examiner = FrameExaminer(log: log, traits: traits, signers: options.signers)
        monitor = Monitor(
            State(walker: FrameWalker(log: log, end: end), linker: FrameLinker(traits, most: options.mostFaults)))
    }

    /// Does blocks until there are none.
    func work() {
        let isCancelled = options.isCancelled ?? { false }
        do {
            while let block = try claim(isCancelled) {
                finish(block, try examiner.examine(block, isCancelled: isCancelled))
            }
        } catch {
            monitor.lock()
            if monitor.state.failure == nil { monitor.state.failure = error }
            monitor.unlock()
            monitor.wakeAll()
        }
    }

    func result() throws -> SequenceVerification {
        monitor.lock()
        defer { monitor.unlock() }
        if let failure = monitor.state.failure { throw failure }
        return monitor.state.linker.report
    }

    private func claim(_ isCancelled: () -> Bool) throws -> FrameBlock? {
        monitor.lock()
        defer { monitor.unlock() }
        while monitor.state.failure == nil,
            monitor.state.nextToWalk - monitor.state.nextToLink > VerificationRun.mostAhead
        {
            monitor.wait()
        }
        guard monitor.state.failure == nil else { return nil }
        if isCancelled() { throw CancellationError() }
        guard let block = try monitor.state.walker.next() else { return nil }
        monitor.state.nextToWalk = block.ordinal + 1
        return block
    }

    private func finish(_ block: FrameBlock, _ parts: [ExaminedPart]) {
        monitor.lock()
        monitor.state.examined[block.ordinal] = (parts, block.end)
        while let (parts, end) = monitor.state.examined.removeValue(forKey: monitor.state.nextToLink) {
            for part in parts { monitor.state.linker.take(part) }
            monitor.state.nextToLink += 1
            options.progress?(end, self.end)
        }
        monitor.unlock()
        monitor.wakeAll()
    }
}
