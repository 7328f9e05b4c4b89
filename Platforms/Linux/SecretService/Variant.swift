#if SecretService
    import CLibSecret

    /// A reference to a `GVariant`: a value as D-Bus carries it. Immutable.
    final class Variant: @unchecked Sendable {
        // Sendable proof: a GVariant that is not floating is immutable, and its reference count is atomic.
        let raw: OpaquePointer

        /// Takes over a reference, also a floating one.
        init(taking raw: OpaquePointer) { self.raw = g_variant_take_ref(raw) }

        deinit { g_variant_unref(raw) }

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
            return children.withUnsafeBufferPointer {
                Variant(taking: g_variant_new_tuple($0.baseAddress, gsize(members.count)))
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
                    return Variant(taking: g_variant_new_dict_entry(key.raw, value.raw))
                })
        }

        /// A dictionary from names to values of any type.
        static func properties(_ entries: [String: Variant]) -> Variant {
            array(
                "{sv}",
                entries.sorted { $0.key < $1.key }.map { entry in
                    let key = string(entry.key)
                    let value = Variant(taking: g_variant_new_variant(entry.value.raw))
                    return Variant(taking: g_variant_new_dict_entry(key.raw, value.raw))
                })
        }

        private static func array(_ type: String, _ members: [Variant]) -> Variant {
            let elementType = g_variant_type_new(type)
            defer { g_variant_type_free(elementType) }
            let children: [OpaquePointer?] = members.map(\.raw)
            return children.withUnsafeBufferPointer {
                Variant(taking: g_variant_new_array(elementType, $0.baseAddress, gsize(members.count)))
            }
        }

        // MARK: Reading

        /// How many members a tuple, an array or a dictionary entry has; 0 for anything else.
        var count: Int { g_variant_is_container(raw) != 0 ? Int(g_variant_n_children(raw)) : 0 }

        /// The member at `index`; nil if there is none.
        subscript(index: Int) -> Variant? {
            (0..<count).contains(index) ? Variant(taking: g_variant_get_child_value(raw, gsize(index))) : nil
        }

        /// The members.
        var members: [Variant] { (0..<count).compactMap { self[$0] } }

        private var type: String { g_variant_get_type_string(raw).map { String(cString: $0) } ?? "" }

        /// The text of a string or an object path; nil for anything else.
        var text: String? {
            ["s", "o"].contains(type) ? g_variant_get_string(raw, nil).map { String(cString: $0) } : nil
        }

        var boolean: Bool? { type == "b" ? g_variant_get_boolean(raw) != 0 : nil }

        var unsigned: UInt32? { type == "u" ? g_variant_get_uint32(raw) : nil }

        /// What a value of any type holds; nil if this is none.
        var content: Variant? { type == "v" ? g_variant_get_variant(raw).map { Variant(taking: $0) } : nil }

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
