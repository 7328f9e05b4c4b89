import MeshCore
import MeshCryptography
import MeshEncoding
import MeshInMemory
import MeshPlatforms
import Testing

@testable import MeshDARE

/// Texts of others are compared by their octets: Swift's own comparison holds texts to be equal that look the same, and
/// takes hours for one letter with two million marks.
@Suite("Texts of others")
struct HostileTextTests {
    /// One letter with two million marks in an order that is not the canonical one.
    private static let marks: String = {
        var scalars = String.UnicodeScalarView()
        scalars.append("L")
        for number in 0..<2_000_000 { scalars.append(number % 2 == 0 ? "\u{301}" : "\u{316}") }
        return String(scalars)
    }()

    @Test("No label is compared as Unicode compares texts")
    func labels() throws {
        let hostile = Self.marks
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try HashAlgorithm(dareLabel: hostile) }
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try EncryptionAlgorithm(label: hostile) }
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try DataEncoding.encoding(of: hostile) }
        for member in ["enc", "Encryption", "Signature"] {
            #expect(throws: DAREError(.unsupportedAlgorithm, "")) {
                try SequencePolicy([member: .string(hostile)] as JSONObject)
            }
        }
        #expect(SequenceType(label: hostile) == nil && CatalogEvent(reading: hostile) == nil)
        let events: Set<ContentMeta.Event> = [.new, ContentMeta.Event(rawValue: hostile)]
        #expect(events.contains(ContentMeta.Event(rawValue: hostile + "")) && !events.contains(.delete))
        let states: Set<SpoolState> = [.read, SpoolState(rawValue: hostile)]
        #expect(states.contains(.read) && states.count == 2)
        // Cut off, it is still a text, and still none of the labels.
        #expect(hostile.asLabel.utf8.count <= 66 && "List".asLabel == "List")
        #expect(String(repeating: "e", count: 65).asLabel.utf8.count == 64)
    }

    @Test("A sequence, its verification and a catalog get past such texts wherever they stand")
    func everywhere() throws {
        let directory = InMemoryContainerDirectory()
        func header(_ index: Int, _ members: KeyValuePairs<String, JSONValue>) -> JSONValue {
            var info: JSONObject = ["Index": .integer(index)]
            if index == 0 { info["ContainerType"] = .string(Self.marks) }
            var header = JSONObject(members)
            header["SequenceInfo"] = .object(info)
            return .object(header)
        }
        func frame(_ header: JSONValue) -> [UInt8] {
            var octets: [UInt8] = []
            let header = header.compact
            let size = JBCDFrame.recordSize(header.count)
            JBCDFrame.appendFrameHead(size, to: &octets)
            JBCDFrame.appendRecordHead(header.count, to: &octets)
            octets += header
            JBCDFrame.appendFrameTail(size, to: &octets)
            return octets
        }
        let label = JSONValue.string(Self.marks)
        let first = frame(header(0, ["FrameCheck": label, "policy": ["SignKeys": [], "enc": "none"]]))
        try directory.createFile("typed", with: first + frame(header(1, ["cty": label])))
        let sequence = try #require(try DARESequence.open("typed", in: directory, .read))
        #expect(sequence.knownType == nil && !sequence.hasFrameChecks)
        #expect(try sequence.verify().faults.map(\.reason) == [.unsupported])
        try directory.createFile("policy", with: frame(header(0, ["policy": ["Signature": label]])))
        #expect(throws: DAREError(.unsupportedAlgorithm, "")) { try DARESequence.open("policy", in: directory, .read) }
        #expect(
            try #require(try SequenceVerifier.verify("policy", in: directory)).faults.map(\.reason) == [.unsupported])

        let catalog = try Catalog.create("c", in: directory)
        let key = String(Self.marks.unicodeScalars.prefix(100_000))
        try catalog.transact {
            try $0.add(key, CatalogFrame([1], secondaryKeys: [SecondaryKey(name: key, value: key)]))
        }
        try catalog.transact { try $0.add(key + "x", CatalogFrame([2])) }
        #expect(try catalog.find(key)?.key.utf8.count == key.utf8.count && catalog.count == 2)
        #expect(try Catalog.open("c", in: directory)?.find(SecondaryKey(name: key, value: key)).count == 1)
    }

    @Test("Keys that look the same are two entries")
    func twins() throws {
        let directory = InMemoryContainerDirectory()
        let catalog = try Catalog.create("c", in: directory)
        for (number, key) in ["\u{E9}", "e\u{301}", "K", "\u{212A}"].enumerated() {
            try catalog.transact { try $0.add(key, CatalogFrame([UInt8(number)])) }
        }
        for catalog in [catalog, try #require(try Catalog.open("c", in: directory))] {
            #expect(try catalog.count == 4)
            #expect(try catalog.find("e\u{301}").map { try catalog.content(of: $0) } == [1])
            #expect(try catalog.find("\u{212A}").map { try catalog.content(of: $0) } == [3])
        }
        try catalog.transact { try $0.delete("\u{E9}", from: nil) }
        #expect(try catalog.find("\u{E9}") == nil && catalog.find("e\u{301}") != nil)
    }
}
