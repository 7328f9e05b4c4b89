import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles

// What an account publishes: its profile, and sealed entries under identifiers that only who may open them can compute.
extension PortalService {
    /// The most entries an account may publish.
    static let mostEntries = 64
    /// The most octets of an entry, in JSON.
    static let mostEntryOctets = 64 << 10

    func get(_ request: GetRequest) async throws -> GetResponse {
        var response = GetResponse()
        if let text = request.account {
            guard request.identifier == nil else {
                throw PortalFailure.badRequest("An account is asked for, or an identifier, but not both.")
            }
            guard let address = try? AccountAddress(text), let account = try await account(address) else {
                throw PortalFailure.notFound
            }
            response.entries = [account.profile.envelope]
        } else if let text = request.identifier {
            guard let udf = UDF(text), let entry = try await published(udf) else { throw PortalFailure.notFound }
            response.entries = [entry]
        } else {
            throw PortalFailure.badRequest("Neither an account nor an identifier is asked for.")
        }
        response.status = .success
        return response
    }

    /// The escrow entry of that identifier, or the profile of that fingerprint.
    private func published(_ identifier: UDF) async throws -> DAREEnvelope? {
        if let entry = try await store.read(EntryRecord.self, identifier.text, in: .portal) {
            return entry.content.entry
        }
        guard let owner = try await store.read(OwnerRecord.self, identifier.text, in: .portal),
            let address = try? AccountAddress(owner.content.account), let account = try await account(address)
        else { return nil }
        return account.profile.envelope
    }

    func publish(_ request: PublishRequest, _ publisher: Publisher) async throws -> PublishResponse {
        var response = PublishResponse()
        switch (publisher, request.identifier) {
        case (.administrator(let member), let identifier?):
            response.status = try await publish(
                request.entry, as: identifier, for: member.account, replacing: request.replacing ?? false)
        case (.administrator(let member), nil):
            response.status = try await publish(profile: request.entry, for: member.account)
        case (.recovery(let account, let key), nil):
            // Only the holder of the profile's own key can have signed it.
            guard let profile = try? verifiedProfile(request.entry, as: account.profile.udf),
                profile.content.recoveryKeys.contains(key), account.devices.formerKey(key.udf) == nil
            else { throw PortalFailure.unauthorized }
            response.status = try await publish(profile: request.entry, for: account)
        case (.recovery, _?): throw PortalFailure.unauthorized
        }
        return response
    }

    private func publish(profile envelope: DAREEnvelope, for account: PortalAccount) async throws -> PortalStatus {
        let new = try verifiedProfile(envelope, as: account.profile.udf)
        try requireOurs(new, account.address)
        guard new.signed != account.profile.signed else { return .success }
        guard let updated = new.content.updated, account.profile.content.updated.map({ updated > $0 }) ?? true
        else {
            throw PortalFailure.conflict("The portal has a profile that is as new, or newer.")
        }
        guard new.content.administratorSignature == account.profile.content.administratorSignature else {
            throw PortalFailure.invalid(
                "The profile has another administration key: no device would be connected any more.")
        }
        try await store.commit(
            [
                try Versioned(
                    content: ProfileRecord(profile: account.profile.envelope),
                    key: ProfileRecord.key(ProfileRecord.name), version: account.profileVersion
                ).put(ProfileRecord(profile: new.envelope))
            ], in: account.partition)
        return .updated
    }

    private func publish(
        _ entry: DAREEnvelope, as text: String, for account: PortalAccount, replacing: Bool
    ) async throws -> PortalStatus {
        guard let identifier = UDF(text), !identifier.type.isSecret, identifier.matches(identifier) else {
            throw PortalFailure.invalid("The identifier of an entry is a fingerprint of 100 bits or more.")
        }
        guard entry.encoded.count <= Self.mostEntryOctets else {
            throw PortalFailure.tooLarge("An entry has at most \(Self.mostEntryOctets) octets.")
        }
        guard (try? entry.members.encryption).map({ $0 != EncryptionAlgorithm.none }) == true else {
            throw PortalFailure.invalid("An entry that is published has to be sealed.")
        }
        let udf = account.profile.udf
        let record = EntryRecord(profile: udf.text, entry: entry)
        // The account's record is written too, so that what is published to an account that is removed meanwhile, or by two
        // at a time beyond the number, is not.
        var touched = account.record.content
        touched.modified = clock.now
        var changes = [try account.record.put(touched)]
        let owned = try await ownedEntries(udf)
        let others = replacing ? owned.filter { $0.content.identifier != identifier.text } : []
        for other in others {
            changes.append(other.removal)
            changes.append(.remove(key: EntryRecord.key(other.content.identifier), expecting: nil))
        }
        let old = try await store.read(EntryRecord.self, identifier.text, in: .portal)
        if let old {
            guard old.content.profile == udf.text else { throw PortalFailure.conflict("The identifier is taken.") }
            guard old.content.entry.encoded != entry.encoded || !others.isEmpty else { return .success }
            changes.append(try old.put(record))
        } else {
            guard owned.count - others.count < Self.mostEntries else {
                throw PortalFailure.tooMany("An account publishes at most \(Self.mostEntries) entries.")
            }
            changes.append(try record.creation(identifier.text))
            changes.append(
                try OwnedEntryRecord(identifier: identifier.text).creation("\(udf.text)/\(identifier.text)"))
        }
        try await store.commit(changes, in: .portal)
        return old == nil ? .success : .updated
    }

    /// The identifiers of what an account has published, in order.
    func ownedEntries(
        _ profile: UDF, after: String? = nil, limit: Int = PortalService.mostEntries
    ) async throws -> [Versioned<OwnedEntryRecord>] {
        try await store.list(
            OwnedEntryRecord.self, "\(profile.text)/",
            after: after.map { OwnedEntryRecord.key("\(profile.text)/\($0)") }, limit: limit, in: .portal)
    }
}
