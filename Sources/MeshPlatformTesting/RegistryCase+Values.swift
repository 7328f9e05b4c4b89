import MeshCore
import MeshPlatforms

// What a registry holds.
extension RegistryCase {
    func empty() async throws {
        let registry = try await open()
        let path = key("Accounts/Entries")
        let (value, values, keys, hasKey, hasRoot) = try await read(registry) { reader in
            (
                try reader.value("x", at: path), reader.valueNames(at: path), reader.keyNames(at: .root),
                reader.hasKey(at: path), reader.hasKey(at: .root)
            )
        }
        try expect(value == nil, "no value", "there was \(shown(value))")
        try expect(values.isEmpty && keys.isEmpty, "no names at first", "there were \(values + keys)")
        try expect(!hasKey, "no key", "it is said to be there")
        try expect(hasRoot, "the root to be there always", "it is said not to be")
        let removed = try await modify(registry) { transaction in
            [
                try transaction.removeValue("x", at: path), try transaction.removeValue(nil, at: .root),
                try transaction.removeKey(at: path),
            ]
        }
        try expect(removed == [false, false, false], "false from removing what is not there", "it was \(removed)")
    }

    func values() async throws {
        let registry = try await open()
        let path = key("Kit/Values")
        let values: [RegistryValue] = [
            .string(""), .string("text"), .string("1"), .string("true"), .string("null"), .strings([]),
            .strings([""]), .strings(["", "", ""]), .strings(["one"]), .strings(["b", "a", "b"]), .integer(0),
            .integer(-1), .integer(1 << 53), .integer((1 << 53) + 1), .integer(.max), .integer(.min), .binary([]),
            .binary([0]), .binary(Array(0...255)), .binary(context.random.bytes(5000)),
        ]
        try await modify(registry) { transaction in
            for (number, value) in values.enumerated() { try transaction.set(value, "value \(number)", at: path) }
        }
        for (number, value) in values.enumerated() {
            try await expectValue(value, "value \(number)", at: path, in: registry, "after it was set")
        }
        // Every type in the place of every other.
        for value in values + values.reversed() {
            try await modify(registry) { try $0.set(value, "changing", at: path) }
            try await expectValue(value, "changing", at: path, in: registry, "in the place of another")
        }
        try await context.expectError(.unsupported, from: "reading a number as a text") {
            try await modify(registry) { try $0.set(.integer(1), "changing", at: path) }
            _ = try await read(registry) { try $0.string("changing", at: path) }
        }
    }

    func unnamedValue() async throws {
        let registry = try await open()
        for path in [RegistryPath.root, key("One"), key("One/Two")] {
            try await modify(registry) { transaction in
                try transaction.set(.string("named"), "name", at: path)
                try transaction.set(.string("unnamed"), nil, at: path)
            }
            try await expectValue(.string("unnamed"), nil, at: path, in: registry, "as the unnamed value")
            try await expectValue(.string("named"), "name", at: path, in: registry, "beside the unnamed value")
            let names = try await read(registry) { $0.valueNames(at: path) }
            try expect(names == ["name"], "the unnamed value not to be among the names", "they are \(names)")
        }
        for value in [RegistryValue.strings(["a"]), .integer(5), .binary([1, 2])] {
            try await modify(registry) { try $0.set(value, nil, at: key("One")) }
            try await expectValue(value, nil, at: key("One"), in: registry, "as the unnamed value")
        }
        let removed = try await modify(registry) { transaction in
            [try transaction.removeValue(nil, at: key("One")), try transaction.removeValue(nil, at: key("One"))]
        }
        try expect(removed == [true, false], "true, then false", "it was \(removed)")
        try await expectValue(nil, nil, at: key("One"), in: registry, "after its removal")
        try await expectValue(.string("named"), "name", at: key("One"), in: registry, "after the unnamed one's removal")
        try await expectValue(.string("unnamed"), nil, at: key("One/Two"), in: registry, "of the key below")
    }

