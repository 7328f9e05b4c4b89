import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

// The contact of the person whose account it is: an entry of the Contact catalog that says so (`schema-08` §10.3, §10.4).
extension PersonalSession {
    /// What a network address says that is a portal account.
    private static let accountProtocol = "mmm"

    /// The person's own contact; nil if there is none, or none that an administrator of the account has signed. Needs no portal.
    ///
    /// - Throws: as ``store(_:)``.
    public func ownContact() async throws -> VerifiedContact<ContactPerson>? {
        try await ownContact(try await context())?.contact
    }

    private func ownContact(
        _ context: AccountContext
    ) async throws -> (contact: VerifiedContact<ContactPerson>?, found: StoredEntry)? {
        let store = AccountStore(.contact, keys: context.storeKeys, platform: platform)
        guard let found = try await store.find(udf.text) else { return nil }
        let entry = try? found.decoded(as: CatalogedContact.self)
        return (entry.flatMap { try? VerifiedContact(verifying: $0, of: context.profile) }, found)
    }

    /// The addresses of accounts in the person's own contact: also those that another device has registered.
    func contactAddresses(_ context: AccountContext) async throws -> [AccountAddress] {
        guard context.storeKeys.reads(.contact) else { return [] }
        return Self.accounts(in: try await ownContact(context)?.contact?.contact.content)
    }

    private static func accounts(in contact: ContactPerson?) -> [AccountAddress] {
        (contact?.networkAddresses ?? []).filter { isAccount($0) && !$0.isInactive }
            .compactMap { $0.address.flatMap { try? AccountAddress($0) } }
    }

    private static func isAccount(_ address: NetworkAddress) -> Bool {
        address.protocols.contains { $0.name == accountProtocol }
    }

    /// Changes what the person says of themselves, and sends it. The addresses of accounts are not the person's to change: they
    /// stay those that the profile has.
    ///
    /// - Throws: ``SessionError`` `notAdministrator`, `noAccount`; ``ProfileError``; as ``sync(progress:)``.
    public func changeOwnContact(_ content: ContactPerson) async throws -> SessionChanges {
        let context = try await context()
        _ = try context.administratorKeys()
        let changes = try await keepOwnContact(context, saying: content)
        if !changes.isEmpty { _ = try await sync() }
        return changes
    }

    /// Makes the person's own contact, or brings its addresses up to date: it gets those of the accounts that the profile has
    /// here. Others may have been registered by other devices, and stay. Nothing is sent.
    ///
    /// - Parameters:
    ///   - content: what it is to say from now on; nil: what it says.
    ///   - gone: an account that was given up.
    /// - Returns: what was changed; nothing on a device that may not sign for the account.
    func keepOwnContact(
        _ context: AccountContext, saying content: ContactPerson? = nil, without gone: AccountAddress? = nil
    ) async throws -> SessionChanges {
        var changes = SessionChanges()
        guard context.keys.administratorSignature != nil, context.record.address != nil else { return changes }
        let store = AccountStore(.contact, keys: context.storeKeys, platform: platform)
        var present = try await ownContact(context)
        if present?.found.isConflict == true {
            // Two devices have made it at the same time. Whose it was does not matter: it is brought up to date below.
            for conflict in try await conflicts() where conflict.store == .contact && conflict.key == udf.text {
                try await resolve(conflict, keepingOurs: false)
            }
            present = try await ownContact(context)
        }
        let said = present?.contact?.contact.content
        var next = content ?? said ?? ContactPerson()
        var accounts = Self.accounts(in: said).filter { $0 != gone }
        accounts += context.record.addresses.filter { !accounts.contains($0) }
        next.networkAddresses =
            next.networkAddresses.filter { !Self.isAccount($0) } + Self.addresses(of: accounts, context.profile)
        next.updated = said?.updated
        // As it is written: what was read holds text where octets are.
        guard JSONValue.object(next.members).compact != said.map({ JSONValue.object($0.members).compact }) else {
            return changes
        }
        let contact = try VerifiedContact(
            signing: next, of: context.profile, keys: context.administratorKeys(), at: platform.clock.now)
        if let present {
            try await store.update(contact.ownEntry, from: present.found.version)
        } else {
            try await store.add(contact.ownEntry)
        }
        changes.note(.contact, present == nil ? .created : .updated, udf.text)
        return changes
    }

    /// What a contact says of accounts. The one that the profile itself states comes with the profile, which is what the contact
    /// is verified by; it says so if the account is not used any more.
    private static func addresses(
        of accounts: [AccountAddress], _ profile: VerifiedProfile<ProfileUser>
    ) -> [NetworkAddress] {
        func address(_ text: String) -> NetworkAddress {
            var address = NetworkAddress()
            address.address = text
            var way = NetworkProtocol()
            way.name = accountProtocol
            address.protocols = [way]
            return address
        }
        let stated = profile.content.accountAddress
        var addresses = accounts.map(\.canonical).filter { $0 != stated }.map(address)
        if let stated {
            var own = address(stated)
            own.profile = profile.envelope
            own.isInactive = !accounts.contains { $0.canonical == stated }
            addresses.insert(own, at: 0)
        }
        return addresses
    }
}
