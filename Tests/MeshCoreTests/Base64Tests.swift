import Foundation
import MeshCore
import Testing

@Suite struct Base64Tests {
    static let variants = [
        Base64.standard, Base64.url, Base64(.standard, isPadded: false), Base64(.url, isPadded: true),
    ]

    // RFC 4648 §10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func publishedValues(plain: String, text: String) {
        #expect(Base64.standard.encode(Array(plain.utf8)) == text)
        #expect(Base64.standard.decode(text) == Array(plain.utf8))
        let unpadded = text.replacing("=", with: "")
        #expect(Base64.url.encode(Array(plain.utf8)) == unpadded)
        #expect(Base64.url.decode(unpadded) == Array(plain.utf8))
    }

    /// Another implementation, in all four variants and at every length.
    @Test func agreesWithFoundation() {
        let random = SeededRandomSource(seed: .random(in: 0...UInt64.max))
        for count in 0..<200 {
            let octets = random.bytes(count)
            let standard = Data(octets).base64EncodedString()
            for base64 in Self.variants {
                var text = base64.isPadded ? standard : standard.replacing("=", with: "")
                if base64 == Base64(.url, isPadded: base64.isPadded) {
                    text = text.replacing("+", with: "-").replacing("/", with: "_")
                }
                #expect(base64.encode(octets) == text, "seed \(random.seed)")
                #expect(base64.encodedCount(count) == text.utf8.count)
                #expect(base64.decode(text) == octets, "seed \(random.seed)")
            }
        }
    }

    /// Every octet in every place of a text: exactly the alphabet is read, as the value it has.
    @Test(arguments: variants) func exactlyTheAlphabetIsRead(base64: Base64) {
        let isURL = base64 == Base64(.url, isPadded: base64.isPadded)
        let alphabet = Array(
            ("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789" + (isURL ? "-_" : "+/")).utf8)
        for octet in UInt8.min...UInt8.max {
            let value = alphabet.firstIndex(of: octet).map { UInt32($0) }
            for place in 0..<8 {
                var text = [UInt8](repeating: 0x41, count: 8)
                text[place] = octet
                let bits = value.map { $0 << UInt32(18 - place % 4 * 6) }
                let block = bits.map { [UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
                let octets = block.map { place < 4 ? $0 + [0, 0, 0] : [0, 0, 0] + $0 }
                let isPadding = base64.isPadded && octet == 0x3D && place == 7
                #expect(read(text, base64) == (isPadding ? [0, 0, 0, 0, 0] : octets), "octet \(octet) at \(place)")
            }
            // And in the last, shorter block, where only two bits or four of the last character are used.
            for (length, mask) in [(2, UInt32(15)), (3, 3)] {
                let text = [UInt8](repeating: 0x41, count: length - 1) + [octet]
                let padding = [UInt8](repeating: 0x3D, count: base64.isPadded ? 4 - length : 0)
                let isPadding = base64.isPadded && octet == 0x3D && length == 3
                let isRead = value.map { $0 & mask == 0 } ?? isPadding
                #expect((read(text + padding, base64) != nil) == isRead, "octet \(octet), \(length) characters")
                let isReadLoosely = value != nil || isPadding
                #expect((read(text + padding, base64, ignoresSpareBits: true) != nil) == isReadLoosely)
            }
        }
    }

    @Test(arguments: [
        "A", "AA", "AAA", "A===", "====", "==", "=", "AA=", "AAA==", "AA==AA==", "A=AA", "AA=A", "AB==", "AAB=",
        "AAAA====",
        "AAAA=", "AA==\n", "\nAA==", "AA ==", "-_8=", "AAAé", "AA\0=", "AA==\0\0\0\0",
    ])
    func anythingElseIsRefusedIfPadded(text: String) {
        #expect(Base64.standard.decode(text) == nil)
    }

    @Test(arguments: [
        "A", "AAAAA", "AA==", "AAA=", "=", "==", "====", "AB", "AAB", "+/8", "A A", "AA\n", "A!", "é", "AA\0",
    ])
    func anythingElseIsRefusedIfNotPadded(text: String) {
        #expect(Base64.url.decode(text) == nil)
    }

    @Test func spareBitsAreIgnoredOnlyIfAsked() {
        #expect(Base64.url.decode("_x", ignoresSpareBits: true) == [0xFF])
        #expect(Base64.url.decode("__9", ignoresSpareBits: true) == Base64.url.decode("__8"))
        #expect(Base64.standard.decode("/x==", ignoresSpareBits: true) == [0xFF])
        #expect(Base64.url.decode("A", ignoresSpareBits: true) == nil)
    }

    /// Nothing is written outside of what the text or the octets take, and nothing into too little room.
    @Test(arguments: variants) func roomIsKept(base64: Base64) {
        for count in 0..<20 {
            let octets = [UInt8](repeating: 0xA5, count: count)
            let text = Array(base64.encode(octets).utf8)
            var roomy = [UInt8](repeating: 0xEE, count: text.count + 8)
            octets.withUnsafeBytes { source in roomy.withUnsafeMutableBytes { base64.encode(source, into: $0) } }
            #expect(roomy == text + [UInt8](repeating: 0xEE, count: 8))
            var target = [UInt8](repeating: 0xEE, count: count + 8)
            let written = text.withUnsafeBytes { text in
                target.withUnsafeMutableBytes { base64.decode(text, into: $0) }
            }
            #expect(written == count)
            #expect(target == octets + [UInt8](repeating: 0xEE, count: 8))
            #expect(text.withUnsafeBytes { base64.decodedCount($0) } == count)
            if count > 0 {
                var narrow = [UInt8](repeating: 0, count: count - 1)
                let refused = text.withUnsafeBytes { text in
                    narrow.withUnsafeMutableBytes { base64.decode(text, into: $0) }
                }
                #expect(refused == nil)
            }
        }
    }

    @Test(arguments: variants) func secretsComeBack(base64: Base64) throws {
        for count in [0, 1, 2, 3, 32, 1000] {
            let octets = SeededRandomSource(seed: UInt64(count)).bytes(count)
            let text = base64.encode(SecretBytes(copying: octets))
            #expect(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) } == base64.encode(octets))
            let isBack = text.withUnsafeBytes { text in
                base64.decode(text)?.withUnsafeBytes { $0.elementsEqual(octets) }
            }
            #expect(isBack == true)
        }
        let refused = Array("A!AA".utf8).withUnsafeBytes { base64.decode($0) == nil }
        #expect(refused)
    }

    private func read(_ text: [UInt8], _ base64: Base64, ignoresSpareBits: Bool = false) -> [UInt8]? {
        var octets = [UInt8](repeating: 0xEE, count: text.count)
        let count = text.withUnsafeBytes { text in
            octets.withUnsafeMutableBytes { base64.decode(text, into: $0, ignoresSpareBits: ignoresSpareBits) }
        }
        return count.map { Array(octets.prefix($0)) }
    }
}
