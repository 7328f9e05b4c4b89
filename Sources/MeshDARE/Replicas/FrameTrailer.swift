import MeshEncoding

/// What a single frame says at its end, octet by octet as it stands in a file. Nothing of it is verified: it is for who keeps
/// frames that were verified before.
public struct FrameTrailer: Sendable {
    /// The signer's key as a ``RunSignature`` in it names it; nil if there is none.
    public let signer: String?
    /// Whether a run ends with the frame: it holds a ``RunSignature``.
    public var endsRun: Bool { signer != nil }
    /// The chain digest; nil if the frame states none.
    public let chainDigest: [UInt8]?

    /// Reads the trailer of `frame`.
    ///
    /// - Throws: ``DAREError`` `malformed`.
    public init(of frame: [UInt8]) throws(DAREError) {
        do {
            let parts = try SequenceFrame(octets: frame, at: 0)
            signer = RunSignature.stated(in: parts.trailerOctets)?.signature.signer
            chainDigest = try parts.members.chainDigest
        } catch let error as DAREError {
            throw error
        } catch {
            throw DAREError(.malformed, "The octets are no frame.", cause: error)
        }
    }
}