    func order() async throws {
        let registry = try await open()
        let names = ["zulu", "10", "alpha", "2", "Mike", "mike", "-", "~", "\u{E9}", "b", "a"]
        let path = key("Order")
        try await modify(registry) { transaction in
            for name in names {
                try transaction.set(.string(name), "value " + name, at: path)
                try transaction.set(.string(name), "x", at: path.appending("key " + name))
            }
            try transaction.set(.strings(names), "list", at: key("Other"))
        }
        // One more transaction each, so that the order is also kept when it is written again.
        try await modify(registry) { try $0.set(.string("last"), "value last", at: path) }
        try await modify(registry) { try $0.set(.string("changed"), "value alpha", at: path) }
        let (values, keys) = try await read(registry) { ($0.valueNames(at: path), $0.keyNames(at: path)) }
        let expected = (names + ["last"]).map { "value " + $0 }
        try expect(isIdentical(values, expected), "the names in the order they were set", "they are \(values)")
        try expect(
            isIdentical(keys, names.map { "key " + $0 }), "the keys in the order they were made", "they are \(keys)")
        try await expectValue(.strings(names), "list", at: key("Other"), in: registry, "in its order")
    }

    func hostileNames() async throws {
        let registry = try await open()
        var names = TestValues.texts.filter(RegistryPath.isValidName)
        names += [
            "default", "DEFAULT", "(Default)", "Default ", "a$", "a/b", "/", ".", "..", "~", "\\", "__proto__",
            "Version", "Entries", "\u{202E}", String(repeating: "x", count: 255),
        ]
        let wanted = names
        try await modify(registry) { transaction in
            for (number, name) in wanted.enumerated() {
                try transaction.set(.integer(Int64(number)), name, at: key("Values"))
                try transaction.set(.integer(Int64(number)), name, at: RegistryPath(["Keys", name, name]))
            }
        }
        for (number, name) in wanted.enumerated() {
            let value = RegistryValue.integer(Int64(number))
            try await expectValue(value, name, at: key("Values"), in: registry, "as \(TestValues.shown(name))")
            try await expectValue(
                value, name, at: try RegistryPath(["Keys", name, name]), in: registry, "below \(TestValues.shown(name))"
            )
        }
        let (values, keys) = try await read(registry) {
            ($0.valueNames(at: key("Values")), $0.keyNames(at: key("Keys")))
        }
        try expect(
            isIdentical(values, wanted), "the \(wanted.count) names of values", "there are \(values.count), or others")
        try expect(isIdentical(keys, wanted), "the \(wanted.count) names of keys", "there are \(keys.count), or others")
    }

    func hostileTexts() async throws {
        let registry = try await open()
        let texts = TestValues.texts + TestValues.textsWithControls + [String(repeating: "long\n", count: 20_000)]
        try await modify(registry) { transaction in
            for (number, text) in texts.enumerated() {
                try transaction.set(.string(text), "t\(number)", at: key("Texts"))
            }
            try transaction.set(.strings(texts), "all", at: key("Texts"))
        }
        for (number, text) in texts.enumerated() {
            try await expectValue(.string(text), "t\(number)", at: key("Texts"), in: registry, "after it was set")
        }
        try await expectValue(.strings(texts), "all", at: key("Texts"), in: registry, "after it was set")
    }

    func pathRules() async throws {
        let registry = try await open()
        let wrong = [
            "", "$", "$type", "Default", "a\nb", "\u{0}", "\u{7F}", "\u{85}", String(repeating: "x", count: 256),
            String(repeating: "\u{1F511}", count: 64),
        ]
        try await modify(registry) { try $0.set(.integer(1), "kept", at: key("Kit")) }
        let before = try await generation(registry)
        for name in wrong {
            try await context.expectError(.invalidArgument, from: "the path \(TestValues.shown(name))") {
                _ = try RegistryPath(["Kit", name])
            }
            try await context.expectError(.invalidArgument, from: "the value name \(TestValues.shown(name))") {
                try await modify(registry) { try $0.set(.integer(2), name, at: key("Kit")) }
            }
        }
        let after = try await generation(registry)
        try expect(after == before, "generation \(before) after refused changes", "it is \(after)")
        try await expectValue(.integer(1), "kept", at: key("Kit"), in: registry, "after refused changes")
        let names = try await read(registry) { $0.valueNames(at: key("Kit")) }
        try expect(names == ["kept"], "one value", "there are \(names)")
    }

