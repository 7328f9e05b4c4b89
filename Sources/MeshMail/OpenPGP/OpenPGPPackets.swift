import MeshCore

/// The packets of a transferable key (RFC 4880 §4, §11.1, §11.2), walked through before the library sees them: that it is one key, whole,
/// with the halves that are wanted, of a bounded number of parts.
enum OpenPGPPackets {
    private static let maximumPackets = 2000
    private static let maximumSubkeys = 64
    private static let maximumUserIDs = 64
    private static let maximumUserIDOctets = 2048

    /// The halves that a key must have.
    enum Halves { case secret, publicOnly }

    private enum Tag {
        static let signature = 2
        static let secretKey = 5
        static let publicKey = 6
        static let secretSubkey = 7
        static let trust = 12
        static let userID = 13
        static let publicSubkey = 14
        static let userAttribute = 17

        static func isKey(_ tag: Int) -> Bool { isPrimary(tag) || tag == secretSubkey || tag == publicSubkey }
        static func isPrimary(_ tag: Int) -> Bool { tag == secretKey || tag == publicKey }
        static func isPublic(_ tag: Int) -> Bool { tag == publicKey || tag == publicSubkey }
    }

    /// - Throws: ``MailKeyError`` `malformed`, `noSecretKey`, `tooLarge` or `unsupported`, with the place.
    static func check(_ octets: UnsafeRawBufferPointer, _ halves: Halves) throws(MailKeyError) {
        var offset = 0
        var (packets, subkeys, userIDs) = (0, 0, 0)
        while offset < octets.count {
            let start = offset
            let (tag, body) = try packet(octets, &offset)
            packets += 1
            if tag == Tag.secretSubkey || tag == Tag.publicSubkey { subkeys += 1 }
            if tag == Tag.userID || tag == Tag.userAttribute { userIDs += 1 }
            guard packets <= maximumPackets, subkeys <= maximumSubkeys, userIDs <= maximumUserIDs,
                tag != Tag.userID || body.count <= maximumUserIDOctets
            else {
                throw MailKeyError(
                    .tooLarge, "Octet \(start): the key has more parts, or a longer name, than is read here.",
                    remedy: "Export it without the signatures of others: gpg --export-options export-minimal.")
            }
            if packets == 1 {
                guard Tag.isPrimary(tag) else {
                    throw MailKeyError(
                        .malformed,
                        "Octet 0: an OpenPGP key begins with a primary key, not with a packet of type \(tag).")
                }
            } else if Tag.isPrimary(tag) {
                throw MailKeyError(
                    .malformed, "Octet \(start): a second key begins, and one key is wanted.",
                    remedy: "Export and import the keys one by one.")
            }
            guard Tag.isKey(tag) || [Tag.signature, Tag.trust, Tag.userID, Tag.userAttribute].contains(tag) else {
                throw MailKeyError(.malformed, "Octet \(start): a packet of type \(tag) cannot stand in a key.")
            }
            guard Tag.isKey(tag) else { continue }
            guard let version = octets[body].first else {
                throw MailKeyError(.malformed, "Octet \(start): the packet of a key is empty.")
            }
            guard version == 4 else {
                throw MailKeyError(
                    .unsupported, "Octet \(start): the key has version \(version), and version 4 is read here.",
                    remedy: "Use a key of version 4 (GnuPG: default-new-key-algo ed25519/cert,sign+cv25519/encr).")
            }
            try checkHalf(tag, halves, at: start)
        }
        guard packets > 0 else { throw MailKeyError(.malformed, "There is no OpenPGP key: nothing was given.") }
    }

    private static func checkHalf(_ tag: Int, _ halves: Halves, at start: Int) throws(MailKeyError) {
        switch halves {
        case .secret where Tag.isPublic(tag):
            throw MailKeyError(
                .noSecretKey, "Octet \(start): there is only the public half of the key.",
                remedy: "Export the key with 'gpg --export-secret-keys', where its private half is.")
        case .publicOnly where !Tag.isPublic(tag):
            throw MailKeyError(
                .malformed, "Octet \(start): this is a private key, where a public one is wanted.",
                remedy: "Give it to nobody; export the public half with 'gpg --export'.")
        default: break
        }
    }

    /// The packet at `offset`, which moves behind it.
    private static func packet(
        _ octets: UnsafeRawBufferPointer, _ offset: inout Int
    ) throws(MailKeyError) -> (tag: Int, body: Range<Int>) {
        let start = offset
        func number(_ count: Int) throws(MailKeyError) -> Int {
            guard octets.count - offset >= count else { throw cut(start) }
            var value = 0
            for index in offset..<(offset + count) { value = value << 8 | Int(octets[index]) }
            offset += count
            return value
        }
        let head = try number(1)
        guard head & 0x80 != 0 else { throw MailKeyError(.malformed, "Octet \(start): no packet begins here.") }
        let tag: Int
        let length: Int
        if head & 0x40 != 0 {
            tag = head & 0x3F
            let first = try number(1)
            switch first {
            case 0..<192: length = first
            case 192..<224: length = (first - 192) << 8 + (try number(1)) + 192
            case 255: length = try number(4)
            default: throw MailKeyError(.malformed, "Octet \(start): the length of a key's packet is not told at once.")
            }
        } else {
            tag = head >> 2 & 0x0F
            guard head & 3 < 3 else {
                throw MailKeyError(.malformed, "Octet \(start): the length of a key's packet is not told at all.")
            }
            length = try number(1 << (head & 3))
        }
        guard octets.count - offset >= length else { throw cut(start) }
        let body = offset..<(offset + length)
        offset += length
        return (tag, body)
    }

    private static func cut(_ start: Int) -> MailKeyError {
        MailKeyError(.malformed, "Octet \(start): the packet that begins here is cut short.")
    }
}
