import MeshCore

#if OpenPGP
    /// What is done with keys through librnp. Each call blocks, and works on keyrings of its own.
    enum OpenPGPEngine {
        static func generate(userID: String, created: UInt32, validity: UInt32) throws -> OpenPGPMaterial {
            try RNPThread.shared.run {
                let keyring = try RNPKeyring(at: created)
                return try material(keyring.generate(userID: userID, validity: validity), readAt: nil)
            }
        }

        static func importSecret(
            _ octets: UnsafeRawBufferPointer, passphrase: SharedSecret?
        ) throws -> OpenPGPMaterial {
            try RNPThread.shared.run {
                let key = try RNPKeyring().load(octets, secret: true)
                try key.requireSecretHalves()
                try key.unprotect(passphrase)
                let material = try material(key, readAt: nil)
                try requireUsable(material.certificate, key)
                return material
            }
        }

        static func certificate(_ octets: UnsafeRawBufferPointer) throws -> OpenPGPCertificate {
            try RNPThread.shared.run { try read(octets, at: nil) }
        }

        static func protect(_ secret: SharedSecret, with passphrase: SharedSecret) throws -> SharedSecret {
            try RNPThread.shared.run {
                let key = try secret.bytes.withUnsafeBytes { try RNPKeyring().load($0, secret: true) }
                try key.protect(passphrase)
                return SharedSecret(try key.exportSecret())
            }
        }

        static func revoke(
            _ secret: SharedSecret, _ reason: OpenPGPRevocationReason, at time: Timestamp
        ) throws -> OpenPGPMaterial {
            try RNPThread.shared.run {
                let keyring = try RNPKeyring(at: UInt32(clamping: time.secondsSince1970))
                let key = try secret.bytes.withUnsafeBytes { try keyring.load($0, secret: true) }
                try key.revoke(reason)
                return try material(key, readAt: nil)
            }
        }

        private static func material(_ key: RNPKey, readAt time: UInt32?) throws -> OpenPGPMaterial {
            let octets = try key.exportPublic()
            return OpenPGPMaterial(
                secret: SharedSecret(try key.exportSecret()),
                certificate: try octets.withUnsafeBytes { try read($0, at: time) })
        }

        /// A key that has ended is read as of its last second: the library says of its subkeys then what they were.
        private static func read(_ octets: UnsafeRawBufferPointer, at time: UInt32?) throws -> OpenPGPCertificate {
            let key = try RNPKeyring(at: time).load(octets, secret: false)
            if time == nil, try key.isExpired(), let end = try key.expiry(), end > 1 {
                return try read(octets, at: UInt32(clamping: end - 1))
            }
            return try key.certificate()
        }

        private static func requireUsable(_ certificate: OpenPGPCertificate, _ key: RNPKey) throws {
            guard !certificate.userIDs.isEmpty else {
                throw MailKeyError(
                    .notUsable, "The key \(certificate.fingerprint) names no owner: it has no valid user ID.",
                    remedy: "Add one (gpg --quick-add-uid), and export the key again.")
            }
            if certificate.isRevoked { return }
            if let weak = try key.weakKey() {
                throw MailKeyError(
                    .notUsable, "The key \(weak) is too weak: below 2048 bits.",
                    remedy: "Make a new key. A weak subkey can be revoked before the key is exported.")
            }
            guard certificate.canSign || certificate.canEncrypt else {
                throw MailKeyError(
                    .notUsable, "The key \(certificate.fingerprint) can neither sign nor be encrypted to.",
                    remedy: "Make a new key, or add a subkey for what is missing.")
            }
        }
    }
#else
    /// There is no librnp in this build.
    enum OpenPGPEngine {
        private static func missing() -> MailKeyError {
            MailKeyError(
                .unsupported, "OpenPGP keys are not part of this build.",
                remedy: "Build with the trait OpenPGP; it needs librnp (Debian: librnp-dev).")
        }

        static func generate(userID: String, created: UInt32, validity: UInt32) throws -> OpenPGPMaterial {
            throw missing()
        }

        static func importSecret(
            _ octets: UnsafeRawBufferPointer, passphrase: SharedSecret?
        ) throws -> OpenPGPMaterial { throw missing() }

        static func certificate(_ octets: UnsafeRawBufferPointer) throws -> OpenPGPCertificate { throw missing() }

        static func protect(_ secret: SharedSecret, with passphrase: SharedSecret) throws -> SharedSecret {
            throw missing()
        }

        static func revoke(
            _ secret: SharedSecret, _ reason: OpenPGPRevocationReason, at time: Timestamp
        ) throws -> OpenPGPMaterial { throw missing() }
    }
#endif
