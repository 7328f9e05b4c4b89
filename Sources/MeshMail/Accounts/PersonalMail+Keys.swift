import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

// The keys by which mail is signed and sealed. Each change of one is a change of its account.
extension PersonalMail {
    // MARK: Giving an account keys

    /// Makes a key for an account that has none of the kind: for the display name and the address of the account.
    ///
    /// - Parameter expires: when it ends; nil: OpenPGP never, S/MIME after three years.
    /// - Returns: its public half.
    /// - Throws: ``MailAccountError`` `notFound`, `keyExists`; ``StaleAccount``; ``MailKeyError``; as ``accounts()``.
    @discardableResult
    public func makeKey(
        _ kind: MailKey.Kind, for address: MailAddress, expires: Timestamp? = nil
    ) async throws -> MailKey {
        let store = try await store()
        let item = try await required(address, in: store)
        // Before one is made.
        if let present = item.account.currentKeys(kind).first { throw Self.exists(present, address) }
        let key = try await generated(kind, for: item.account, expires)
        return try await take(key, item, store)
    }

    /// Takes a key from elsewhere into use, or keeps it for old mail.
    ///
    /// - Parameter asFormer: whether it is only kept, to read what was sealed by it.
    /// - Returns: its public half.
    /// - Throws: ``MailAccountError`` `notFound`; `keyExists` if another key is used for what this one can do, or it was used before,
    ///   and was replaced; ``MailKeyError`` `notUsable` for a key to be used that is revoked or has expired; ``StaleAccount``; as
    ///   ``accounts()``.
    @discardableResult
    public func importKey(
        _ key: SecretMailKey, for address: MailAddress, asFormer: Bool = false
    ) async throws -> MailKey {
        let store = try await store()
        let item = try await required(address, in: store)
        guard asFormer else { return try await take(key, item, store) }
        var (account, former) = (item.account, key.key)
        if let present = account.currentKeys(former.kind).first(where: { $0.udf == former.udf }) {
            throw Self.exists(present, address)
        }
        account.addFormer(former, since: session.platform.clock.now)
        account.setSealed(try seal(key, store), of: former)
        try await put(account, from: item.version, store)
        former.formerSince = session.platform.clock.now
        return former
    }

    /// What ``replaceKey(_:for:with:because:expires:)`` has done.
    public struct Replacement: Sendable {
        /// The key that is used from now on.
        public let key: MailKey
        /// Those that were used, as they are kept. Of OpenPGP their certificates say that they are revoked: everybody who writes to
        /// the person should get them, with the new one.
        public let former: [MailKey]
    }

    /// Uses another key of a kind from now on. The ones that were used are kept for old mail; those of OpenPGP are revoked.
    ///
    /// - Parameters:
    ///   - key: the other key; nil: a new one is made.
    ///   - reason: what the revocation says; S/MIME keys are revoked by who has certified them.
    ///   - expires: when a new one ends.
    /// - Throws: ``MailAccountError`` `notFound`; `keyMissing` if the account has no key of the kind; as
    ///   ``importKey(_:for:asFormer:)``.
    public func replaceKey(
        _ kind: MailKey.Kind, for address: MailAddress, with key: SecretMailKey? = nil,
        because reason: OpenPGPRevocationReason = .superseded, expires: Timestamp? = nil
    ) async throws -> Replacement {
        let store = try await store()
        let item = try await required(address, in: store)
        let present = item.account.currentKeys(kind)
        guard !present.isEmpty else { throw Self.missing(kind, address) }
        var replacing = key
        if replacing == nil { replacing = try await generated(kind, for: item.account, expires) }
        guard let replacing, replacing.key.kind == kind else {
            throw MailAccountError(.keyMissing, "The key that was given is of the other kind.")
        }
        let now = session.platform.clock.now
        var account = item.account
        var former: [MailKey] = []
        for old in present {
            guard old.udf != replacing.key.udf else { throw Self.exists(old, address) }
            account.removeCurrent(old)
            var kept = old
            if kind == .openPGP, case .openPGP(let secret) = try await secret(old, item.account, store),
                !secret.certificate.isRevoked
            {
                let revoked = SecretMailKey.openPGP(try secret.revoked(reason, now: now))
                kept = revoked.key
                kept.uses = old.uses
                account.setSealed(try seal(revoked, store), of: kept)
            }
            account.addFormer(kept, since: now)
            kept.formerSince = now
            former.append(kept)
        }
        let taken = try await take(replacing, account, from: item.version, store)
        return Replacement(key: taken, former: former)
    }

