import MeshCore
import Testing

@Suite struct UDFTests {
    static let text = "MDDK-7N6A-727A-JZNO-STRX-XKS7-DJAF"

    @Test func anySpellingIsRead() throws {
        let udf = try UDF(parsing: Self.text)
        #expect(udf.text == Self.text)
        #expect(udf.type == .digestSHA2)
        #expect(udf.octets.count == 17 && udf.octets[0] == 96 && udf.data.count == 16)
        #expect(try UDF(parsing: Self.text.lowercased()) == udf)
        #expect(try UDF(parsing: Self.text.filter { $0 != "-" }) == udf)
        #expect(try UDF(parsing: "--M-D-" + Self.text.dropFirst(2)) == udf)
        #expect(UDF(Self.text)?.description == Self.text)
    }

    @Test(arguments: [
        ("", UDFError.Code.tooShort), ("M", .tooShort), ("-", .tooShort), ("MD D", .invalidCharacter),
        ("MD1K", .invalidCharacter), ("MÄDK", .invalidCharacter), ("OZHU-CJNI", .unknownType), ("77", .unknownType),
    ])
    func badTextsAreRefused(text: String, code: UDFError.Code) {
        #expect(throws: UDFError(code, "")) { try UDF(parsing: text) }
        #expect(UDF(text) == nil)
    }

    @Test func longTextsAreRefused() throws {
        #expect(throws: UDFError(.tooLong, "")) { try UDF(parsing: String(repeating: "M", count: 825)) }
        #expect(try UDF(parsing: "MA" + String(repeating: "M", count: 822)).octets.count == 515)
    }

    @Test func precision() {
        let value = [UInt8](0..<64)
        for (bits, characters) in [(100, 20), (140, 28), (141, 29), (200, 40), (512, 103)] {
            let udf = UDF(type: .digestSHA2, value: value, bits: bits)
            #expect(udf.text.filter { $0 != "-" }.count == characters)
        }
        // Fixed-length values are never cut.
        #expect(UDF(type: .nonce, value: value, bits: 100).data == value)
        #expect(UDF(type: .nonce, value: value, cutTo: 100).text.utf8.count == 24)
    }

    @Test func matching() {
        let value = [UInt8](100..<164)
        let long = UDF(type: .digestSHA2, value: value, bits: 260)
        #expect(long.matches(UDF(type: .digestSHA2, value: value, bits: 100)))
        #expect(UDF(type: .digestSHA2, value: value, bits: 140).matches(long))
        #expect(!long.matches(UDF(type: .digestSHA2, value: value, bits: 80)))
        #expect(!long.matches(UDF(type: .digestSHA3, value: value, bits: 260)))
        #expect(!long.matches(UDF(type: .digestSHA2, value: value.reversed(), bits: 260)))
    }

    @Test func typesAreTheRegisteredOnes() {
        let known = (0...255).map { UDFType(rawValue: UInt8($0)) }.filter(\.isKnown).map(\.rawValue)
        #expect(known == [0, 1, 32, 33, 80, 81, 82, 83, 84, 96, 97, 98, 99, 100, 104, 112, 144, 200])
        let letters: [(UDFType, Character)] = [
            (.authenticatorSHA2, "A"), (.encryption, "E"), (.digestSHA3, "K"), (.digestSHA2, "M"), (.nonce, "N"),
            (.oid, "O"), (.share, "S"), (.seed, "Z"),
        ]
        for (type, letter) in letters { #expect(UDF(type: type, value: [0]).text.first == letter) }
        #expect(UDFType.digestSHA3.compressed(level: 4).rawValue == 84)
    }
}
