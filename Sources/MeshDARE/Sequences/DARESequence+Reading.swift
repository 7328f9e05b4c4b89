import MeshCore
import MeshCryptography
import MeshEncoding

extension DARESequence {
    /// The frame of that number, among those that were there when the file was last looked at.
    ///
    /// - Throws: ``DAREError`` `noSuchFrame`, `malformed`; ``PlatformError``.
    public func frame(at index: Int) throws -> SequenceFrame {
        let extent = extent
        return try frame(at: index, end: extent.end, last: extent.last)
    }

    /// The frame of that number, looked for from the frame `last` that ends at `end`.
    func frame(at index: Int, end: Int, last: Int) throws -> SequenceFrame {
        guard (0...max(last, 0)).contains(index), index <= last else {
            throw DAREError(.noSuchFrame, "\(path) has no frame \(index): there are \(last + 1).")
        }
        var frame = try SequenceFrame(log.frame(endingAt: end))
        while frame.index > index {
            let step: SequenceFrame
            if knownType?.hasTreePosition == true, let previous = SequenceTree.previous(of: frame.index),
                previous >= index
            {
                step = try SequenceTail.earlier(log, frame.info, index: previous, before: frame.position)
            } else {
                step = try SequenceFrame(log.frame(endingAt: frame.position))
            }
            guard step.index < frame.index else {
                throw DAREError(.malformed, "In \(path), frame \(frame.index) follows a frame \(step.index).")
            }
            frame = step
        }
        guard frame.index == index else { throw DAREError(.malformed, "\(path) has lost frame \(index).") }
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
        let seed = try seed(of: frame, members)
        return try frame.payload.withUnsafeBytes { payload in
            try seed.decrypt(payload, tag: members.payloadTag, with: encryption, salt: salt)
        }
    }

    /// The base seed a frame is encrypted under: exchanged in it, in the earlier frame it names, or in frame 0.
    private func seed(of frame: SequenceFrame, _ members: EnvelopeMembers) throws -> BaseSeed {
        if let known = seed(of: frame.index) { return known }
        let recipients = try members.recipients
        if !recipients.isEmpty {
            let seed = try keys.decryption.openSeed(recipients).seed
            remember(seed, of: frame.index)
            return seed
        }
        guard let exchange = SequenceInfo(header: members.header).exchangePosition else {
            return try exchangeSeed(of: 0)
        }
        // Some write the number of the frame, some where it is.
        if exchange < frame.index { return try exchangeSeed(of: exchange) }
        guard exchange < frame.position else {
            throw DAREError(.malformed, "Frame \(frame.index) of \(path) has its key exchange in a later frame.")
        }
        return try exchangeSeed(in: SequenceFrame(log.frame(at: exchange)))
    }

    /// The base seed that is exchanged in frame `index`.
    func exchangeSeed(of index: Int) throws -> BaseSeed {
        if let known = seed(of: index) { return known }
        return try exchangeSeed(in: index == 0 ? SequenceFrame(log.frame(at: 0)) : frame(at: index))
    }

    private func exchangeSeed(in frame: SequenceFrame) throws -> BaseSeed {
        let seed = try keys.decryption.openSeed(frame.members.recipients).seed
        remember(seed, of: frame.index)
        return seed
    }
}
