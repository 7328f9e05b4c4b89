import MeshCore
import MeshEncoding
import Testing

@Suite struct CodableTests {
    struct Header: Codable, Equatable {
        enum Kind: String, Codable {
            case list = "List"
            case merkle = "Merkle"
        }

        struct Info: Codable, Equatable {
            var Index: Int
            var TreePosition: UInt64?
            var ContainerType: Kind?
        }

        var enc: String?
        var Salt: [UInt8]?
        var recipients: [[UInt8]] = []
        var created: Timestamp?
        var SequenceInfo: Info
        var isFinal = false
        var weight: Double?
        var extra: JSONValue?
    }

    static let header = Header(
        Salt: [0xFB, 0xFF], recipients: [[1], []], created: Timestamp(secondsSince1970: 1_641_999_915),
        SequenceInfo: .init(Index: 3, TreePosition: .max, ContainerType: .merkle), weight: 0.25,
        extra: ["a": [1, .null]])

    @Test func `Members are written in their order, and what is nil is left out`() throws {
        let text = String(decoding: try JSONBCDEncoder().encode(Self.header), as: UTF8.self)
        #expect(
            text == """
                {"Salt":"-_8","recipients":["AQ",""],"created":"2022-01-12T15:05:15Z","SequenceInfo":{"Index":3,\
                "TreePosition":18446744073709551615,"ContainerType":"Merkle"},"isFinal":false,"weight":0.25,\
                "extra":{"a":[1,null]}}
                """)
    }

    @Test(arguments: JSONEncoding.allCases, [true, false])
    func `Every encoding gives the value back`(encoding: JSONEncoding, binaryDoubles: Bool) throws {
        let encoder = JSONBCDEncoder(JSONWritingOptions(encoding), writesBinaryDoubles: binaryDoubles)
        let octets = try encoder.encode(Self.header)
        #expect(try JSONBCDDecoder().decode(Header.self, from: octets) == Self.header)
        #expect(octets.contains(0x92) == (encoding > .json && binaryDoubles))
        #expect(try encoder.encode(Self.header) == octets)
        #expect(try JSONBCDDecoder().decode(Header.self, from: try encoder.tree(of: Self.header)) == Self.header)
    }

    @Test func `In JSON-B octets are binary items`() throws {
        let octets = try JSONBCDEncoder(JSONWritingOptions(.jsonB)).encode(["a": [1, 2] as [UInt8]])
        #expect(octets == Documents.hex("7b 800161 88020102 7d"))
        #expect(try JSONBCDDecoder().decode([UInt8].self, from: Documents.hex("88020102")) == [1, 2])
    }

    @Test func `Files of others are read: unknown members, line breaks in octets, octets either way`() throws {
        let text =
            "\u{FEFF}{\"Unknown\":{\"x\":[1]},\"Salt\":\"-_\n  8=\",\"recipients\":[],\"isFinal\":true,"
            + "\"SequenceInfo\":{\"Index\":7,\"More\":null},\"enc\":null}"
        let header = try JSONBCDDecoder().decode(Header.self, from: Array(text.utf8))
        #expect(header == Header(Salt: [0xFB, 0xFF], SequenceInfo: .init(Index: 7), isFinal: true))
        #expect(throws: JSONError(.syntax, "")) {
            try JSONBCDDecoder(.strict).decode(Header.self, from: Array(text.utf8))
        }
    }

    static let wrong: [(String, String, Int)] = [
        (#"{"recipients":[],"isFinal":false}"#, "", 0),
        (#"{"recipients":[],"isFinal":0,"SequenceInfo":{"Index":1}}"#, "isFinal", 27),
        (#"{"recipients":["AA", "!"],"isFinal":true,"SequenceInfo":{"Index":1}}"#, "recipients.[1]", 21),
        (#"{"recipients":[],"isFinal":true,"SequenceInfo":{"x":[],"Index": "1"}}"#, "SequenceInfo.Index", 64),
        (#"{"recipients":[],"isFinal":true,"SequenceInfo":{"Index":1.5}}"#, "SequenceInfo.Index", 56),
        (#"{"recipients":[],"isFinal":true,"SequenceInfo":{"Index":9223372036854775808}}"#, "SequenceInfo.Index", 56),
        (
            #"{"recipients":[],"isFinal":true,"SequenceInfo":{"Index":1,"ContainerType":"?"}}"#,
            "SequenceInfo.ContainerType", 74
        ),
        (#"{"created":"2022","recipients":[],"isFinal":true,"SequenceInfo":{"Index":1}}"#, "created", 11),
        (#"[1]"#, "", 0),
    ]

    @Test(arguments: wrong)
    func `What is not of the type is refused, with the path and the place`(
        text: String, path: String, offset: Int
    ) throws {
        let error = #expect(throws: JSONError.self) {
            try JSONBCDDecoder().decode(Header.self, from: Array(text.utf8))
        }
        #expect(error?.code == .unexpectedValue)
        #expect(error?.path.joined(separator: ".") == path)
        #expect(error?.offset == offset)
        #expect(error?.message.contains("\(offset)") == true)
    }

    @Test func `Numbers keep their size and their value`() throws {
        struct Numbers: Codable, Equatable {
            var a = Int8.min, b = UInt8.max, c = Int16.min, d = UInt16.max, e = Int32.min, f = UInt32.max
            var g = Int64.min, h = UInt64.max, i = Int128.min, j = UInt128.max, k = Float(0.1), l = 5e300, m = -0.0
        }
        for encoding in JSONEncoding.allCases {
            for binary in [true, false] {
                let encoder = JSONBCDEncoder(JSONWritingOptions(encoding), writesBinaryDoubles: binary)
                let back = try JSONBCDDecoder().decode(Numbers.self, from: encoder.encode(Numbers()))
                #expect(back == Numbers())
                #expect(back.m.sign == .minus)
            }
        }
        #expect(throws: JSONError.self) { try JSONBCDDecoder().decode(UInt8.self, from: Array("256".utf8)) }
        #expect(throws: JSONError.self) { try JSONBCDDecoder().decode(UInt8.self, from: Array("-1".utf8)) }
    }

    @Test func `A number that is not finite is refused in JSON, with the path, and kept under a tag`() throws {
        let error = #expect(throws: JSONError.self) { try JSONBCDEncoder().encode(["a": ["b": Double.nan]]) }
        #expect(error?.code == .notEncodable)
        #expect(error?.path == ["a", "b"])
        let encoder = JSONBCDEncoder(JSONWritingOptions(.jsonB), writesBinaryDoubles: true)
        let back = try JSONBCDDecoder().decode([Double].self, from: encoder.encode([Double.infinity]))
        #expect(back == [.infinity])
    }

    class Base: Codable {
        var name = "base"
    }

    final class Derived: Base {
        var more = [1, 2]
        private enum CodingKeys: CodingKey { case more, list, inner }

        override init() { super.init() }

        required init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            more = try container.decode([Int].self, forKey: .more)
            var list = try container.nestedUnkeyedContainer(forKey: .list)
            #expect(try list.decode(Int.self) == 7)
            #expect(try !list.decodeNil())
            let inner = try list.nestedContainer(keyedBy: CodingKeys.self)
            #expect(inner.allKeys.isEmpty)
            #expect(try list.decodeNil())
            #expect(list.isAtEnd)
            try super.init(from: container.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(more, forKey: .more)
            var list = container.nestedUnkeyedContainer(forKey: .list)
            try list.encode(7)
            _ = list.nestedContainer(keyedBy: CodingKeys.self)
            try list.encodeNil()
            try super.encode(to: container.superEncoder())
        }
    }

    @Test func `Nested containers and classes with a base are written and read`() throws {
        let octets = try JSONBCDEncoder().encode(Derived())
        #expect(
            String(decoding: octets, as: UTF8.self) == #"{"more":[1,2],"list":[7,{},null],"super":{"name":"base"}}"#)
        #expect(try JSONBCDDecoder().decode(Derived.self, from: octets).name == "base")
    }

    // MARK: Tagged objects

    struct ProfileUser: TaggedObject, Equatable {
        static let tag = "ProfileUser"
        var Udf: String
    }

    struct ProfileDevice: TaggedObject, Equatable {
        static let tag = "ProfileDevice"
        var Key: [UInt8]
    }

    enum Profiles: TaggedFamily {
        typealias Member = any TaggedObject
        static let types: [any TaggedObject.Type] = [ProfileUser.self, ProfileDevice.self]
    }

    @Test func `A tagged object stands under the name of its type`() throws {
        let octets = try JSONBCDEncoder().encode(Tagged(ProfileUser(Udf: "M")))
        #expect(String(decoding: octets, as: UTF8.self) == #"{"ProfileUser":{"Udf":"M"}}"#)
        #expect(try JSONBCDDecoder().decode(Tagged<ProfileUser>.self, from: octets).value == ProfileUser(Udf: "M"))
        #expect(throws: JSONError(.unexpectedValue, "")) {
            try JSONBCDDecoder().decode(Tagged<ProfileDevice>.self, from: octets)
        }
        let list: [TaggedMember<Profiles>] = [.init(ProfileDevice(Key: [1])), .init(ProfileUser(Udf: "N"))]
        let back = try JSONBCDDecoder().decode(
            [TaggedMember<Profiles>].self, from: JSONBCDEncoder(JSONWritingOptions(.jsonB)).encode(list))
        #expect(back[0].value as? ProfileDevice == ProfileDevice(Key: [1]))
        #expect(back[1].value as? ProfileUser == ProfileUser(Udf: "N"))
        for text in [#"{"Other":{}}"#, "{}", #"{"ProfileUser":{"Udf":"M"},"x":1}"#, #"{"ProfileUser":{}}"#, "[]"] {
            #expect(throws: JSONError(.unexpectedValue, "")) {
                try JSONBCDDecoder().decode(TaggedMember<Profiles>.self, from: Array(text.utf8))
            }
        }
    }
}
