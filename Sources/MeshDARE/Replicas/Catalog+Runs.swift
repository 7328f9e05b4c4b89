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
        let (sequence, file, index, end) = try current { ($0.sequence, $0.file, $0.index, $0.sequence.extent.end) }
        let state = try sequence.runState(end: end)
        var transaction = CatalogTransaction(file: file, path: path, start: state.count) { index.entry($0) }
        let result = try body(&transaction)
        let isEncrypted = sequence.policy.encryption != .none
        let contents = transaction.contents(isEncrypted: isEncrypted, now: options.clock.now)
        return (result, try sequence.prepare(contents, after: state, signedBy: signer))
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
