/// Base64url that comes in pieces.
struct Base64URLDecoder {
    private let isTolerant: Bool
    /// Characters of the alphabet that make no whole group yet.
    private var characters: [UInt8] = []
    private var isPadded = false

    init(isTolerant: Bool) { self.isTolerant = isTolerant }

    /// Appends to `octets` what the characters so far stand for; false if one is none of base64url.
    mutating func decode(_ text: [UInt8], into octets: inout [UInt8]) -> Bool {
        if !isTolerant {
            characters.append(contentsOf: text)
        } else {
            for octet in text {
                switch octet {
                case 0x20, 0x09, 0x0A, 0x0D: continue
                case 0x3D: isPadded = true
                case _ where isPadded: return false
                case 0x2B: characters.append(0x2D)
                case 0x2F: characters.append(0x5F)
                default: characters.append(octet)
                }
            }
        }
        return flush(characters.count / 4 * 4, into: &octets)
    }

    /// Appends what the last characters stand for; false if they are no end of base64url.
    mutating func finish(into octets: inout [UInt8]) -> Bool { flush(characters.count, into: &octets) }

    private mutating func flush(_ count: Int, into octets: inout [UInt8]) -> Bool {
        guard count > 0 else { return true }
        let decoded = characters.withUnsafeBytes {
            Base64URL.octets(of: UnsafeRawBufferPointer(rebasing: $0[..<count]), ignoresSpareBits: isTolerant)
        }
        guard let decoded else { return false }
        if octets.isEmpty { octets = decoded } else { octets.append(contentsOf: decoded) }
        characters.removeSubrange(..<count)
        return true
    }
}
