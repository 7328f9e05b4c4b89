#if OpenPGP
    import CRNP
    import Glibc
    import MeshCore

    /// A key in a keyring of librnp, which it keeps alive. Only on ``RNPThread``.
    final class RNPKey {
        /// How much SHA-256 is run over when a passphrase is made into a key: the most that OpenPGP can tell.
        private static let iterations = 65_011_712

        let handle: rnp_key_handle_t
        private let keyring: RNPKeyring

        init(_ handle: rnp_key_handle_t?, _ keyring: RNPKeyring) throws {
            guard let handle else {
                throw MailKeyError(.libraryFailed, "The OpenPGP library does not find a key again.")
            }
            self.handle = handle
            self.keyring = keyring
        }

        deinit { rnp_key_handle_destroy(handle) }

        /// The keys below it.
        func subkeys() throws -> [RNPKey] {
            var count = 0
            try RNPKeyring.check(rnp_key_get_subkey_count(handle, &count), "count subkeys")
            return try (0..<count).map { index in
                var subkey: rnp_key_handle_t?
                try RNPKeyring.check(rnp_key_get_subkey_at(handle, index, &subkey), "find a subkey")
                return try RNPKey(subkey, keyring)
            }
        }

        // MARK: Private halves

        /// - Throws: ``MailKeyError`` `noSecretKey` unless the private half of every key is there.
        func requireSecretHalves() throws {
            for key in try [self] + subkeys() {
                let isThere = try key.flag(rnp_key_have_secret)
                let kind = isThere ? try key.text(rnp_key_get_protection_type) : "None"
                guard isThere, !kind.hasPrefix("GPG-") else {
                    let place = kind == "GPG-Smartcard" ? "is on a card" : "was left out"
                    throw MailKeyError(
                        .noSecretKey, "The private half of the key \(try key.fingerprint()) \(place).",
                        remedy: kind == "GPG-Smartcard"
                            ? "A key on a card cannot be taken from it: import its backup."
                            : "Export the whole key, where its private halves are: gpg --export-secret-keys.")
                }
                guard kind != "Unknown" else {
                    throw MailKeyError(
                        .unsupported, "The key \(try key.fingerprint()) is protected in a way that is not known here.")
                }
            }
        }

        /// - Throws: ``MailKeyError`` `passphraseNeeded`, `wrongPassphrase`; `unsupported` for a passphrase that cannot be one.
        func unprotect(_ passphrase: SharedSecret?) throws {
            for key in try [self] + subkeys() where try key.flag(rnp_key_is_protected) {
                guard let passphrase else {
                    throw MailKeyError(
                        .passphraseNeeded, "The key \(try fingerprint()) is protected by a passphrase.",
                        remedy: "Give the passphrase, too.")
                }
                let result = try MailKeyLimits.withPassphrase(passphrase) { rnp_key_unprotect(key.handle, $0) }
                guard result == RNP_SUCCESS else {
                    throw MailKeyError(
                        .wrongPassphrase, "The passphrase does not open the key \(try key.fingerprint()).",
                        remedy: "Give the passphrase with which the key was exported.")
                }
            }
        }

        func protect(_ passphrase: SharedSecret) throws {
            for key in try [self] + subkeys() {
                let result = try MailKeyLimits.withPassphrase(passphrase) {
                    rnp_key_protect(key.handle, $0, "AES256", nil, "SHA256", Self.iterations)
                }
                try RNPKeyring.check(result, "protect the key")
            }
        }

        func revoke(_ reason: OpenPGPRevocationReason) throws {
            let code = reason == .unspecified ? "no" : reason.rawValue
            try RNPKeyring.check(rnp_key_revoke(handle, 0, "SHA256", code, nil), "revoke the key")
        }

        func exportSecret() throws -> SecretBytes {
            try export(UInt32(RNP_KEY_EXPORT_SECRET)) { SecretBytes(copying: UnsafeRawBufferPointer($0)) }
        }

        func exportPublic() throws -> [UInt8] {
            try export(UInt32(RNP_KEY_EXPORT_PUBLIC)) { Array($0) }
        }

        /// Lends what the library writes, and wipes it: the library does not.
        private func export<R: ~Copyable>(
            _ half: UInt32, _ body: (UnsafeMutableBufferPointer<UInt8>) -> R
        ) throws -> R {
            var output: rnp_output_t?
            try RNPKeyring.check(rnp_output_to_memory(&output, 0), "write the key")
            defer { rnp_output_destroy(output) }
            let result = rnp_key_export(handle, output, half | UInt32(RNP_KEY_EXPORT_SUBKEYS))
            var octets: UnsafeMutablePointer<UInt8>?
            var count = 0
            if rnp_output_memory_get_buf(output, &octets, &count, false) != RNP_SUCCESS { count = 0 }
            defer { if let octets, count > 0 { explicit_bzero(octets, count) } }
            try RNPKeyring.check(result, "write the key")
            return body(UnsafeMutableBufferPointer(start: octets, count: count))
        }

        // MARK: What it is

        func fingerprint() throws -> String { try text(rnp_key_get_fprint).uppercased() }

        func isExpired() throws -> Bool { try flag(rnp_key_is_expired) }

        /// When it ends, in seconds since 1970; nil if it does not.
        func expiry() throws -> UInt64? {
            let validity = try number(rnp_key_get_expiration)
            return validity == 0 ? nil : UInt64(try number(rnp_key_get_creation)) + UInt64(validity)
        }

        /// The fingerprint of a key that is too weak and not revoked, if there is one.
        func weakKey() throws -> String? {
            for key in try [self] + subkeys() where try key.isWeak() && !key.flag(rnp_key_is_revoked) {
                return try key.fingerprint()
            }
            return nil
        }

        /// The certificate, as it is at the time of the keyring.
        ///
        /// - Throws: ``MailKeyError`` `notUsable` for a key that has signed nothing of itself.
        func certificate() throws -> OpenPGPCertificate {
            let isRevoked = try flag(rnp_key_is_revoked)
            guard try isRevoked || isBound() else {
                throw MailKeyError(
                    .notUsable, "The key \(try fingerprint()) has no valid signature of its own.",
                    remedy: "If it is old, its owner can renew it: gpg --quick-set-expire.")
            }
            let bound = try subkeys().filter { try $0.isBound() || $0.flag(rnp_key_is_revoked) }
            let able = try isRevoked ? [] : ([self] + bound).filter { try !$0.isWeak() && !$0.flag(rnp_key_is_revoked) }
            return OpenPGPCertificate(
                octets: try exportPublic(), fingerprint: try fingerprint(), algorithm: try algorithm(),
                uses: try uses(),
                userIDs: try userIDs(), created: try created(), expires: try expires(), isRevoked: isRevoked,
                subkeys: try bound.map { try $0.asSubkey() },
                canSign: try able.contains { try $0.uses().contains(.sign) },
                canEncrypt: try able.contains { try $0.uses().contains(.encrypt) })
        }

        private func asSubkey() throws -> OpenPGPSubkey {
            OpenPGPSubkey(
                fingerprint: try fingerprint(), algorithm: try algorithm(), uses: try uses(), created: try created(),
                expires: try expires(), isRevoked: try flag(rnp_key_is_revoked))
        }

        /// Whether it has a valid signature that makes it a key, be it expired or not.
        private func isBound() throws -> Bool { try flag(rnp_key_is_valid) || flag(rnp_key_is_expired) }

        private func created() throws -> Timestamp {
            Timestamp(secondsSince1970: Int64(try number(rnp_key_get_creation)))
        }

        private func expires() throws -> Timestamp? {
            try expiry().map { Timestamp(secondsSince1970: Int64(clamping: $0)) }
        }

        private func uses() throws -> OpenPGPUses {
            var uses: OpenPGPUses = []
            let names: [(String, OpenPGPUses)] = [
                ("certify", .certify), ("sign", .sign), ("encrypt", .encrypt), ("authenticate", .authenticate),
            ]
            for (name, use) in names {
                var isAllowed = false
                try RNPKeyring.check(rnp_key_allows_usage(handle, name, &isAllowed), "tell the uses of a key")
                if isAllowed { uses.insert(use) }
            }
            return uses
        }

        private static let sizedAlgorithms = ["RSA": "RSA", "DSA": "DSA", "ELGAMAL": "Elgamal"]

        private func algorithm() throws -> String {
            let name = try text(rnp_key_get_alg)
            if let sized = Self.sizedAlgorithms[name.uppercased()] { return "\(sized) \(try number(rnp_key_get_bits))" }
            return (try? text(rnp_key_get_curve)) ?? name
        }

        private func isWeak() throws -> Bool {
            try Self.sizedAlgorithms[text(rnp_key_get_alg).uppercased()] != nil && number(rnp_key_get_bits) < 2048
        }

        /// The user IDs that the key has signed and not revoked, the main one first.
        private func userIDs() throws -> [String] {
            var count = 0
            try RNPKeyring.check(rnp_key_get_uid_count(handle, &count), "count user IDs")
            var found: [(text: String, isMain: Bool)] = []
            for index in 0..<count {
                var uid: rnp_uid_handle_t?
                try RNPKeyring.check(rnp_key_get_uid_handle_at(handle, index, &uid), "find a user ID")
                defer { rnp_uid_handle_destroy(uid) }
                var kind: UInt32 = 0
                var (isValid, isMain) = (false, false)
                try RNPKeyring.check(rnp_uid_get_type(uid, &kind), "read a user ID")
                try RNPKeyring.check(rnp_uid_is_valid(uid, &isValid), "judge a user ID")
                try RNPKeyring.check(rnp_uid_is_primary(uid, &isMain), "judge a user ID")
                guard kind == UInt32(RNP_USER_ID), isValid else { continue }
                var data: UnsafeMutableRawPointer?
                var octets = 0
                try RNPKeyring.check(rnp_uid_get_data(uid, &data, &octets), "read a user ID")
                defer { rnp_buffer_destroy(data) }
                let text = String(
                    decoding: UnsafeRawBufferPointer(start: data, count: data == nil ? 0 : octets), as: UTF8.self)
                found.append((text, isMain))
            }
            return found.filter(\.isMain).map(\.text) + found.filter { !$0.isMain }.map(\.text)
        }

        // MARK: The library's ways to answer

        func flag(_ question: (rnp_key_handle_t?, UnsafeMutablePointer<Bool>?) -> rnp_result_t) throws -> Bool {
            var answer = false
            try RNPKeyring.check(question(handle, &answer), "tell about a key")
            return answer
        }

        private func number(
            _ question: (rnp_key_handle_t?, UnsafeMutablePointer<UInt32>?) -> rnp_result_t
        ) throws -> UInt32 {
            var answer: UInt32 = 0
            try RNPKeyring.check(question(handle, &answer), "tell about a key")
            return answer
        }

        private func text(
            _ question: (rnp_key_handle_t?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> rnp_result_t
        ) throws -> String {
            var answer: UnsafeMutablePointer<CChar>?
            try RNPKeyring.check(question(handle, &answer), "tell about a key")
            defer { rnp_buffer_destroy(answer) }
            return answer.map { String(cString: $0) } ?? ""
        }
    }
#endif
