import MeshCore
import MeshPlatformTesting
import MeshPortalService

extension PortalStoreCase {
    func absent(_ opened: PortalStoreConformance.Opened) async throws {
        let store = opened.store
        for partition in opened.partitions {
            for _ in 0..<2 {
                try await expectRecord(nil, nil, "name/alice", store, partition)
                try expectKeys([], try await keys("", store, partition), "of an empty partition")
                let state = try await store.state(of: "MMM_Device", in: partition)
                try expect(state == PortalLogState(count: 0, digest: []), "a count of 0, and no digest", "\(state)")
                let frames = try await store.frames(
                    of: "MMM_Device", from: 0, limit: 10, octets: 10, in: partition)
                try expect(frames.isEmpty, "no frames", "there are \(frames.count)")
                try expect(try await !store.remove(partition), "removing nothing to be false", "it is true")
            }
            // No changes are no conflict, and nothing.
            try await store.commit([], in: partition)
            try await store.commit([.remove(key: "a/", expecting: nil)], in: partition)
            try await store.commit([.remove(key: "a/", expecting: 0)], in: partition)
            try expectKeys([], try await keys("", store, partition), "after nothing was removed")
        }
    }

    func creation(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        try await store.commit([.put(key: "name/a", octets: [1], expecting: 0)], in: partition)
        try await expectRecord(1, [1], "name/a", store, partition)
        try await expectError(.conflict, from: "making what is there") {
            try await store.commit([.put(key: "name/a", octets: [2], expecting: 0)], in: partition)
        }
        try await expectRecord(1, [1], "name/a", store, partition)
        try await store.commit([.put(key: "name/b", octets: [], expecting: nil)], in: partition)
        try await expectRecord(1, [], "name/b", store, partition)
    }

    func swapping(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        try await store.commit([.put(key: "k/", octets: [0], expecting: 0)], in: partition)
        for version in UInt64(1)...5 {
            for other in [0, version - 1, version + 1, UInt64.max] where other != version {
                try await expectError(.conflict, from: "expecting \(other) of version \(version)") {
                    try await store.commit([.put(key: "k/", octets: [99], expecting: other)], in: partition)
                }
                try await expectError(.conflict, from: "removing \(other) of version \(version)") {
                    try await store.commit([.remove(key: "k/", expecting: other)], in: partition)
                }
            }
            try await expectRecord(version, [UInt8(version - 1)], "k/", store, partition)
            try await store.commit([.put(key: "k/", octets: [UInt8(version)], expecting: version)], in: partition)
        }
        try await expectRecord(6, [5], "k/", store, partition)
        for change in [PortalChange.put(key: "n/", octets: [], expecting: 1), .remove(key: "n/", expecting: 1)] {
            try await expectError(.conflict, from: "expecting a version of what is not there") {
                try await store.commit([change], in: partition)
            }
        }
        try await expectRecord(nil, nil, "n/", store, partition)
    }

    func unconditional(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        for version in UInt64(1)...4 {
            // The same content is a change, too.
            try await store.commit([.put(key: "k/", octets: [7], expecting: nil)], in: partition)
            try await expectRecord(version, [7], "k/", store, partition)
        }
        try await store.commit([.remove(key: "k/", expecting: nil)], in: partition)
        try await store.commit([.remove(key: "k/", expecting: nil)], in: partition)
        try await expectRecord(nil, nil, "k/", store, partition)
    }

    func removal(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        var seen: Set<UInt64> = []
        for round in 0..<4 {
            for change in 0...round {
                try await store.commit([.put(key: "k/", octets: [UInt8(change)], expecting: nil)], in: partition)
                guard let record = try await store.record("k/", in: partition) else {
                    throw context.failure(expected: "the record that was made", answer: "there is none")
                }
                try expect(
                    seen.insert(record.version).inserted, "a version that the key never had",
                    "it has \(record.version) again")
            }
            guard let last = seen.max() else { return }
            try await store.commit([.remove(key: "k/", expecting: last)], in: partition)
            try await expectRecord(nil, nil, "k/", store, partition)
            try expectKeys([], try await keys("", store, partition), "after the removal")
            try await expectError(.conflict, from: "changing what was removed") {
                try await store.commit([.put(key: "k/", octets: [], expecting: last)], in: partition)
            }
        }
    }