    func nameClash() async throws {
        let registry = try await open()
        try await modify(registry) { transaction in
            try transaction.set(.integer(1), "value", at: key("Kit"))
            try transaction.set(.integer(2), "x", at: key("Kit/key"))
        }
        try await context.expectError(.alreadyExists, from: "a value where a key is") {
            try await modify(registry) { try $0.set(.integer(3), "key", at: key("Kit")) }
        }
        for path in [key("Kit/value"), key("Kit/value/below")] {
            try await context.expectError(.alreadyExists, from: "the key \(path) where a value is") {
                try await modify(registry) { try $0.set(.integer(3), "x", at: path) }
            }
        }
        try await expectValue(.integer(1), "value", at: key("Kit"), in: registry, "after refused changes")
        try await expectValue(.integer(2), "x", at: key("Kit/key"), in: registry, "after refused changes")
        // Once the one is gone, the other may take the name.
        try await modify(registry) { transaction in
            _ = try transaction.removeKey(at: key("Kit/key"))
            try transaction.set(.integer(4), "key", at: key("Kit"))
        }
        try await expectValue(.integer(4), "key", at: key("Kit"), in: registry, "after the key was removed")
    }

    func removal() async throws {
        let registry = try await open()
        try await modify(registry) { transaction in
            for path in [key("A"), key("A/B"), key("A/B/C"), key("A/BB"), key("D")] {
                try transaction.set(.string(path.description), "here", at: path)
                try transaction.set(.string(path.description), "there", at: path)
            }
        }
        let removed = try await modify(registry) { transaction in
            [
                try transaction.removeValue("here", at: key("A")), try transaction.removeValue("here", at: key("A")),
                try transaction.removeKey(at: key("A/B")), try transaction.removeKey(at: key("A/B")),
            ]
        }
        try expect(removed == [true, false, true, false], "true, false, true, false", "it was \(removed)")
        try await expectValue(nil, "here", at: key("A"), in: registry, "after it was removed")
        try await expectValue(nil, "here", at: key("A/B/C"), in: registry, "below a key that was removed")
        try await expectValue(.string("A"), "there", at: key("A"), in: registry, "beside a value that was removed")
        try await expectValue(.string("A/BB"), "here", at: key("A/BB"), in: registry, "beside a key that was removed")
        let hasKeys = try await read(registry) {
            [$0.hasKey(at: key("A/B")), $0.hasKey(at: key("A/B/C")), $0.hasKey(at: key("A"))]
        }
        try expect(hasKeys == [false, false, true], "only the removed keys to be gone", "it was \(hasKeys)")
        _ = try await modify(registry) { try $0.removeKey(at: .root) }
        let (keys, hasRoot) = try await read(registry) { ($0.keyNames(at: .root), $0.hasKey(at: .root)) }
        try expect(keys.isEmpty && hasRoot, "an empty root after its removal", "there are \(keys)")
    }

    func large() async throws {
        let registry = try await open()
        let count = suite.largeCount
        let names = (0..<count).map { "key \(count - $0)" }
        try await modify(registry) { transaction in
            for name in names { try transaction.set(.string(name), "File", at: RegistryPath(["Large", name])) }
        }
        let (seen, generation) = try await read(registry) { ($0.keyNames(at: key("Large")), $0.generation) }
        try expect(seen == names, "\(count) keys in order", "there are \(seen.count), or in another order")
        try await modify(registry, expecting: generation) { transaction in
            try transaction.set(.string("changed"), "File", at: RegistryPath(["Large", names[count / 2]]))
        }
        try await read(registry) { reader in
            for (number, name) in names.enumerated() {
                let path = try RegistryPath(["Large", name])
                let text = try reader.string("File", at: path)
                let expected = number == count / 2 ? "changed" : name
                try self.expect(text == expected, "'\(expected)' at \(path)", "it is \(TestValues.shown(text))")
            }
        }
    }
}
