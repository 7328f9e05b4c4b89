import MeshCore
import MeshPlatforms

// What the store says of itself, and what becomes of values and their metadata.
extension KeyStoreCase {
    func traits() async throws {
        let store = try await open()
        let traits = store.traits
        let isNameValid =
            (1...64).contains(traits.name.utf8.count) && traits.name.utf8.first != 0x2D && traits.name.utf8.last != 0x2D
            && traits.name.utf8.allSatisfy {
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
            }
        try expect(isNameValid, "a name of lower-case letters, digits and dashes", "it is '\(traits.name)'")
        try expect(!traits.provider.isEmpty, "a provider", "it is empty")
        if let largest = traits.largestValue {
            try expect(largest >= 64, "room for a seed (64 octets or more)", "the largest value is \(largest)")
        }
        let known: KeyStoreCapabilities = [
            .listing, .locking, .watching, .batch, .atomicCreation, .compareAndSwap,
        ]
        try expect(
            traits.capabilities.isSubset(of: known), "capabilities that exist",
            "it declares \(traits.capabilities.rawValue)")
        let item = try item()
        try await put([1], as: item, in: store)
        _ = try await get(item.identifier, from: store)
        try expect(store.traits == traits, "the same traits after use", "they are \(store.traits)")
        let other = try await open("b")
        try expect(other.traits.name == traits.name, "one name for every instance", "it is '\(other.traits.name)'")
    }

    func state() async throws {
        let store = try await open()
        for when in ["when opened", "when used"] {
            guard case .ready = await store.state(options) else {
                throw context.failure(expected: "ready \(when)", answer: "it is \(await store.state(options))")
            }
            try await put([1], as: try item(), in: store)
        }
    }

    func threeAnswers() async throws {
        let store = try await open()
        let (present, absent) = (try item(), context.identifier())
        try await expectAbsent(present.identifier, in: store, "before it was stored")
        let octets = context.random.bytes(57)
        try await put(octets, as: present, in: store)
        try await expectValue(octets, of: present.identifier, in: store, "after it was stored")
        try await expectAbsent(absent, in: store, "that was never stored")
        let isRemoved = try await store.remove(absent, options: options)
        try expect(!isRemoved, "false from the removal of an absent key", "it was true")
    }

    func values() async throws {
        let store = try await open()
        let limit = min(store.traits.largestValue ?? 1 << 20, 1 << 20)
        var samples = TestValues.corpus
        for size in TestValues.sizes {
            samples.append(.init(name: "\(size) random octets", octets: context.random.bytes(size)))
        }
        var stored: [(sample: TestValues.Sample, identifier: UDF)] = []
        for sample in samples where sample.octets.count <= limit {
            let item = try item()
            try await put(sample.octets, as: item, in: store)
            try await expectValue(sample.octets, of: item.identifier, in: store, "(\(sample.name)) after it was stored")
            stored.append((sample, item.identifier))
        }
        // Again when all are there: one value may have damaged another.
        for (sample, identifier) in stored {
            try await expectValue(
                sample.octets, of: identifier, in: store, "(\(sample.name)) after the others were stored")
        }
        // And one value in the place of another, longer and shorter.
        let item = try item()
        for sample in samples where sample.octets.count <= min(limit, 9000) {
            try await put(sample.octets, as: item, in: store, .always)
            try await expectValue(sample.octets, of: item.identifier, in: store, "(\(sample.name)) after replacement")
        }
    }