    func atomicity(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        try await store.commit(
            [
                .put(key: "a/", octets: [1], expecting: 0), .put(key: "b/", octets: [2], expecting: 0),
                .put(key: "c/", octets: [3], expecting: 0),
            ], in: partition)
        // A conflict in each place.
        for place in 0..<3 {
            let changes = ["a/", "b/", "d/"].enumerated().map { number, key in
                PortalChange.put(key: key, octets: [9], expecting: number == place ? 7 : nil)
            }
            try await expectError(.conflict, from: "one version that is wrong") {
                try await store.commit(changes + [.remove(key: "c/", expecting: nil)], in: partition)
            }
            for (number, key) in ["a/", "b/", "c/"].enumerated() {
                try await expectRecord(1, [UInt8(number + 1)], key, store, partition)
            }
            try await expectRecord(nil, nil, "d/", store, partition)
        }
        try await store.commit(
            [
                .put(key: "a/", octets: [4], expecting: 1), .remove(key: "b/", expecting: 1),
                .put(key: "d/", octets: [5], expecting: 0), .remove(key: "e/", expecting: 0),
            ], in: partition)
        try await expectRecord(2, [4], "a/", store, partition)
        try await expectRecord(nil, nil, "b/", store, partition)
        try await expectRecord(1, [3], "c/", store, partition)
        let made = try await store.record("d/", in: partition)
        try expect(made?.octets == [5], "what was made with the other changes", TestValues.shown(made?.octets))
        // Many at once.
        let many = (0..<200).map { PortalChange.put(key: "m/\($0)", octets: [UInt8($0)], expecting: 0) }
        try await store.commit(many, in: partition)
        let found = try await keys("m/", store, partition)
        try expect(found.count == 200, "200 records", "there are \(found.count)")
    }

    func conflicts(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        try await store.commit(["a/", "b/", "c/"].map { .put(key: $0, octets: [], expecting: 0) }, in: partition)
        func conflict(_ changes: [PortalChange]) async throws -> String? {
            try await expectError(.conflict, from: "a version that is wrong") {
                try await store.commit(changes, in: partition)
            }.key
        }
        for (changes, key) in [
            ([PortalChange.put(key: "b/", octets: [], expecting: 2)], "b/"),
            ([.put(key: "c/", octets: [], expecting: 1), .put(key: "a/", octets: [], expecting: 0)], "a/"),
            ([.put(key: "c/", octets: [], expecting: 0), .put(key: "a/", octets: [], expecting: 0)], "c/"),
            ([.put(key: "z/", octets: [], expecting: 0), .remove(key: "y/", expecting: 1)], "y/"),
        ] {
            let found = try await conflict(changes)
            try expect(found == key, "a conflict of \(key)", "it is one of \(found ?? "nothing")")
        }
    }

    func ordering(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        // Where characters, scalars, UTF-16 and languages order otherwise than octets do.
        var keys = [
            "k/", "k/a", "k/B", "k/b", "k/a/", "k/a-", "k/a0", "k/10", "k/9", "k/\u{E9}", "k/e\u{301}", "k/e", "k/f",
            "k/z", "k/\u{FFFD}", "k/\u{1F511}", "k/\u{DF}", "k/ss", "k/\u{0}", "k/\u{0}a", "k/ ", "k/_", "k-/a", "k0/a",
            "K/a",
        ]
        for index in keys.indices { keys.swapAt(index, below(keys.count)) }
        for key in keys { try await store.commit([.put(key: key, octets: [], expecting: 0)], in: partition) }
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        try expectKeys(sorted, try await self.keys("", store, partition), "in order")
        try expectKeys(
            sorted.filter { $0.utf8.starts(with: "k/".utf8) }, try await self.keys("k/", store, partition), "in order")
    }

