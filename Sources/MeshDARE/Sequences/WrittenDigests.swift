import MeshCryptography

/// The digests in a trailer of a Merkle sequence that is exactly as it is written here, read without a tree.
struct WrittenDigests {
    let payload: [UInt8]
    let tree: [UInt8]

    init?(_ trailer: UnsafeRawBufferPointer, _ digest: HashAlgorithm) {
        var scan = TextScan(trailer)
        guard scan.take(#"{"PayloadDigest":""#), let payload = scan.binary(digest.digestSize),
            scan.take(#"","TreeDigest":""#), let tree = scan.binary(digest.digestSize), scan.take(#"""#)
        else { return nil }
        if scan.take(#","FrameCheck":""#) {
            guard scan.skipBase64(), scan.take(#"""#) else { return nil }
        }
        guard scan.take("}"), scan.isAtEnd else { return nil }
        (self.payload, self.tree) = (payload, tree)
    }
}
