import MeshCore
import MeshCryptography
import MeshEncoding

extension DARESequence {
    /// The payload of a frame, decrypted, piece after piece. Only after the call has returned is it known that it has the
    /// digest that the frame states: what was given before is to be thrown away if it throws.
    ///
    /// - Throws: as ``content(of:)``; what `sink` throws.
    func readContent(at position: Int, index: Int, to sink: OctetSink) throws {
        let stored = try StoredFrame(log, at: position, limit: extent.end)
        guard try unnumbered != nil || stored.index == index else {
            throw DAREError(.malformed, "In \(path), the frame at \(position) is not frame \(index).")
        }
        let members = try stored.members
        let digest = RunningDigest(try members.digestAlgorithm)
        let encryption = try members.encryption
        guard encryption != .none else {
            try readPieces(of: stored, digest, sink)
            return try check(digest, members, index)
        }
        guard let salt = try members.salt else {
            throw DAREError(.malformed, "Frame \(index) of \(path) is encrypted without a salt.")
        }
        var cipher = try seed(ofFrame: index, at: position, members).cipher(.decrypt, encryption, salt: salt)
        // The content passes through memory that is wiped.
        var room = SecretBytes(count: streamPieceSize + StreamingCipher.margin) { _ in }
        try readPieces(of: stored, digest) { piece in
            let written = try room.withUnsafeMutableBytes { try cipher.takeIn(piece, $0[...]) }
            if written > 0 { try room.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[..<written])) } }
        }
        // Before the padding says anything about what was changed.
        try check(digest, members, index)
        let last = try cipher.finish(tag: members.payloadTag)
        if last.count > 0 { try last.withUnsafeBytes { try sink($0) } }
    }

    private func readPieces(of stored: StoredFrame, _ digest: RunningDigest, _ sink: OctetSink) throws {
        var place = stored.payload.lowerBound
        while place < stored.payload.upperBound {
            let piece = try log.read(at: place, count: min(streamPieceSize, stored.payload.upperBound - place))
            try piece.withUnsafeBytes { octets in
                digest.update(octets)
                try sink(octets)
            }
            place += piece.count
        }
    }

    private func check(_ digest: RunningDigest, _ members: EnvelopeMembers, _ index: Int) throws {
        guard let stated = try members.payloadDigest, digest.finalize() != stated else { return }
        throw DAREError(
            .digestMismatch, "The payload of frame \(index) of \(path) was changed.",
            remedy: "Verify the sequence, and get the frame again from a copy.")
    }
}
