import MeshEncoding

/// Taking over an envelope or frame as it is stored into another sequence: its body is neither decrypted nor changed, so
/// that its digest and signatures stay valid (`dare-12` §9: the trailer's members move into the header).
enum CopiedFrame {
    /// What a sequence writes anew in each frame.
    private static let sequenceMembers = [
        "SequenceInfo", "ContainerInfo", "SequenceIndex", "ContainerIndex", "Received", "Index", "ContainerType",
        "DataEncoding", "TreePosition", "IndexPosition", "ExchangePosition", "IsMeta", "Default", "FrameCheck",
        "policy",
    ]
    /// What is a digest over other frames, which are others now.
    private static let linkMembers = ["ChainDigest", "TreeDigest", "ApexDigest", "FrameCheck"]
    /// Members of the metadata that files before 2020 have directly in the header.
    static let flatMetaNames = [
        "UniqueId", "UniqueID", "Event", "First", "Previous", "KeyValues", "cty", "Paths", "Filename", "FileEntry",
    ]

    /// The content of a frame that holds `body`, with the members of the envelope it came in.
    static func content(_ body: [UInt8], _ members: EnvelopeMembers) -> FrameContent {
        var content = FrameContent(body)
        content.isStoredAsIs = true
        var header = members.header
        for name in sequenceMembers { header[name] = nil }
        for (name, value) in members.trailer.members where !linkMembers.contains(name) { header[name] = value }
        // The digest is computed anew, over the same octets with the same algorithm.
        header["PayloadDigest"] = nil
        content.header = header
        return content
    }

    /// The content of a frame of `sequence`, with the key exchange that it depends on.
    static func content(
        _ frame: SequenceFrame, _ members: EnvelopeMembers, of sequence: DARESequence
    ) throws -> FrameContent {
        var content = content(Array(frame.payload), members)
        content.received = members.received
        guard try members.encryption != .none, try members.recipients.isEmpty else { return content }
        content.header["recipients"] = try exchange(of: frame, members, in: sequence).header["recipients"]
        return content
    }

    /// The earlier frame that has the key exchange of `frame`.
    private static func exchange(
        of frame: SequenceFrame, _ members: EnvelopeMembers, in sequence: DARESequence
    ) throws -> SequenceFrame {
        let place = SequenceInfo(header: members.header).exchangePosition ?? 0
        guard place > 0 else { return try SequenceFrame(sequence.log.frame(at: 0)) }
        // Some write the number of the frame, some where it is.
        if place < frame.index { return try sequence.frame(at: place) }
        guard place < frame.position else {
            throw DAREError(
                .malformed, "Frame \(frame.index) of \(sequence.path) has its key exchange in a later frame.")
        }
        return try SequenceFrame(sequence.log.frame(at: place))
    }
}
