import MeshCore
import MeshCryptography
import MeshDARE
import MeshPortals
import MeshProfiles

// What a portal is, and accounts coming and going.
extension PortalService {
    func hello(_ request: HelloRequest) async throws -> HelloResponse {
        var response = HelloResponse()
        response.status = .success
        response.version = ProtocolVersion(major: 3, minor: 0, encodings: ["application/json"])
        response.epoch = epoch
        response.profileService = profile.envelope
        response.policyAccount = rules
        response.limits = limits
        response.time = clock.now
        return response
    }

    func validateAccount(_ request: ValidateAccountRequest) async throws -> ValidateAccountResponse {
        var response = ValidateAccountResponse()
        response.status = .success
        response.minimum = rules.minimum
        response.maximum = rules.maximum
        response.invalidCharacters = rules.invalidCharacters
        let address: AccountAddress
        do {
            address = try AccountAddress(request.account)
        } catch {
            response.valid = false
            response.reason = error.message
            return response
        }
        response.reason = objection(to: address)
        if response.reason == nil, try await !isFree(address) {
            response.reason = "The name is taken."
            response.suggestions = try await suggestions(for: address)
        }
        response.valid = response.reason == nil
        return response
    }

    /// Why there cannot be an account of this address here; nil if there can.
    private func objection(to address: AccountAddress) -> String? {
        guard address.domain == domain else { return "This portal has the accounts of \(domain)." }
        if let objection = rules.objection(to: address.name) { return objection }
        // Two spellings of what looks the same, and is the same to Unicode, would be two accounts.
        let isOne = address.name.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.changesWhenNFKCCaseFolded && !scalar.isCombining
        }
        return isOne ? nil : "The name contains a character that can be written in several ways."
    }

    private func isFree(_ address: AccountAddress) async throws -> Bool {
        try await store.record(AccountRecord.key(address.canonical), in: .portal) == nil
    }

    /// Up to three names like this one that are free now.
    private func suggestions(for address: AccountAddress) async throws -> [String] {
        var found: [String] = []
        for ending in ["1", "2", "3", "-mesh", "-1", "-2", "7", "42"] {
            guard let like = try? AccountAddress("\(address.name)\(ending)@\(domain)"), objection(to: like) == nil,
                try await isFree(like)
            else { continue }
            found.append(like.canonical)
            if found.count == 3 { break }
        }
        return found
    }

    func createAccount(_ request: CreateAccountRequest, _ holder: KeyHolder) async throws -> CreateAccountResponse {
        let address = try address(request.account)
        if let objection = objection(to: address) { throw PortalFailure.invalid(objection) }
        let profile = try verifiedProfile(request.profile)
        guard profile.content.administratorSignature == holder.key else { throw PortalFailure.unauthorized }
        try requireOurs(profile, address)
        let runs = try firstRuns(request.updates, of: profile)

        var response = CreateAccountResponse()
        response.status = .success
        if let record = try await store.read(AccountRecord.self, address.canonical, in: .portal) {
            // What was done before its answer was lost is done.
            guard try await isSameAccount(record.content, profile, request.updates) else { throw Self.taken }
            return response
        }
        if try await store.record(OwnerRecord.key(profile.udf.text), in: .portal) != nil {
            throw PortalFailure.conflict("The profile has an account here already.")
        }
        let reservation = try await reserve(profile.udf)
        defer { finished(reservation) }
        do {
            // Nobody else can make it now; somebody may have just before.
            guard try await store.record(OwnerRecord.key(profile.udf.text), in: .portal) == nil else {
                throw PortalStoreError(.conflict, "The profile has an account.")
            }
            try await fill(.account(profile.udf), with: profile, request.profile, runs)
            let now = clock.now
            let record = AccountRecord(
                account: address.display, profile: profile.udf.text, created: now, modified: now)
            try await store.commit(
                [
                    try record.creation(address.canonical),
                    try OwnerRecord(account: address.canonical).creation(profile.udf.text),
                    reservation.removal,
                ], in: .portal)
        } catch let error as PortalStoreError where error.code == .conflict {
            try await giveUp(reservation, profile.udf)
            // Somebody else's, or our own from another connection.
            if let record = try await store.read(AccountRecord.self, address.canonical, in: .portal),
                try await isSameAccount(record.content, profile, request.updates)
            {
                return response
            }
            throw Self.taken
        }
        return response
    }

    private static var taken: PortalFailure { .conflict("The name is taken.") }

    private func isSameAccount(
        _ record: AccountRecord, _ profile: VerifiedProfile<ProfileUser>, _ updates: [ContainerUpdate]
    ) async throws -> Bool {
        guard record.profile == profile.udf.text else { return false }
        for update in updates {
            let frames = try await store.frames(
                of: update.container, from: 0, limit: update.frames.count, octets: limits.signedBody,
                in: .account(profile.udf))
            guard frames == update.frames.map(\.octets) else { return false }
        }
        return true
    }

    /// A profile of somebody else's making, verified.
    func verifiedProfile(_ envelope: DAREEnvelope, as udf: UDF? = nil) throws -> VerifiedProfile<ProfileUser> {
        do {
            return try VerifiedProfile(verifying: envelope.encoded, as: udf)
        } catch {
            throw PortalFailure.invalid("The profile does not verify.", cause: error)
        }
    }

    /// The profile says that its account is that one, at this portal: or that it is one of another portal, and this one is a
    /// further one, which only copies what the first has. That the profile's owner wants the account here is said by who signs
    /// the request.
    func requireOurs(_ profile: VerifiedProfile<ProfileUser>, _ address: AccountAddress) throws {
        guard let stated = profile.content.accountAddress.flatMap({ try? AccountAddress($0) }) else {
            throw PortalFailure.invalid("The profile does not state an address.")
        }
        guard stated.domain == address.domain else { return }
        guard stated == address else { throw PortalFailure.invalid("The profile does not state this address.") }
        guard let service = profile.content.serviceUDF, service == identity.profile.udf else {
            throw PortalFailure.invalid("The profile does not state this portal.")
        }
    }

    /// The containers that an account begins with, verified: the first run of its device catalog is signed by the device
    /// that it adds.
    private func firstRuns(
        _ updates: [ContainerUpdate], of profile: VerifiedProfile<ProfileUser>
    ) throws -> [(store: StoreName, frames: [[UInt8]])] {
        let named = try updates.map { update in
            (store: try storeName(update.container), update: update, frames: update.frames.map(\.octets))
        }
        guard Set(named.map(\.store)).count == named.count, named.count <= Self.mostStores,
            named.allSatisfy({ $0.update.index == 0 && $0.update.digest.octets.isEmpty && !$0.frames.isEmpty }),
            let device = named.first(where: { $0.store == .device })
        else {
            throw PortalFailure.invalid(
                "An account begins with the first frames of containers, the device catalog among them.")
        }
        for update in named { try requireSize(update.frames) }
        var devices = DeviceDirectory(profile)
        _ = try RunRules.verify(device.frames, in: &devices)
        for update in named where update.store != .device {
            _ = try RunRules.verify(update.frames, of: update.store, after: .empty, devices: devices)
        }
        if let most = limits.accountOctets, named.reduce(0, { $0 + $1.frames.octetCount }) > most {
            throw PortalFailure.tooMany("That is more than an account may keep here.")
        }
        return named.map { ($0.store, $0.frames) }
    }

    /// Puts into the partition what an account begins with. What an attempt that died left there goes.
    private func fill(
        _ partition: PortalPartition, with profile: VerifiedProfile<ProfileUser>, _ envelope: DAREEnvelope,
        _ runs: [(store: StoreName, frames: [[UInt8]])]
    ) async throws {
        _ = try await store.remove(partition)
        accounts.forget(profile.udf)
        for run in runs {
            try await note(run.store, in: partition)
            _ = try await store.append(run.frames, to: run.store.containerName, expecting: 0, in: partition)
        }
        let octets = runs.reduce(0) { $0 + $1.frames.octetCount }
        try await store.commit(
            [
                try ProfileRecord(profile: envelope).creation(ProfileRecord.name),
                try UsageRecord(octets: octets).creation(UsageRecord.name),
            ], in: partition)
    }

    func deleteAccount(_ request: DeleteAccountRequest, _ member: AccountMember) async throws -> DeleteAccountResponse {
        let account = member.account
        let udf = account.profile.udf
        let reservation = try await reserve(udf)
        defer { finished(reservation) }
        do {
            var changes = [account.record.removal, .remove(key: OwnerRecord.key(udf.text), expecting: nil)]
            for owned in try await ownedEntries(udf) {
                changes.append(owned.removal)
                changes.append(.remove(key: EntryRecord.key(owned.content.identifier), expecting: nil))
            }
            // From here on the account is gone; what it kept is removed now, or by whoever finds the reservation.
            try await store.commit(changes, in: .portal)
        } catch let error as PortalStoreError where error.code == .conflict {
            try? await store.commit([reservation.removal], in: .portal)
            throw error
        }
        accounts.forget(udf)
        try await giveUp(reservation, udf)
        var response = DeleteAccountResponse()
        response.status = .success
        return response
    }
}

extension Unicode.Scalar {
    /// Whether it is written together with the one before it.
    fileprivate var isCombining: Bool {
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        // The parts of Korean syllables.
        default:
            (0x1100...0x11FF).contains(value) || (0xA960...0xA97F).contains(value) || (0xD7B0...0xD7FF).contains(value)
        }
    }
}

extension [[UInt8]] {
    /// How many octets there are together.
    var octetCount: Int { reduce(0) { $0 + $1.count } }
}
