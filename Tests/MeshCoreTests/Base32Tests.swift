import MeshCore
import Testing

@Suite struct Base32Tests {
    private func encode(_ octets: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: Base32.encodedCount(octets.count))
        octets.withUnsafeBytes { source in text.withUnsafeMutableBytes { Base32.encode(source, into: $0) } }
        return String(decoding: text, as: UTF8.self)
    }

    private func decode(_ text: String, room: Int? = nil) -> [UInt8]? {
        let source = Array(text.utf8)
        var octets = [UInt8](repeating: 0xEE, count: room ?? source.count)
        let count = source.withUnsafeBytes { source in
            octets.withUnsafeMutableBytes { Base32.decode(source, into: $0) }
        }
        return count.map { Array(octets.prefix($0)) }
    }

    // RFC 4648 §10, without the padding.
    @Test(arguments: [
        ("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB"),
        ("foobar", "MZXW6YTBOI"),
    ])
    func publishedValues(plain: String, text: String) {
        #expect(encode(Array(plain.utf8)) == text)
        #expect(decode(text) == Array(plain.utf8))
    }

    @Test func everyValueOfFiveBits() {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        for value in UInt8(0)..<32 {
            #expect(encode([value << 3]).first == alphabet[Int(value)])
            #expect(decode("\(alphabet[Int(value)])A") == [value << 3])
        }
    }

    @Test func exactlyTheAlphabetIsRead() {
        for octet in UInt8.min...UInt8.max {
            let source = [octet, octet]
            var target: [UInt8] = [0]
            let count = source.withUnsafeBytes { source in
                target.withUnsafeMutableBytes { Base32.decode(source, into: $0) }
            }
            let isLetter = (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
            let isRead = isLetter || (0x32...0x37).contains(octet)
            #expect(count == (octet == 0x2D ? 0 : isRead ? 1 : nil), "octet \(octet)")
        }
    }

    @Test func randomOctetsRoundTrip() {
        let random = SeededRandomSource(seed: 42)
        for count in 0..<200 {
            let octets = random.bytes(count)
            let text = encode(octets)
            #expect(decode(text) == octets, "seed \(random.seed)")
            #expect(decode(text.lowercased()) == octets)
            #expect(decode(text.map { "\($0)-" }.joined()) == octets)
            #expect(decode(text, room: octets.count) == octets)
            if count > 0 { #expect(decode(text, room: count - 1) == nil) }
        }
    }

    @Test func spareBitsAreDropped() {
        #expect(decode("MY") == decode("MZ"))
        #expect(decode("M") == [])
    }
}