    func largestValue() async throws {
        let store = try await open()
        guard let largest = store.traits.largestValue else { throw Skip("the store declares no largest value") }
        guard largest <= 16 << 20 else { throw Skip("the declared largest value is over 16 MiB") }
        let (item, other) = (try item(), try item())
        let octets = context.random.bytes(largest)
        try await put(octets, as: item, in: store)
        try await expectValue(octets, of: item.identifier, in: store, "(the largest size)")
        let tooLarge = octets + [0]
        try await context.expectError(.tooLarge, from: "replacing by \(largest + 1) octets") {
            try await put(tooLarge, as: item, in: store, .always)
        }
        try await expectValue(octets, of: item.identifier, in: store, "after a refused replacement")
        try await context.expectError(.tooLarge, from: "storing \(largest + 1) octets") {
            try await put(tooLarge, as: other, in: store)
        }
        try await expectAbsent(other.identifier, in: store, "after it was refused")
    }

    func metadata() async throws {
        let store = try await open()
        var items: [KeyItem] = []
        for text in TestValues.texts {
            items.append(try item(account: text, label: nil))
            items.append(try item(account: nil, label: text))
        }
        items.append(try item(account: "alice@example.com", label: "alice@example.com"))
        for keyClass in KeyClass.allCases {
            items.append(try KeyItem(identifier: context.identifier(), keyClass: keyClass))
            items.append(try KeyItem(identifier: context.identifier(), keyClass: keyClass, isExportable: false))
        }
        var stored: [KeyItem] = []
        for item in items {
            do {
                try await put([1, 2, 3], as: item, in: store)
            } catch let error as PlatformError
                where error.code == .volatileStore && store.traits.persistence < .untilDeleted
                && item.keyClass != .application
            {
                continue
            }
            stored.append(item)
        }
        for item in stored {
            guard let seen = try await get(item.identifier, from: store) else {
                throw context.failure(expected: "the key \(item.identifier)", answer: "it is absent")
            }
            try expectSame(seen.item, as: item, "what was read")
        }
        if store.traits.capabilities.contains(.listing) {
            let listed = try await store.list(matching: KeyFilter(), options: options).items
            for item in stored {
                guard let seen = listed.first(where: { $0.identifier == item.identifier }) else {
                    throw context.failure(expected: "\(item.identifier) in the listing", answer: "it is not there")
                }
                try expectSame(seen, as: item, "the listing")
            }
        }
    }

    func refusedTexts() async throws {
        for text in ["\n", "a\nb", "\u{0}", "\t", "\u{1B}", "\u{7F}", "\u{85}", String(repeating: "x", count: 1025)] {
            try await context.expectError(.invalidArgument, from: "the account \(TestValues.shown(text))") {
                _ = try item(account: text)
            }
            try await context.expectError(.invalidArgument, from: "the label \(TestValues.shown(text))") {
                _ = try item(label: text)
            }
        }
        for keyClass in KeyClass.allCases where !keyClass.isExportable {
            try await context.expectError(.notExportable, from: "an exportable key of class \(keyClass)") {
                _ = try KeyItem(identifier: context.identifier(), keyClass: keyClass, isExportable: true)
            }
        }
    }

    func removal() async throws {
        let store = try await open()
        var siblings: [(item: KeyItem, octets: [UInt8])] = []
        // Siblings that share all metadata, so that nothing but the identifier can tell them apart.
        for _ in 0..<6 {
            let sibling = (try item(account: "alice@example.com", label: "the same"), context.random.bytes(40))
            try await put(sibling.1, as: sibling.0, in: store)
            siblings.append(sibling)
        }
        while let gone = siblings.popLast() {
            for expected in [true, false] {
                let answer = try await store.remove(gone.item.identifier, options: options)
                try expect(answer == expected, "\(expected) from the removal", "it was \(answer)")
                try await expectAbsent(gone.item.identifier, in: store, "after it was removed")
            }
            for sibling in siblings {
                try await expectValue(
                    sibling.octets, of: sibling.item.identifier, in: store, "after a sibling was removed")
            }
        }
        let again = try item()
        for round in UInt8(0)..<3 {
            try await put([round], as: again, in: store)
            try await expectValue([round], of: again.identifier, in: store, "stored again after a removal")
            _ = try await store.remove(again.identifier, options: options)
        }
    }
}