    /// Takes the certificate that an issuer gave for an S/MIME key of an account (``SMIMEKey/certificateRequest()``). The one that
    /// was used is kept for old mail.
    ///
    /// - Parameter certificates: the certificate, and those of the issuers, in any order.
    /// - Returns: the key, with the certificate.
    /// - Throws: ``MailAccountError`` `notFound`, `keyMissing`; ``MailKeyError`` `notRelated` if none of them is for a key of the
    ///   account, `notUsable` if it is not for mail, or not valid now; ``StaleAccount``; as ``accounts()``.
    @discardableResult
    public func takeCertificate(_ certificates: [SMIMECertificate], for address: MailAddress) async throws -> MailKey {
        let store = try await store()
        let item = try await required(address, in: store)
        let present = item.account.currentKeys(.smime)
        guard !present.isEmpty else { throw Self.missing(.smime, address) }
        let now = session.platform.clock.now
        guard
            let (old, own) = present.lazy.compactMap({ key in
                certificates.filter { $0.keyUDF == key.udf }.max { $0.notAfter < $1.notAfter }.map { (key, $0) }
            }).first
        else {
            throw MailKeyError(
                .notRelated, "None of the certificates is for an S/MIME key that \(address) uses.",
                remedy: "Give the issuer the request of this key: meshclient mail key request \(address)")
        }
        guard case .smime(let secret) = try await secret(old, item.account, store) else { throw old.damaged(nil) }
        let replaced = try secret.replacing(certificate: own, chain: certificates.filter { $0 != own })
        var key = MailKey(replaced.certificate, chain: replaced.chain)
        key.uses.formIntersection(old.uses)
        guard !key.uses.isEmpty, !own.isExpired(at: now) else {
            throw MailKeyError(
                .notUsable, "The certificate is not for what the key is used for, or not valid now.",
                remedy: "Ask the issuer for one to sign and encrypt mail.")
        }
        guard key.fingerprint != old.fingerprint else { return old }
        var account = item.account
        account.removeCurrent(old)
        account.addFormer(old, since: now)
        account.setCurrent(key)
        try await put(account, from: item.version, store)
        return key
    }

    // MARK: Using keys

    /// Lends a key of an account, with its secret half, for the length of `body`.
    ///
    /// - Throws: ``MailAccountError`` `notFound`, `keyMissing`, `keyDamaged`; ``DAREError`` if it is sealed to a key that this device
    ///   does not have; ``MailKeyError``; what `body` throws; as ``accounts()``.
    public func withKey<R: Sendable>(
        _ key: MailKey, of address: MailAddress, _ body: (SecretMailKey) async throws -> R
    ) async throws -> R {
        let store = try await store()
        return try await body(try await secret(key, try await required(address, in: store).account, store))
    }

    /// A key of an account that a device may know which has lost the right to it since.
    public struct ExposedKey: Sendable, Equatable {
        /// The account.
        public let address: MailAddress
        /// The key.
        public let key: MailKey
    }

    /// The keys in use that should be replaced: a device that was removed, or has lost the right ``Right/mail``, may have kept them.
    /// No key is opened.
    ///
    /// A key that was made on a device that had not heard of the removal yet is among them, too.
    ///
    /// - Throws: as ``accounts()``.
    public func exposedKeys() async throws -> [ExposedKey] {
        let store = try await store()
        return try await accounts().flatMap { item in
            try item.account.keys.filter { try !$0.isFormer && isExposed($0, item.account, store) }
                .map { ExposedKey(address: item.account.address, key: $0) }
        }
    }

    // MARK: The parts