    func paging(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let keys = (0..<23).map { "page/" + String(UnicodeScalar(UInt8(97 + $0))) }
        try await store.commit(keys.map { .put(key: $0, octets: Array($0.utf8), expecting: 0) }, in: partition)
        try await store.commit(
            ["pag/e", "page-/x", "pagf/"].map { .put(key: $0, octets: [], expecting: 0) }, in: partition)
        for size in [1, 2, 7, 22, 23, 24] {
            var found: [String] = []
            while true {
                let page = try await store.records("page/", after: found.last, limit: size, in: partition)
                try expect(page.count <= size, "at most \(size) records", "there are \(page.count)")
                for record in page {
                    try expect(
                        record.octets == Array(record.key.utf8) && record.version == 1, "the record of \(record.key)",
                        "version \(record.version) and \(TestValues.shown(record.octets))")
                }
                found += page.map(\.key)
                if page.count < size { break }
                // A store that begins again and again is to be found, not waited for.
                try expect(found.count <= keys.count, "\(keys.count) records in pages of \(size)", "there are more")
            }
            try expectKeys(keys, found, "in pages of \(size)")
        }
        for (after, first) in [
            ("", "page/a"), ("page/", "page/a"), ("page/m", "page/n"), ("page/m\u{0}", "page/n"), ("page/z", nil),
            ("q", nil),
        ] {
            let found = try await store.records("page/", after: after, limit: 1, in: partition).first?.key
            try expect(
                found == first, "\(first ?? "nothing") after \(TestValues.shown(after))", found ?? "there is nothing")
        }
        for limit in [0, -1] {
            let found = try await store.records("page/", after: nil, limit: limit, in: partition)
            try expect(found.isEmpty, "nothing for a limit of \(limit)", "there are \(found.count)")
        }
    }

    func prefixes(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let keys = [
            "a/", "a/b", "a/b/", "a/b/c", "a/bc", "a/B", "a-/b", "ab/b", "a/%", "a/_", "a/\\", "a/e", "a/e\u{301}",
            "a/\u{E9}", "a/*", "a/b?", "a/\u{10FFFF}", "a/\u{10FFFF}\u{10FFFF}", "b/a",
        ]
        try await store.commit(keys.map { .put(key: $0, octets: [], expecting: 0) }, in: partition)
        for prefix in keys + ["", "a", "b", "c", "/", "a/b/c/", "%", "_", "a/e\u{301}x", "z"] {
            let wanted = keys.filter { $0.utf8.starts(with: prefix.utf8) }
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            try expectKeys(
                wanted, try await self.keys(prefix, store, partition), "with the prefix \(TestValues.shown(prefix))")
        }
    }

