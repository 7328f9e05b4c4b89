import MeshCore
import MeshCryptography
import MeshEncoding

/// What ``EnvelopeOpener`` says about an envelope whose content it has handed on.
public struct StreamedEnvelope: Sendable {
    /// Header and trailer as they were read.
    public let members: EnvelopeMembers
    /// The header, its cloaked members in their places. No signature covers it.
    public let header: JSONObject
    /// The annotations. No signature covers them.
    public let annotations: [[UInt8]]
    /// What the envelope says about its content. No signature covers it.
    public let contentMeta: ContentMeta
    /// Whether the body has a digest; an invalid one is an error.
    public let digest: DigestState
    /// Who signed the body, of those that had to.
    public let signers: [PublicKey]
    /// Those signers that proved to have known the base seed; see ``OpenedEnvelope/witnessed``.
    public let witnessed: [PublicKey]
    /// How many octets the body has as it is stored.
    public let bodyCount: Int
    /// How many octets the content has; 0 if it was not opened.
    public let plaintextCount: Int
}

/// A body that is decrypted, or passed on, piece by piece.
struct StreamedBody: ~Copyable {
    /// How many octets came in.
    private(set) var count = 0
    private var plaintextCount = 0
    private var cipher: StreamingCipher?
    /// The content passes through memory that is wiped.
    private var room: SecretBytes

    /// A body that is plain, unless ``decrypt(with:)`` says that it is not.
    init() { room = SecretBytes(count: 0) { _ in } }

    mutating func decrypt(with cipher: consuming StreamingCipher) {
        self.cipher = consume cipher
        room = SecretBytes(count: streamPieceSize + StreamingCipher.margin) { _ in }
    }

    /// Passes over the next piece.
    mutating func skip(_ piece: UnsafeRawBufferPointer) { count += piece.count }

    /// Hands on the content of the next piece.
    mutating func take(_ piece: UnsafeRawBufferPointer, _ write: OctetSink) throws {
        count += piece.count
        var rest = piece
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(streamPieceSize))
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
            guard cipher != nil else {
                plaintextCount += part.count
                try write(part)
                continue
            }
            let ready = try room.withUnsafeMutableBytes { room in try cipher?.takeIn(part, room[...]) ?? 0 }
            try room.withUnsafeBytes { try write(UnsafeRawBufferPointer(rebasing: $0[..<ready])) }
            plaintextCount += ready
        }
    }

    /// Hands on what is left.
    ///
    /// - Returns: how many octets the content has.
    /// - Throws: ``DAREError`` `decryptionFailed`; what the sink throws.
    consuming func finish(tag: [UInt8]?, _ write: OctetSink) throws -> Int {
        guard let cipher else { return plaintextCount }
        let last = try cipher.finish(tag: tag)
        try last.withUnsafeBytes(write)
        return plaintextCount + last.count
    }
}
