#if SecretService
    import CLibSecret

    /// A reference to a `GVariant`: a value as D-Bus carries it. Immutable.
    final class Variant: @unchecked Sendable {
        // Sendable proof: a GVariant that is not floating is immutable, and its reference count is atomic.
        private let raw: OpaquePointer

        /// Takes over a reference, also a floating one.
        init(taking raw: OpaquePointer) { self.raw = g_variant_take_ref(raw) }

        deinit { g_variant_unref(raw) }

        /// Lends the reference; the value lives at least as long as `body` runs.
        func withRaw<R>(_ body: (OpaquePointer) throws -> R) rethrows -> R {
            try withExtendedLifetime(self) { try body(raw) }
        }

        // MARK: Building

        static func string(_ text: String) -> Variant { Variant(taking: g_variant_new_string(text)) }

        static func boolean(_ value: Bool) -> Variant { Variant(taking: g_variant_new_boolean(value ? 1 : 0)) }

        static func unsigned(_ value: UInt32) -> Variant { Variant(taking: g_variant_new_uint32(value)) }

        /// An object path; nil if `text` cannot be one.
        static func path(_ text: String) -> Variant? {
            g_variant_is_object_path(text) != 0 ? Variant(taking: g_variant_new_object_path(text)) : nil
        }

        static func tuple(_ members: [Variant]) -> Variant {
            let children: [OpaquePointer?] = members.map(\.raw)
            return withExtendedLifetime(members) {
                children.withUnsafeBufferPointer {
                    Variant(taking: g_variant_new_tuple($0.baseAddress, gsize(members.count)))
                }
            }
        }

        /// An array of object paths; those that cannot be one are left out.
        static func paths(_ texts: [String]) -> Variant { array("o", texts.compactMap(path)) }

        static func dictionary(_ entries: [String: String]) -> Variant {
            array(
                "{ss}",
                entries.sorted { $0.key < $1.key }.map { entry in
                    let key = string(entry.key)
                    let value = string(entry.value)
                    return dictionaryEntry(key, value)
                })
        }

        /// A dictionary from names to values of any type.
        static func properties(_ entries: [String: Variant]) -> Variant {
            array(
                "{sv}",
                entries.sorted { $0.key < $1.key }.map { entry in
                    let key = string(entry.key)
                    let value = entry.value.withRaw { Variant(taking: g_variant_new_variant($0)) }
                    return dictionaryEntry(key, value)
                })
        }

        private static func dictionaryEntry(_ key: Variant, _ value: Variant) -> Variant {
            key.withRaw { key in value.withRaw { Variant(taking: g_variant_new_dict_entry(key, $0)) } }
        }

        private static func array(_ type: String, _ members: [Variant]) -> Variant {
            let elementType = g_variant_type_new(type)
            defer { g_variant_type_free(elementType) }
            let children: [OpaquePointer?] = members.map(\.raw)
            return withExtendedLifetime(members) {
                children.withUnsafeBufferPointer {
                    Variant(taking: g_variant_new_array(elementType, $0.baseAddress, gsize(members.count)))
                }
            }
        }

        // MARK: Reading

        /// How many members a tuple, an array or a dictionary entry has; 0 for anything else.
        var count: Int { withRaw { g_variant_is_container($0) != 0 ? Int(g_variant_n_children($0)) : 0 } }

        /// The member at `index`; nil if there is none.
        subscript(index: Int) -> Variant? {
            guard (0..<count).contains(index) else { return nil }
            return withRaw { Variant(taking: g_variant_get_child_value($0, gsize(index))) }
        }

        /// The members.
        var members: [Variant] { (0..<count).compactMap { self[$0] } }

        private func isOf(_ types: String...) -> Bool {
            withRaw { raw in
                let type = g_variant_get_type_string(raw).map { String(cString: $0) } ?? ""
                return types.contains(type)
            }
        }

        /// The text of a string or an object path; nil for anything else.
        var text: String? {
            isOf("s", "o") ? withRaw { g_variant_get_string($0, nil).map { String(cString: $0) } } : nil
        }

        var boolean: Bool? { isOf("b") ? withRaw { g_variant_get_boolean($0) != 0 } : nil }

        var unsigned: UInt32? { isOf("u") ? withRaw { g_variant_get_uint32($0) } : nil }

        /// What a value of any type holds; nil if this is none.
        var content: Variant? { isOf("v") ? withRaw { g_variant_get_variant($0).map { Variant(taking: $0) } } : nil }

        /// The texts of an array of strings or object paths.
        var texts: [String] { members.compactMap(\.text) }

        /// A dictionary of texts.
        var dictionary: [String: String] {
            var result: [String: String] = [:]
            for entry in members {
                if let key = entry[0]?.text, let value = entry[1]?.text { result[key] = value }
            }
            return result
        }

        /// A dictionary from names to values of any type, unwrapped.
        var properties: [String: Variant] {
            var result: [String: Variant] = [:]
            for entry in members {
                if let key = entry[0]?.text, let value = entry[1]?.content { result[key] = value }
            }
            return result
        }
    }
#endif