    func keys(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let texts =
            TestValues.texts + TestValues.textsWithControls + [
                "a", "a\u{0}", "a\u{0}b", "A", "\u{212A}", "K", "k", "\u{FB01}", "fi", "\u{1100}\u{1161}", "\u{AC00}",
                "a/../b", ".",
                "..", "'; DROP TABLE records; --", "\"", "a\u{301}\u{323}", "a\u{323}\u{301}", "\u{FFFE}", "\u{E000}",
                String(repeating: "\u{301}", count: 250),
            ]
        var keys: [String] = []
        for text in texts {
            let key = "k/\(text)"
            let isNew = !keys.contains { $0.utf8.elementsEqual(key.utf8) }
            if isNew, key.utf8.count <= PortalStoreRules.mostKeyOctets { keys.append(key) }
        }
        keys.append("k/" + String(repeating: "x", count: PortalStoreRules.mostKeyOctets - 2))
        keys.append(String(repeating: "x", count: PortalStoreRules.mostKeyOctets - 1) + "/")
        for (number, key) in keys.enumerated() {
            try await expectRecord(nil, nil, key, store, partition)
            try await store.commit([.put(key: key, octets: [UInt8(number)], expecting: 0)], in: partition)
        }
        for (number, key) in keys.enumerated() {
            try await expectRecord(1, [UInt8(number)], key, store, partition)
        }
        try expectKeys(
            keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }, try await self.keys("", store, partition),
            "that were made")
        for key in keys.dropLast() {
            try await store.commit([.remove(key: key, expecting: 1)], in: partition)
            try await expectRecord(nil, nil, key, store, partition)
        }
        try expectKeys(
            [keys[keys.count - 1]], try await self.keys("", store, partition), "after the others were removed")
    }

    func invalidKeys(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let keys = [
            "", "/", "/a", "a", "a_/b", "a b/c", "\u{E9}/a", "a\u{0}/b", "../a", "./a", " a/b", "a.b/c",
            "k/" + String(repeating: "x", count: PortalStoreRules.mostKeyOctets - 1),
            "k/" + String(repeating: "\u{1F511}", count: 128), String(repeating: "x", count: 512) + "/",
        ]
        for key in keys {
            let shown = TestValues.shown(key)
            for change in [PortalChange.put(key: key, octets: [], expecting: nil), .remove(key: key, expecting: nil)] {
                try await expectError(.invalidKey, from: "changing \(shown)") {
                    try await store.commit([.put(key: "a/", octets: [], expecting: nil), change], in: partition)
                }
            }
            try await expectError(.invalidKey, from: "reading \(shown)") {
                _ = try await store.record(key, in: partition)
            }
        }
        try await expectError(.invalidKey, from: "a key that occurs twice") {
            try await store.commit(
                [.put(key: "a/", octets: [1], expecting: nil), .remove(key: "a/", expecting: nil)], in: partition)
        }
        for log in [
            "", "MMM_", "Device", "MMM_../a", "MMM_a.dcat", "mmm_Device", "MMM_\u{E9}", "MMM_a b", "MMM_a\u{0}",
            "MMM_" + String(repeating: "x", count: 61), "../MMM_Device", "MMM_Shared_", "MMM_Shared_../x",
            "MMM_Shared_Notes",
            "MMM_Shared_a_b_c", "MMM_Shared_" + String(repeating: "x", count: 65),
        ] {
            let shown = TestValues.shown(log)
            try await expectError(.invalidKey, from: "the state of \(shown)") {
                _ = try await store.state(of: log, in: partition)
            }
            try await expectError(.invalidKey, from: "the frames of \(shown)") {
                _ = try await store.frames(of: log, from: 0, limit: 1, octets: 1, in: partition)
            }
            try await expectError(.invalidKey, from: "appending to \(shown)") {
                _ = try await store.append(try SampleFrames.make([[1]]), to: log, expecting: 0, in: partition)
            }
        }
        try expectKeys([], try await self.keys("", store, partition), "after all was refused")
    }

    func values(_ store: any PortalStore, _ partition: PortalPartition) async throws {
        let large = TestValues.sizes + [3 << 20]
        let values = TestValues.corpus.map(\.octets) + large.map { context.random.bytes($0) }
        for (number, octets) in values.enumerated() {
            try await store.commit([.put(key: "v/\(number)", octets: octets, expecting: 0)], in: partition)
        }
        for (number, octets) in values.enumerated() {
            try await expectRecord(1, octets, "v/\(number)", store, partition)
        }
        for record in try await store.records("v/", after: nil, limit: .max, in: partition) {
            let number = Int(record.key.dropFirst(2)) ?? 0
            try expect(
                record.octets == values[number], TestValues.shown(values[number]), TestValues.shown(record.octets))
        }
    }
}
