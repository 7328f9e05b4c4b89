import MeshCryptography

/// A header that is exactly as it is written here, read without a tree.
///
/// Only forms in which nothing else can be meant are taken: anything else is for the parser.
struct WrittenHeader {
    let index: Int
    let treePosition: Int?

    init?(_ header: UnsafeRawBufferPointer, type: SequenceType, _ digest: HashAlgorithm) {
        var scan = TextScan(header)
        guard scan.take(#"{"SequenceInfo":{"Index":"#), let index = scan.number() else { return nil }
        self.index = index
        if type.hasTreePosition, index > 0 {
            guard scan.take(#","TreePosition":"#), let position = scan.number() else { return nil }
            treePosition = position
        } else {
            treePosition = nil
        }
        guard scan.take("}") else { return nil }
        if type.hasPayloadDigest {
            guard digest == .dareStandard, scan.take(#","dig":"S512""#) else { return nil }
        }
        if scan.take(#","ContentMetaData":""#) {
            guard scan.skipBase64(), scan.take(#"""#) else { return nil }
        }
        guard scan.take("}"), scan.isAtEnd else { return nil }
    }
}
