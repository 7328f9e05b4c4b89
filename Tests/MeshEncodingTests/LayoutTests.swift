import MeshEncoding
import Testing

@Suite struct LayoutTests {
    private func text(_ value: JSONValue) -> String { String(decoding: value.referenceText, as: UTF8.self) }

    /// Two headers as `dare-12` §14 prints them.
    @Test func `The layout of the reference`() {
        let octets = [UInt8](repeating: 7, count: 3)
        #expect(
            text([
                "dig": "S512", "policy": [:], "ContentMetaData": .binary(octets),
                "SequenceInfo": ["ContainerType": "Merkle", "Index": 0],
            ])
                == "{\n  \"dig\": \"S512\",\n  \"policy\": {},\n  \"ContentMetaData\": \"BwcH\",\n"
                + "  \"SequenceInfo\": {\n    \"ContainerType\": \"Merkle\",\n    \"Index\": 0}}")
        #expect(
            text(["recipients": [["kid": "M", "epk": ["crv": "X"]], ["kid": "N"]], "absent": .null, "z": true])
                == "{\n  \"recipients\": [{\n      \"kid\": \"M\",\n      \"epk\": {\n        \"crv\": \"X\"}},\n    {\n"
                + "      \"kid\": \"N\"}],\n  \"z\": true}")
    }

    @Test func `Long octets are broken where the reference breaks them`() {
        let digest = JSONValue.binary([UInt8](repeating: 0, count: 64))
        let first = String(repeating: "A", count: 45)
        let second = String(repeating: "A", count: 41)
        #expect(text(["PayloadDigest": digest]) == "{\n  \"PayloadDigest\": \"\(first)\n  \(second)\"}")
        let long = JSONValue.binary([UInt8](repeating: 0, count: 123))
        let line = String(repeating: "A", count: 62)
        #expect(text(["N": long]) == "{\n  \"N\": \"\(line.dropLast(5))\n  \(line)\n  \(line.dropLast(17))\"}")
        #expect(text(["N": long]).contains("\n  "))
    }

    @Test func `Only what must be is escaped, as the reference does`() {
        #expect(text("\u{8}\t\n\u{C}\r\u{1F}\"\\/é") == #""\b\u0009\n\f\r\u001F\"\\/é""#)
    }
}
