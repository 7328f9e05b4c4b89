import MeshCore

// Changes that are not written here, but worked out: for a replica, whose frames have to be taken by the portal first.
extension Catalog {
    /// Works out the changes that `body` makes, on the catalog as it is now, and writes nothing.
    ///
    /// - Parameter isMarked: whether the changes count together or not at all; else each counts by itself.
    /// - Returns: what `body` returns, and what the next frames of the sequence are to hold.
    /// - Throws: what `body` throws; ``DAREError``, ``PlatformError``.
    public func prepare<R>(
        isMarked: Bool = true, _ body: (inout CatalogTransaction) throws -> R
    ) throws -> (result: R, contents: [FrameContent]) {
        let sequence = try sequence
        let file = try current { $0.file }
        var transaction = CatalogTransaction(file: file, path: path, start: sequence.count) { [self] key in entry(key) }
        let result = try body(&transaction)
        let contents = transaction.contents(
            isEncrypted: sequence.policy.encryption != .none, now: options.clock.now, isMarked: isMarked)
        return (result, contents)
    }

    /// What the frames behind frame 0 are to hold in a catalog that begins with `entries`.
    public static func firstContents(
        _ entries: [(key: String, frame: CatalogFrame)], isEncrypted: Bool, now: Timestamp
    ) -> [FrameContent] {
        entries.enumerated().map { number, entry in
            let change = CatalogIndex.Change(
                frame: number + 1, event: .new, key: entry.key, secondaryKeys: entry.frame.secondaryKeys, first: nil,
                previous: nil)
            return CatalogTransaction.content(change, entry.frame, isEncrypted: isEncrypted, now: now)
        }
    }
}
