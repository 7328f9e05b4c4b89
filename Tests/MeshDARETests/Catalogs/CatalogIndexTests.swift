import MeshEncoding
import Testing

@testable import MeshDARE

@Suite("What the frames of a catalog add up to")
struct CatalogIndexTests {
    private func change(
        _ frame: Int, _ event: CatalogEvent, _ key: String, _ secondary: [String] = [], first: Int? = nil,
        previous: Int? = nil, transaction: (Int, Int)? = nil
    ) -> CatalogIndex.Change {
        CatalogIndex.Change(
            frame: frame, event: event, key: key, secondaryKeys: secondary.map { SecondaryKey(name: "S", value: $0) },
            first: first, previous: previous,
            transaction: transaction.map { CatalogTransactionMark(first: $0.0, count: $0.1) })
    }

    @Test("New, Update, Delete, New: the last one counts, and nothing is noted")
    func legalOrder() {
        var index = CatalogIndex()
        index.take(change(1, .new, "a", ["x"]))
        index.take(change(2, .update, "a", ["y"], first: 1, previous: 1))
        #expect(index.entry("a")?.current == 2 && index.entry("a")?.first == 1)
        #expect(index.entries(having: SecondaryKey(name: "S", value: "y")).map(\.key) == ["a"])
        #expect(index.entries(having: SecondaryKey(name: "S", value: "x")).map(\.key).isEmpty)
        index.take(change(3, .delete, "a", first: 1, previous: 2))
        #expect(
            index.entry("a") == nil && index.entries(having: SecondaryKey(name: "S", value: "y")).map(\.key).isEmpty)
        index.take(change(4, .new, "a"))
        #expect(index.entry("a")?.first == 4)
        #expect(index.issues.count == 0)
    }

    @Test("An illegal order is noted with its frame, and the last event still wins")
    func illegalOrder() {
        var index = CatalogIndex()
        index.take(change(1, .update, "a"))
        index.take(change(2, .new, "a"))
        index.take(change(3, .delete, "b"))
        index.take(change(4, .update, "a", first: 1, previous: 9))
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
        index.take(change(1, .new, "\u{E9}"))
        index.take(change(2, .new, "e\u{301}"))
        #expect(index.entries.count == 2 && index.issues.count == 0)
        #expect(index.entry("\u{E9}")?.current == 1)
    }

    @Test("A transaction takes effect with its last frame, and not at all if its writer died")
    func transactions() {
        var index = CatalogIndex()
        index.take(change(1, .new, "a", transaction: (1, 2)))
        #expect(index.entries.isEmpty)
        index.take(change(2, .new, "b", transaction: (1, 2)))
        #expect(index.keys == ["a", "b"] && index.issues.count == 0)
        // One that is cut short, and another that begins in its place.
        index.take(change(3, .delete, "a", transaction: (3, 3)))
        index.take(change(4, .delete, "b", transaction: (3, 3)))
        index.take(change(5, .new, "c", transaction: (5, 2)))
        #expect(index.keys == ["a", "b"])
        #expect(index.issues.first.map(\.kind) == [.unfinishedTransaction])
        index.take(change(6, .new, "d", transaction: (5, 2)))
        #expect(index.keys == ["a", "b", "c", "d"])
        // One that is cut short by a frame of another writer, with or without an event.
        for interruption in [change(8, .new, "e"), nil] {
            var copy = index
            copy.take(change(7, .delete, "a", transaction: (7, 2)))
            copy.take(interruption)
            #expect(copy.entry("a") != nil && copy.issues.count == 2)
            copy.take(change(9, .delete, "a", transaction: (7, 2)))
            #expect(copy.entry("a") != nil && copy.issues.count == 3)
        }
        // Numbers that no writer would write.
        for mark in [(0, 2), (7, 0), (7, -1), (8, 2), (Int.min, Int.max)] {
            index.take(change(7, .update, "a", transaction: mark))
        }
    }

    @Test("Entries whose secondary keys are not in the header are indexed when they have been read")
    func unreadKeys() {
        var index = CatalogIndex()
        var unknown = change(1, .new, "a")
        unknown.secondaryKeys = nil
        index.take(unknown)
        index.take(change(2, .new, "b", ["x"]))
        #expect(index.unread.map(\.text) == ["a"])
        index.setSecondaryKeys([SecondaryKey(name: "S", value: "x")], of: ExactText("a"))
        #expect(
            index.unread.isEmpty && index.entries(having: SecondaryKey(name: "S", value: "x")).map(\.key) == ["a", "b"])
        index.take(change(3, .delete, "a"))
        #expect(index.entries(having: SecondaryKey(name: "S", value: "x")).map(\.key) == ["b"])
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
            index.take(change(frame, event, key, Array(secondary)))
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
            #expect(Set(index.entries(having: SecondaryKey(name: "S", value: "s\(value)")).map(\.key)) == expected)
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