    private func isExposed(
        _ key: MailKey, _ account: MailAccount, _ store: EntryStore<CatalogedApplication>
    ) throws -> Bool {
        guard let sealed = account.sealed(key) else { return false }
        return try store.store.isSealedToFormerKey(sealed)
    }

    private func generated(
        _ kind: MailKey.Kind, for account: MailAccount, _ expires: Timestamp?
    ) async throws -> SecretMailKey {
        let now = session.platform.clock.now
        return try await BlockingCalls(store: "mail keys").run(deadline: .seconds(120)) {
            try SecretMailKey.generate(
                kind, name: account.displayName, address: account.address, expires: expires, now: now)
        }
    }

    private func seal(_ key: SecretMailKey, _ store: EntryStore<CatalogedApplication>) throws -> JSONValue {
        try store.store.seal(key.secretOctets(), id: key.key.udf.text, contentType: key.contentType)
    }

    private func secret(
        _ key: MailKey, _ account: MailAccount, _ store: EntryStore<CatalogedApplication>
    ) async throws -> SecretMailKey {
        // Of an S/MIME key there may be several certificates.
        let certificates = account.keys.filter { $0.udf == key.udf }
        guard let sealed = account.sealed(key),
            let kept = certificates.first(where: { $0.fingerprint == key.fingerprint }) ?? certificates.first
        else {
            throw MailAccountError(
                .keyMissing, "The account \(account.address) does not have the secret half of \(key.fingerprint).")
        }
        return try SecretMailKey(try await store.store.open(sealed), of: kept)
    }

    private func take(
        _ key: SecretMailKey, _ item: Item, _ store: EntryStore<CatalogedApplication>
    ) async throws -> MailKey {
        try await take(key, item.account, from: item.version, store)
    }

    /// Takes a key into use where none is used for the same.
    private func take(
        _ secret: SecretMailKey, _ account: MailAccount, from version: EntryVersion,
        _ store: EntryStore<CatalogedApplication>
    ) async throws -> MailKey {
        let key = secret.key
        guard !key.uses.isEmpty, key.expires.map({ $0 > session.platform.clock.now }) ?? true else {
            throw MailKeyError(
                .notUsable,
                "The key \(key.fingerprint) \(key.uses.isEmpty ? "can neither sign nor seal: it is revoked, or for something else" : "has expired").",
                remedy: "To read old mail with it: meshclient mail key import --former.")
        }
        if account.formerKeys.contains(where: { $0.udf == key.udf }) {
            throw MailAccountError(
                .keyExists, "The key \(key.fingerprint) was used before, and was replaced.",
                remedy: "Make a new one, or import another.")
        }
        for use in MailKey.Use.allCases where key.uses.contains(use) {
            guard let present = account.currentKey(key.kind, use) else { continue }
            // The same key, with a certificate that has changed; but who knew it knows it still.
            guard present.udf == key.udf, try !isExposed(present, account, store) else {
                throw Self.exists(present, account.address)
            }
        }
        var changed = account
        changed.setCurrent(key)
        changed.setSealed(try seal(secret, store), of: key)
        try await put(changed, from: version, store)
        return key
    }

    private func put(
        _ account: MailAccount, from version: EntryVersion, _ store: EntryStore<CatalogedApplication>
    ) async throws {
        do {
            try await store.update(account.entry, from: version)
        } catch let error as StaleEntry<CatalogedApplication> {
            throw Self.stale(account.address, account, error)
        }
    }

    private static func exists(_ key: MailKey, _ address: MailAddress) -> MailAccountError {
        MailAccountError(
            .keyExists, "The account \(address) uses the \(key.kind.rawValue) key \(key.fingerprint) already.",
            remedy: "To use another from now on: meshclient mail key replace \(address)")
    }

    static func missing(_ kind: MailKey.Kind, _ address: MailAddress) -> MailAccountError {
        MailAccountError(
            .keyMissing, "The account \(address) has no \(kind.rawValue) key.",
            remedy: "Make one: meshclient mail key make \(address) --\(kind == .openPGP ? "openpgp" : "smime")")
    }
}
