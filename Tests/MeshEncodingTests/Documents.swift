import MeshEncoding

/// Documents that have every form between them.
enum Documents {
    static let texts = [
        "{\"a\":[1,true,null,\"x\\u0041\\n é\"],\"b\":{\"c\":-1.5e3}}",
        " [ ] ", "{}", "\"\"", "0", "-12.5E+7", "[[],{},[{}]]", "\"\\uD83D\\uDE00/\\/\"", "false",
        "{\"long name of a member\":\"a text that has more octets than fit into a value\",\"n\":\"QUJD\\n  REVG\"}",
    ]

    static let binaries: [[UInt8]] = [
        hex("5b84014885000265 6c8600000001 6c87000000000000 00016f80008c020102 8d000203048801 055d"),
        hex("7b800161a0018001625bb0b1b280017888030102035d7d"),
        hex("7bb40161a02ab50001 623aa92710b6000000016322782 22cb7000000000000000164923ff00000000000007d"),
        hex("5b31 2c a002 2c 32 2c 33 5d"),
        hex(
            "5ba42a00000000000000000000000000002a ac0000000000000000000000000000000a a7000901 0000000000000000af0001015d"
        ),
        hex(
            "5b903c00913f800000923ff00000000000009401020304050607080910111213141516950102030405060708090a9601020304 970102030405060708 9801020304050607080910111213141516 5d"
        ),
        hex("c4018801415bc001c1000 1c200000001c8028002c3a9c0027bc90003 8001 61a001 7d7b c003 a0027d5d"),
        hex("efbbbf 5b 20 7b 22 61 22 3a 88 01 ff 7d 0a 2c 20 88 03 414243 2c 7b 7d 5d"),
    ]

    static var all: [[UInt8]] { texts.map { Array($0.utf8) } + binaries }

    /// Octets from hexadecimal digits, with blanks anywhere.
    static func hex(_ text: String) -> [UInt8] {
        let digits = text.compactMap { $0.hexDigitValue.map(UInt8.init) }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    /// What gives `octets` in pieces of `size`.
    static func source(_ octets: [UInt8], size: Int) -> () -> [UInt8] {
        var place = 0
        return {
            defer { place = min(place + size, octets.count) }
            return Array(octets[place..<min(place + size, octets.count)])
        }
    }

    /// What gives `octets` in two pieces.
    static func source(_ octets: [UInt8], cutAt cut: Int) -> () -> [UInt8] {
        var pieces = [Array(octets[..<cut]), Array(octets[cut...])].filter { !$0.isEmpty }
        return { pieces.isEmpty ? [] : pieces.removeFirst() }
    }
}
