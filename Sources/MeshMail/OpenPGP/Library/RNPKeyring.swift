#if OpenPGP
    import CRNP
    import MeshCore

    /// The keys that one call works on. Only on ``RNPThread``.
    final class RNPKeyring {
        private let handle: rnp_ffi_t

        /// An empty one.
        ///
        /// - Parameter time: the time by which keys are made and judged, in seconds since 1970; nil for the system's.
        init(at time: UInt32? = nil) throws {
            var made: rnp_ffi_t?
            try Self.check(rnp_ffi_create(&made, "GPG", "GPG"), "start")
            guard let made else { throw MailKeyError(.libraryFailed, "The OpenPGP library does not start.") }
            handle = made
            if let time { try Self.check(rnp_set_timestamp(made, UInt64(time)), "take a time") }
        }

        deinit { rnp_ffi_destroy(handle) }

        /// The one primary key in `octets`, which were checked to be one.
        func load(_ octets: UnsafeRawBufferPointer, secret: Bool) throws -> RNPKey {
            var input: rnp_input_t?
            try Self.check(
                rnp_input_from_memory(
                    &input, octets.baseAddress?.assumingMemoryBound(to: UInt8.self), octets.count, false),
                "take the key")
            defer { rnp_input_destroy(input) }
            let flags = UInt32(RNP_LOAD_SAVE_PUBLIC_KEYS) | (secret ? UInt32(RNP_LOAD_SAVE_SECRET_KEYS) : 0)
            guard rnp_import_keys(handle, input, flags, nil) == RNP_SUCCESS else {
                throw MailKeyError(
                    .malformed, "The OpenPGP key is damaged, or made in a way that the OpenPGP library does not know.",
                    remedy: "Export it again.")
            }
            return try primaryKey()
        }

        /// Makes a key and its subkey, not protected.
        func generate(userID: String, validity: UInt32) throws -> RNPKey {
            let primary = try generated {
                rnp_op_generate_create(&$0, handle, "EDDSA")
            } _: { operation in
                try Self.check(rnp_op_generate_add_usage(operation, "certify"), "make a key")
                try Self.check(rnp_op_generate_add_usage(operation, "sign"), "make a key")
                try Self.check(rnp_op_generate_set_userid(operation, userID), "take a user ID")
                try Self.check(rnp_op_generate_set_expiration(operation, validity), "take an end")
            }
            _ = try generated {
                rnp_op_generate_subkey_create(&$0, handle, primary.handle, "ECDH")
            } _: { operation in
                try Self.check(rnp_op_generate_set_curve(operation, "Curve25519"), "make a subkey")
                try Self.check(rnp_op_generate_add_usage(operation, "encrypt"), "make a subkey")
                try Self.check(rnp_op_generate_set_expiration(operation, validity), "take an end")
            }
            return primary
        }

        private func generated(
            _ create: (inout rnp_op_generate_t?) -> rnp_result_t, _ prepare: (rnp_op_generate_t?) throws -> Void
        ) throws -> RNPKey {
            var operation: rnp_op_generate_t?
            try Self.check(create(&operation), "make a key")
            defer { rnp_op_generate_destroy(operation) }
            try prepare(operation)
            try Self.check(rnp_op_generate_execute(operation), "make a key")
            var key: rnp_key_handle_t?
            try Self.check(rnp_op_generate_get_key(operation, &key), "make a key")
            return try RNPKey(key, self)
        }

        private func primaryKey() throws -> RNPKey {
            var iterator: rnp_identifier_iterator_t?
            try Self.check(rnp_identifier_iterator_create(handle, &iterator, "fingerprint"), "list keys")
            defer { rnp_identifier_iterator_destroy(iterator) }
            var identifier: UnsafePointer<CChar>?
            while rnp_identifier_iterator_next(iterator, &identifier) == RNP_SUCCESS, let found = identifier {
                var handle: rnp_key_handle_t?
                try Self.check(rnp_locate_key(self.handle, "fingerprint", found, &handle), "find a key")
                let key = try RNPKey(handle, self)
                if try key.flag(rnp_key_is_primary) { return key }
            }
            throw MailKeyError(.malformed, "The OpenPGP library finds no primary key.", remedy: "Export the key again.")
        }

        /// - Throws: ``MailKeyError`` `libraryFailed` for anything but success.
        static func check(_ result: rnp_result_t, _ what: String) throws {
            guard result != RNP_SUCCESS else { return }
            let words = rnp_result_to_string(result).map { String(cString: $0) } ?? "error \(result)"
            throw MailKeyError(.libraryFailed, "The OpenPGP library could not \(what): \(words).")
        }
    }
#endif
