import Testing

@testable import MeshDARE

@Suite("What the frames of a catalog add up to")
struct CatalogIndexTests {
    private func change(
        _ frame: Int, _ event: CatalogEvent, _ key: String, _ secondary: [String] = [], first: Int? = nil,
        previous: Int? = nil
    ) -> CatalogIndex.Change {
        CatalogIndex.Change(
            frame: frame, event: event, key: key, secondaryKeys: secondary.map { SecondaryKey(name: "S", value: $0) },
            first: first, previous: previous)
    }

    @Test("New, Update, Delete, New: the last one counts, and nothing is noted")
    func legalOrder() {
        var index = CatalogIndex()
        index.apply(change(1, .new, "a", ["x"]))
        index.apply(change(2, .update, "a", ["y"], first: 1, previous: 1))
        #expect(index.entry("a")?.current == 2 && index.entry("a")?.first == 1)
        #expect(index.keys(SecondaryKey(name: "S", value: "y")) == ["a"])
        #expect(index.keys(SecondaryKey(name: "S", value: "x")).isEmpty)
        index.apply(change(3, .delete, "a", first: 1, previous: 2))
        #expect(index.entry("a") == nil && index.keys(SecondaryKey(name: "S", value: "y")).isEmpty)
        index.apply(change(4, .new, "a"))
        #expect(index.entry("a")?.first == 4)
        #expect(index.issues.count == 0)
    }

    @Test("An illegal order is noted with its frame, and the last event still wins")
    func illegalOrder() {
        var index = CatalogIndex()
        index.apply(change(1, .update, "a"))
        index.apply(change(2, .new, "a"))
        index.apply(change(3, .delete, "b"))
        index.apply(change(4, .update, "a", first: 1, previous: 9))
        #expect(
            index.issues.first.map(\.kind) == [
                .updateOfAbsent, .newOfPresent, .deleteOfAbsent, .wrongPrevious, .wrongFirst,
            ])
        #expect(index.issues.first.map(\.frame) == [1, 2, 3, 4, 4])
        #expect(index.entry("a")?.current == 4)
    }

    @Test("Keys are one only if their octets are")
    func exactKeys() {
        var index = CatalogIndex()
        index.apply(change(1, .new, "\u{E9}"))
        index.apply(change(2, .new, "e\u{301}"))
        #expect(index.entries.count == 2 && index.issues.count == 0)
        #expect(index.entry("\u{E9}")?.current == 1)
    }

    @Test("Random changes against a plain model, whatever their order")
    func againstModel() {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("catalog index seed \(seed)")
        var random = SplitMix(seed)
        var index = CatalogIndex()
        var model: [String: (frame: Int, first: Int, secondary: Set<String>)] = [:]
        var illegal = 0
        for frame in 1...20_000 {
            let key = "k\(random.next() % 50)"
            let event = [CatalogEvent.new, .update, .delete][Int(random.next() % 3)]
            let secondary = Set((0..<random.next() % 3).map { _ in "s\(random.next() % 10)" })
            index.apply(change(frame, event, key, Array(secondary)))
            if (event == .new) == (model[key] != nil) { illegal += 1 }
            switch event {
            case .delete: model[key] = nil
            case .new: model[key] = (frame, frame, secondary)
            case .update: model[key] = (frame, model[key]?.first ?? frame, secondary)
            }
        }
        #expect(index.issues.count == illegal && index.issues.first.count == min(illegal, CatalogIssues.limit))
        #expect(index.entries.count == model.count)
        for (key, value) in model {
            #expect(index.entry(key)?.current == value.frame && index.entry(key)?.first == value.first)
        }
        for value in 0..<10 {
            let expected = Set(model.filter { $0.value.secondary.contains("s\(value)") }.keys)
            #expect(Set(index.keys(SecondaryKey(name: "S", value: "s\(value)"))) == expected)
        }
        #expect(index.keys == model.sorted { $0.value.first < $1.value.first }.map(\.key))
    }
}

/// A small generator whose sequence depends on its seed alone.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
