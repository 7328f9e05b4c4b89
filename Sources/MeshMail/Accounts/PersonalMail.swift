import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

extension PersonalSession {
    /// The person's mail accounts, and the keys for mail.
    public var mail: PersonalMail { PersonalMail(session: self) }
}

/// Mail with an account (sessions specification §H): settings, and the keys by which mail is signed and sealed, on all devices that
/// have the right ``Right/mail``. None of this needs a portal; changes are sent by ``PersonalSession/sync(progress:)``.
public struct PersonalMail: Sendable {
    let session: PersonalSession

    func store() async throws -> EntryStore<CatalogedApplication> { try await session.entries(in: .mail) }

    /// A mail account, and which version of it.
    public struct Item: Sendable, Equatable {
        /// The account.
        public var account: MailAccount
        /// What ``PersonalMail/update(_:from:)`` wants to know.
        public let version: EntryVersion
        /// Whether another device has changed the account too, and someone has to decide (``PersonalSession/conflicts()``).
        public let isConflict: Bool
        /// Whether this version waits to be sent.
        public var isPending: Bool { version.change != nil }

        init?(_ item: EntryStore<CatalogedApplication>.Item) {
            guard let account = try? MailAccount(item.entry) else { return nil }
            self.account = account
            version = item.version
            isConflict = item.isConflict
        }
    }

    /// What has happened to a mail account.
    public struct Event: Sendable {
        /// What happened.
        public let event: CatalogEvent
        /// The version that it made.
        public let version: EntryVersion
        /// When, as the device says that did it.
        public let made: Timestamp?
        /// The account as it was then; nil for a removal, and where this device cannot open it.
        public let account: MailAccount?
    }

    /// A change was made on a version of an account that is not there any more, and was refused. Nothing was changed.
    public struct StaleAccount: MeshError {
        /// The address.
        public let address: MailAddress
        /// What was to be there; nil if the account was to be taken away.
        public let ours: MailAccount?
        /// What is there, with its version; nil if the account is gone.
        public let theirs: Item?
        public let cause: (any Error)?

        public var codeName: String { SessionError.Code.changedElsewhere.name }
        public var message: String {
            "The mail account \(address) \(theirs == nil ? "is gone" : "is not the one that was read")."
        }
        public var remedy: String? { "Read it again, and make the change on that." }
    }

    // MARK: Looking

    /// All accounts, the oldest first. No key is opened.
    ///
    /// - Throws: as ``PersonalSession/store(_:)``.
    public func accounts() async throws -> [Item] { try await store().entries().compactMap { Item($0) } }

    /// The account of an address; nil if there is none.
    ///
    /// - Throws: as ``accounts()``.
    public func find(_ address: MailAddress) async throws -> Item? { try await found(address, in: try await store()) }

    private func found(
        _ address: MailAddress, in store: EntryStore<CatalogedApplication>
    ) async throws -> Item? {
        if let item = try await store.find(MailAccount.key(address)).flatMap({ Item($0) }) { return item }
        // Another program may have entered it under a key of its own.
        return try await store.entries().lazy.compactMap { Item($0) }.first { $0.account.address == address }
    }

    /// The account of an address, which has to be there.
    ///
    /// - Throws: ``MailAccountError`` `notFound`; as ``accounts()``.
    func required(_ address: MailAddress, in store: EntryStore<CatalogedApplication>) async throws -> Item {
        guard let item = try await found(address, in: store) else {
            throw MailAccountError(
                .notFound, "There is no mail account \(address).",
                remedy: "See which there are: meshclient mail list. Or add it: meshclient mail add \(address)")
        }
        return item
    }

    /// The account that is meant when none is named; nil if none is the default.
    ///
    /// - Throws: ``SessionError`` `defaultMissing`; as ``accounts()``.
    public func defaultAccount() async throws -> Item? {
        try await session.defaults(.mail, of: CatalogedApplication.self).current().flatMap { Item($0.item) }
    }

    /// What has happened to the account of an address, also if it is gone: the oldest event first, what waits to be sent last.
    ///
    /// - Throws: as ``accounts()``.
    public func history(of address: MailAddress) async throws -> [Event] {
        let store = try await store()
        let key = try await found(address, in: store)?.account.entry.key ?? MailAccount.key(address)
        return try await store.history(of: key).map { event in
            Event(
                event: event.event, version: event.version, made: event.made,
                account: event.entry.flatMap { try? MailAccount($0) })
        }
    }

    // MARK: Changing

    /// Adds an account.
    ///
    /// - Throws: ``MailAccountError`` `alreadyExists`, `invalidSetting`, `invalidConnection`; as ``accounts()``.
    @discardableResult
    public func add(_ account: MailAccount) async throws -> EntryVersion? {
        try account.validate()
        let store = try await store()
        guard try await found(account.address, in: store) == nil else {
            throw MailAccountError(
                .alreadyExists, "There is a mail account \(account.address) already.",
                remedy: "Change it: meshclient mail set \(account.address)")
        }
        return try await store.add(account.entry)
    }

    /// Replaces the settings of an account.
    ///
    /// - Parameter version: the version that the change is made on; nil replaces whatever is there, its keys too.
    /// - Returns: the version that it is now.
    /// - Throws: ``StaleAccount``, with both accounts, if there is another version by now; ``MailAccountError`` `invalidSetting`,
    ///   `invalidConnection`; ``CatalogError`` `notFound`; as ``accounts()``.
    @discardableResult
    public func update(_ account: MailAccount, from version: EntryVersion?) async throws -> EntryVersion? {
        try account.validate()
        do {
            return try await store().update(account.entry, from: version)
        } catch let error as StaleEntry<CatalogedApplication> {
            throw Self.stale(account.address, account, error)
        }
    }

    /// Takes an account away, with its keys: what was sealed by them can then be read only by who has them elsewhere. They stay in
    /// its history.
    ///
    /// - Parameter version: the version that was seen last; nil takes away whatever is there.
    /// - Throws: as ``update(_:from:)``; ``MailAccountError`` `notFound`.
    public func remove(_ address: MailAddress, from version: EntryVersion?) async throws {
        let store = try await store()
        do {
            let present = version == nil ? try await required(address, in: store) : try await found(address, in: store)
            try await store.remove(present?.account.entry.key ?? MailAccount.key(address), from: version)
        } catch let error as StaleEntry<CatalogedApplication> {
            throw Self.stale(address, nil, error)
        }
    }

    static func stale(
        _ address: MailAddress, _ ours: MailAccount?, _ error: StaleEntry<CatalogedApplication>
    ) -> StaleAccount {
        StaleAccount(address: address, ours: ours, theirs: error.theirs.flatMap { Item($0) }, cause: error)
    }
}
