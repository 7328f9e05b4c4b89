import MeshCore
import MeshCryptography
import MeshEncoding

/// Reads on: fills the buffer with what comes next and says how many octets these are; 0 at the end.
public typealias OctetSource = (UnsafeMutableRawBufferPointer) throws -> Int
/// Takes what comes next.
public typealias OctetSink = (UnsafeRawBufferPointer) throws -> Void

/// What was written by ``EnvelopeSealer/seal(from:to:encoding:)``.
public struct SealedStream: Sendable {
    /// Header and trailer as they were written.
    public let members: EnvelopeMembers
    /// How many octets the content has.
    public let plaintextCount: Int
    /// How many octets the body has as it is stored.
    public let bodyCount: Int
}

/// How much of a body is in memory at a time.
let streamPieceSize = 1 << 17

extension EnvelopeSealer {
    /// Seals a payload of any length in constant memory: header, body in pieces, trailer.
    ///
    /// Blocks as long as `source` and `sink` do. After an error the envelope is not complete: throw away what was written.
    ///
    /// - Throws: ``DAREError`` as ``begin()``, or `unsupportedAlgorithm` for more than 64 GiB in GCM; what `source` and
    ///   `sink` throw.
    @discardableResult
    public func seal(
        from source: OctetSource, to sink: OctetSink, encoding: EnvelopeEncoding = .jsonB
    ) throws -> SealedStream {
        let begun = try begin()
        var writer = EnvelopeStreamWriter(encoding)
        try writer.begin(begun.header, to: sink)
        let digest = begun.digest.map { RunningDigest($0) }
        var (plaintextCount, bodyCount) = (0, 0)

        func store(_ octets: UnsafeRawBufferPointer) throws {
            digest?.update(octets)
            bodyCount += octets.count
            try writer.body(octets, to: sink)
        }
        // The content passes through memory that is wiped.
        var piece = SecretBytes(count: streamPieceSize) { _ in }
        var tag: [UInt8]?
        if let key = begun.key {
            var cipher = try key.seed.cipher(.encrypt, key.algorithm, salt: key.salt)
            let room = UnsafeMutableRawBufferPointer.allocate(
                byteCount: streamPieceSize + StreamingCipher.margin, alignment: 16)
            defer { room.deallocate() }
            while case let count = try piece.withUnsafeMutableBytes({ try source($0) }), count > 0 {
                plaintextCount += count
                let written = try piece.withUnsafeBytes {
                    try cipher.takeIn(UnsafeRawBufferPointer(rebasing: $0[..<count]), room[...])
                }
                try store(UnsafeRawBufferPointer(rebasing: room[..<written]))
            }
            let last = cipher.finishEncrypting(into: room)
            tag = last.tag
            try store(UnsafeRawBufferPointer(rebasing: room[..<last.written]))
        } else {
            while case let count = try piece.withUnsafeMutableBytes({ try source($0) }), count > 0 {
                plaintextCount += count
                try piece.withUnsafeBytes { try store(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            }
        }
        let trailer = try begun.trailer(payloadDigest: digest?.finalize(), tag: tag)
        try writer.end(trailer, to: sink)
        return SealedStream(
            members: EnvelopeMembers(header: begun.header, trailer: trailer), plaintextCount: plaintextCount,
            bodyCount: bodyCount)
    }
}

/// A digest of what passes through a function's inner functions.
final class RunningDigest {
    private var context: StreamingDigest

    init(_ algorithm: HashAlgorithm) { context = StreamingDigest(algorithm) }

    func update(_ octets: UnsafeRawBufferPointer) { context.update(octets) }
    func finalize() -> [UInt8] { context.duplicate().finalize() }
}
