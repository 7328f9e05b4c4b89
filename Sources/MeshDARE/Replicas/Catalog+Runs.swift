import MeshCore

extension Catalog {
    /// Makes the frames of the changes that `body` makes, without writing them: what ``transact(durability:until:_:)`` would
    /// write, as the catalog is now. ``DARESequence/append(verbatim:expecting:durability:until:)`` of ``sequence`` takes them
    /// over, if nothing came between. Blocks.
    ///
    /// - Parameter signer: who signs them as one run; nil for none.
    /// - Throws: what `body` throws; as ``DARESequence/prepare(_:signedBy:)``.
    public func prepareRun<R>(
        signedBy signer: RunSigner? = nil, _ body: (inout CatalogTransaction) throws -> R
    ) throws -> (result: R, frames: PreparedFrames) {
        // As it was at one moment: the catalog may be used while the body runs.
        let (sequence, file, index, end, exchange) = try current {
            ($0.sequence, $0.file, $0.index, $0.sequence.extent.end, $0.exchange)
        }
        let state = try sequence.runState(end: end)
        var transaction = CatalogTransaction(file: file, path: path, start: state.count) { index.entry($0) }
        let result = try body(&transaction)
        let isEncrypted = sequence.policy.encryption != .none
        let contents = transaction.contents(isEncrypted: isEncrypted, now: options.clock.now)
        let period = exchange.period(for: options.readers)
        // Whoever cannot open the last exchange does not know the newest readers.
        if isEncrypted, case .new = period { _ = try sequence.exchangeSeed(of: exchange.frame) }
        let frames = try sequence.prepare(contents, after: state, signedBy: signer, under: period)
        return (result, frames)
    }

    /// Makes a run of one frame that has a new key exchange and nothing else, for the readers of the options: what comes after
    /// it is for them. Nil if the last exchange is for them already. Blocks.
    ///
    /// - Throws: as ``DARESequence/prepare(_:signedBy:)``.
    public func prepareKeyExchange(signedBy signer: RunSigner) throws -> PreparedFrames? {
        let (sequence, end, exchange) = try current { ($0.sequence, $0.sequence.extent.end, $0.exchange) }
        guard sequence.policy.encryption == .once, case .new(let readers) = exchange.period(for: options.readers) else {
            return nil
        }
        // Nor does whoever knows only older readers go back to them.
        _ = try sequence.exchangeSeed(of: exchange.frame)
        return try sequence.prepare(
            [FrameContent()], after: try sequence.runState(end: end), signedBy: signer, under: .new(readers))
    }

    /// Whether the last exchange is not for the readers of the options.
    public var needsKeyExchange: Bool {
        get throws {
            try current { state in
                guard state.sequence.policy.encryption == .once else { return false }
                if case .new = state.exchange.period(for: options.readers) { return true }
                return false
            }
        }
    }

    /// The keys of the entries that are not encrypted by the last key exchange, the oldest first; none unless it is for the
    /// readers of the options, and one of a later frame.
    public var keysOfFormerExchanges: [String] {
        get throws {
            try current { state in
                guard state.sequence.policy.encryption == .once,
                    case .frame(let start) = state.exchange.period(for: options.readers)
                else { return [] }
                return state.index.keys(before: start)
            }
        }
    }

    /// Makes the frames of a new catalog with the changes that `body` makes, without writing them.
    /// ``DARESequence/create(_:in:verbatim:wholeRuns:keys:random:)`` makes a file of them.
    ///
    /// - Parameters:
    ///   - name: what the catalog is called in messages.
    ///   - signer: who signs them, frame 0 too, as one run; nil for none.
    /// - Throws: what `body` throws; as ``DARESequence/prepare(new:_:signedBy:keys:random:)``.
    public static func prepareRun<R>(
        new name: String, options: CatalogOptions = CatalogOptions(), signedBy signer: RunSigner? = nil,
        _ body: (inout CatalogTransaction) throws -> R
    ) throws -> (result: R, frames: PreparedFrames) {
        let isEncrypted = options.policy.encryption != .none
        let new = try DARESequence.NewFrames(options.sequence(), keys: options.keys, random: options.random)
        let file = CatalogFileIdentity(content: try new.firstContent())
        var transaction = CatalogTransaction(file: file, path: name, start: 1) { _ in nil }
        let result = try body(&transaction)
        let contents = transaction.contents(isEncrypted: isEncrypted, now: options.clock.now)
        return (result, try new.prepare(contents, signedBy: signer))
    }
}
