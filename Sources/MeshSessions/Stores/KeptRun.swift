import MeshDARE
import MeshPortals

/// A run of our copy of a store, as a portal is sent it. It was verified when it was received, or made here.
struct KeptRun: Sendable {
    /// The frames, with the place where they belong.
    let update: ContainerUpdate
    /// The fingerprint of the key that signed them, as the signature names it.
    let signer: String

    /// The runs of `sequence` from frame `first` on, where one begins. Blocks.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    static func all(of store: StoreName, in sequence: DARESequence, from first: Int = 0) throws -> [KeptRun] {
        var runs: [KeptRun] = []
        var digest = try digest(before: first, in: sequence)
        var frames: [[UInt8]] = []
        var start = first
        var next = first
        while true {
            let page = try sequence.frameOctets(from: next, octets: 1 << 20)
            guard !page.isEmpty else { return runs }
            next += page.count
            for frame in page {
                frames.append(frame)
                let trailer = try FrameTrailer(of: frame)
                guard let signer = trailer.signer else { continue }
                runs.append(
                    KeptRun(
                        update: ContainerUpdate(
                            container: store.containerName, index: start, digest: digest, frames: frames),
                        signer: signer))
                start += frames.count
                digest = trailer.chainDigest ?? []
                frames = []
            }
        }
    }

    /// The run of `sequence` that frame `frame` belongs to; nil if its signature is not there. Blocks.
    ///
    /// - Throws: ``DAREError``, ``PlatformError``.
    static func with(_ frame: Int, of store: StoreName, in sequence: DARESequence) throws -> KeptRun? {
        var start = frame
        while start > 0, try trailer(start - 1, in: sequence)?.endsRun == false { start -= 1 }
        var frames: [[UInt8]] = []
        while let next = try sequence.frameOctets(from: start + frames.count, limit: 1).first {
            frames.append(next)
            guard let signer = try FrameTrailer(of: next).signer else { continue }
            return KeptRun(
                update: ContainerUpdate(
                    container: store.containerName, index: start, digest: try digest(before: start, in: sequence),
                    frames: frames),
                signer: signer)
        }
        return nil
    }

    private static func digest(before frame: Int, in sequence: DARESequence) throws -> [UInt8] {
        frame == 0 ? [] : try trailer(frame - 1, in: sequence)?.chainDigest ?? []
    }

    private static func trailer(_ frame: Int, in sequence: DARESequence) throws -> FrameTrailer? {
        try sequence.frameOctets(from: frame, limit: 1).first.map { try FrameTrailer(of: $0) }
    }
}
