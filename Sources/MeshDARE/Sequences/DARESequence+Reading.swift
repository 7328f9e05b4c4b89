import MeshCore
import MeshCryptography
import MeshEncoding

extension DARESequence {
    /// The frame of that number, among those that were there when the file was last looked at.
    ///
    /// - Throws: ``DAREError`` `noSuchFrame`, `malformed`; ``PlatformError``.
    public func frame(at index: Int) throws -> SequenceFrame {
        let (extent, place) = known(index)
        // Most often it is there; if not, what is wrong is found out below.
        if let place,
            let frame = try? SequenceFrame(
                octets: log.read(at: place.lowerBound, count: place.count), at: place.lowerBound), frame.index == index
        {
            return frame
        }
        return try frame(at: index, end: extent.end, last: extent.last)
    }

    /// The frame of that number, looked for from the frame `last` that ends at `end`.
    func frame(at index: Int, end: Int, last: Int) throws -> SequenceFrame {
        let extent = Extent(end: end, last: last)
        try require(index, extent)
        if let unnumbered { return try SequenceFrame(log.frame(at: unnumbered[index]), number: index) }
        if let frame = try indexedFrame(index, extent) { return frame }
        return try SequenceFrame(log.frame(at: walk(to: index, extent).position))
    }

    /// The frame of that number without its payload.
    func storedFrame(at index: Int) throws -> StoredFrame {
        let extent = extent
        try require(index, extent)
        if let unnumbered { return try StoredFrame(log, at: unnumbered[index], limit: extent.end) }
        if let place = try indexedPlace(index, extent),
            let frame = try? StoredFrame(log, at: place.position, limit: extent.end), try frame.index == index
        {
            return frame
        }
        return try walk(to: index, extent)
    }

    private func require(_ index: Int, _ extent: Extent) throws(DAREError) {
        guard index >= 0, index <= extent.last else {
            throw DAREError(.noSuchFrame, "\(path) has no frame \(index): there are \(extent.last + 1).")
        }
    }

    /// Goes from the last frame back to the one of that number: through the tree, or step by step.
    private func walk(to index: Int, _ extent: Extent) throws -> StoredFrame {
        var frame = try StoredFrame(log, endingAt: extent.end)
        var number = try frame.index
        while number > index {
            let step: StoredFrame
            if knownType?.hasTreePosition == true, let previous = SequenceTree.previous(of: number), previous >= index {
                step = try SequenceTail.earlier(log, frame.info, index: previous, before: frame.position)
            } else {
                step = try StoredFrame(log, endingAt: frame.position)
            }
            let found = try step.index
            guard found < number else {
                throw DAREError(.malformed, "In \(path), frame \(number) follows a frame \(found).")
            }
            (frame, number) = (step, found)
        }
        guard number == index else { throw DAREError(.malformed, "\(path) has lost frame \(index).") }
        return frame
    }

    // MARK: Payloads

    /// The payload of a frame of this sequence: verified against its digest, if it states one, and decrypted.
    ///
    /// - Throws: ``DAREError`` `digestMismatch`, `wrongRecipient`, `noRecipients`, `corruptKeyExchange`,
    ///   `decryptionFailed`, `unsupportedAlgorithm`, `malformed`.
    public func content(of frame: SequenceFrame) throws -> [UInt8] {
        let members = try frame.members
        if let stated = try members.payloadDigest {
            guard try frame.payload.withUnsafeBytes({ try members.digestAlgorithm.digest($0) }) == stated else {
                throw DAREError(
                    .digestMismatch, "The payload of frame \(frame.index) of \(path) was changed.",
                    remedy: "Verify the sequence, and get the frame again from a copy.")
            }
        }
        let encryption = try members.encryption
        guard encryption != .none else { return Array(frame.payload) }
        guard let salt = try members.salt else {
            throw DAREError(.malformed, "Frame \(frame.index) of \(path) is encrypted without a salt.")
        }
        let seed = try seed(ofFrame: frame.index, at: frame.position, members)
        return try frame.payload.withUnsafeBytes { payload in
            try seed.decrypt(payload, tag: members.payloadTag, with: encryption, salt: salt)
        }
    }

    /// The base seed a frame is encrypted under: exchanged in it, in the earlier frame it names, or in frame 0.
    func seed(ofFrame index: Int, at position: Int, _ members: EnvelopeMembers) throws -> BaseSeed {
        if let known = seed(of: index) { return known }
        let recipients = try members.recipients
        if !recipients.isEmpty {
            let seed = try keys.decryption.openSeed(recipients).seed
            remember(seed, of: index)
            return seed
        }
        guard let exchange = SequenceInfo(header: members.header).exchangePosition else {
            return try exchangeSeed(of: 0)
        }
        // Some write the number of the frame, some where it is.
        if exchange < index { return try exchangeSeed(of: exchange) }
        guard exchange < position else {
            throw DAREError(.malformed, "Frame \(index) of \(path) has its key exchange in a later frame.")
        }
        return try exchangeSeed(in: StoredFrame(log, at: exchange, limit: position))
    }

    /// The base seed that is exchanged in frame `index`.
    func exchangeSeed(of index: Int) throws -> BaseSeed {
        if let known = seed(of: index) { return known }
        return try exchangeSeed(
            in: index == 0 ? StoredFrame(log, at: 0, limit: extent.end) : storedFrame(at: index))
    }

    private func exchangeSeed(in frame: StoredFrame) throws -> BaseSeed {
        let seed = try keys.decryption.openSeed(frame.members.recipients).seed
        remember(seed, of: try frame.index)
        return seed
    }
}
