import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// Whether an account of a name could be made (guide §6.4).
public struct AccountValidation: Sendable, Equatable {
    /// The address, as it was asked about.
    public let address: AccountAddress
    /// Whether it could be made now. Someone else may still be faster.
    public let isValid: Bool
    /// Why not, in words.
    public let reason: String?
    /// Names like it that are free.
    public let suggestions: [String]
    /// The rules for names.
    public let rules: AccountNameRules
}

extension MeshSession {
    /// Asks the portal whether an account called `address` could be made.
    ///
    /// - Throws: ``PortalError`` `invalidAddress`, `unreachable` and others; ``SessionError`` `noPortal`.
    public func validate(_ address: String, languages: [String] = ["en"]) async throws -> AccountValidation {
        let address = try AccountAddress(address)
        let answer = try await access.client(for: address).validate(languages: languages)
        var rules = AccountNameRules()
        if let minimum = answer.minimum { rules.minimum = minimum }
        if let maximum = answer.maximum { rules.maximum = maximum }
        if let characters = answer.invalidCharacters { rules.invalidCharacters = characters }
        // What does not say that it is valid is not.
        return AccountValidation(
            address: address, isValid: answer.valid ?? false, reason: answer.reason,
            suggestions: answer.suggestions ?? [], rules: rules)
    }

    /// Makes an account at a portal for a personal profile, and this machine's device its first device (guide §6.5).
    ///
    /// The portal is asked first; only when it has the account is anything of it kept here. Interrupted anywhere, it is finished
    /// by the next ``finishInterrupted()`` if the portal has the account, and otherwise by calling this again, with the same
    /// profile.
    ///
    /// A profile whose last account was given up gets everything back that it had there: the portal is sent the copies that are
    /// here, and its other devices go on with the new account, if it has an address that they know.
    ///
    /// - Parameters:
    ///   - personal: the profile; nil: the one that is meant for this address and never had an account, or a new one.
    ///   - name: a name for a new profile.
    ///   - device: the device; nil: the default device, which is made if there is none.
    /// - Throws: ``PortalError`` `accountExists`, `invalidName`, `invalidAddress` and others; ``SessionError``
    ///   `alreadyConnected`, `noPortal`, `keyMissing`; ``PlatformError``.
    public func createAccount(
        _ address: String, for personal: PersonalSession? = nil, name: String? = nil, device: DeviceRegistration? = nil
    ) async throws -> PersonalSession {
        let address = try AccountAddress(address)
        _ = try await finishInterrupted()
        if let personal, let record = try await AccountRecords(platform: platform).record(of: personal.udf),
            let known = record.address
        {
            throw SessionError(
                .alreadyConnected, "The profile \(personal.udf) has the account \(known) already.",
                remedy: "Register it at a further portal, if that is what you want. If it was given up by another "
                    + "device, deregister it here, too.")
        }
        // Asked before anything is made, so that a name that cannot be leaves nothing behind.
        let validation = try await validate(address.display)
        guard validation.isValid else { throw Self.refusal(validation) }
        let owner: PersonalSession
        if let personal {
            owner = personal
        } else if let meant = try await profile(meantFor: address, name: name) {
            owner = meant
        } else {
            owner = try await createPersonalProfile(name: name, account: address.canonical, device: device)
        }
        let registration: DeviceRegistration
        if let device {
            registration = device
        } else if let known = try await AccountRecords(platform: platform).record(of: owner.udf)?.device {
            registration = try await self.device(known.text)
        } else {
            registration = try await defaultDevice()
        }
        try await register(owner, at: address, device: registration)
        let made = try await personalSession(owner.udf.text)
        try await made.sendOwnContact()
        return made
    }

    /// The profile that was made for an account of that address, and never had one: its making was interrupted.
    private func profile(meantFor address: AccountAddress, name: String?) async throws -> PersonalSession? {
        for entry in try await keeper.directory.entries(kind: .personal)
        where entry.stage == nil && entry.portals.isEmpty && (name == nil || entry.name == nil || name == entry.name) {
            guard let profile = try? await keeper.verified(ProfileUser.self, of: entry.profile),
                profile.content.serviceUDF == nil,
                profile.content.accountAddress.flatMap({ try? AccountAddress($0) }) == address,
                try await AccountRecords(platform: platform).record(of: entry.profile) == nil,
                try await keeper.holdsKey(of: entry.profile)
            else { continue }
            if let name { try await keeper.directory.complete(entry.profile, kind: .personal, name: name) }
            return PersonalSession(platform: platform, portal: portal, profile: profile)
        }
        return nil
    }

    private static func refusal(_ validation: AccountValidation) -> PortalError {
        let free = validation.suggestions.prefix(3).joined(separator: ", ")
        return PortalError(
            validation.rules.objection(to: validation.address.name) == nil ? .accountExists : .invalidName,
            "There cannot be an account \(validation.address): \(validation.reason ?? "the portal does not say why.")",
            remedy: free.isEmpty ? "Choose another name." : "Choose another name; free are \(free).")
    }

    /// Makes the account at the portal, then keeps it here.
    private func register(
        _ owner: PersonalSession, at address: AccountAddress, device: DeviceRegistration
    ) async throws {
        let (seed, _) = try await keeper.seed(ProfileUser.self, of: owner.udf)
        let directory = ProfileDirectory(platform.registry)
        try await directory.setRegistering(address.canonical, for: owner.udf)
        do {
            let (profile, entry) = try await request(owner, at: address, device: device, seed: seed)
            _ = try await AccountAttachment(platform: platform, portal: portal).attach(
                device, as: entry, to: profile, seed: seed, at: address)
        } catch let error as PortalError where Self.isRefusal(error) {
            try? await directory.setRegistering(nil, for: owner.udf)
            throw error
        }
    }

    /// Whether the portal has certainly not made the account. Where that is not certain, the mark stays, and it is looked up
    /// before anything else is made.
    static func isRefusal(_ error: PortalError) -> Bool {
        let refusals: [PortalError.Code] = [
            .accountExists, .invalidName, .rejected, .unauthorized, .wrongClock, .tooLarge, .serviceChanged,
            .invalidAddress,
        ]
        return refusals.contains(error.code)
    }

    /// Sends the request for the account. If the portal has it already and it is this profile's, an earlier request's answer
    /// was lost.
    private func request(
        _ owner: PersonalSession, at address: AccountAddress, device: DeviceRegistration, seed: SecretSeed
    ) async throws -> (profile: VerifiedProfile<ProfileUser>, entry: CatalogedDevice?) {
        var administrator = try AdministratorKeys(seed: seed)
        administrator.groups = try GroupKey.first(from: platform.random)
        let client = try await access.client(for: address, signer: administrator.administratorSignature)
        if let present = try await published(client, as: owner.udf) { return (present, nil) }
        guard let service = client.service else {
            throw PortalError(.unauthenticated, "The portal \(address.domain) has not said what it is.")
        }
        let old = owner.profile.content
        let now =
            old.updated.map { max(platform.clock.now, Timestamp(secondsSince1970: $0.secondsSince1970 + 1)) }
            ?? platform.clock.now
        let former = try await formerEntry(of: owner)
        let content = try ProfileUser(
            seed: seed, accountAddress: address.canonical, serviceUDF: service.udf,
            recoveryKeys: old.recoveryKeys + (former.map { [$0.key] } ?? []).filter { !old.recoveryKeys.contains($0) },
            updated: now)
        let profile = try VerifiedProfile(signing: content, seed: seed, created: now)
        if let first = try await firstRun(of: profile.udf) {
            try await client.createAccount(profile: profile.envelope, updates: [first])
            return (profile, former?.entry)
        }
        let entry = try DeviceConnector(account: profile, keys: administrator).connect(
            device.profile, rights: [.administrator], at: now, random: platform.random)
        // The first run of the device catalog is signed by the device that it adds.
        let (deviceSeed, _) = try await keeper.seed(ProfileDevice.self, of: device.udf)
        let storeKeys = StoreKeys(try AccountKeys(opening: entry, of: profile, seed: deviceSeed), of: profile)
        let kept = try administrator.groups.map { key in
            try KeptGroupKey.entry(
                for: key, readers: [profile.content.escrowEncryption], signedBy: administrator.administratorSignature,
                at: now, random: platform.random)
        }
        try await client.createAccount(
            profile: profile.envelope,
            updates: [
                try first(.device, storeKeys) { try $0.add(entry) },
                try first(.access, storeKeys) { transaction in for key in kept { try transaction.add(key) } },
            ])
        return (profile, entry)
    }

    /// The first run of a store.
    private func first(
        _ store: StoreName, _ keys: StoreKeys, _ body: (inout CatalogTransaction) throws -> Void
    ) throws -> ContainerUpdate {
        let run = try Catalog.prepareRun(
            new: store.fileName, options: keys.options(store, on: platform),
            signedBy: RunSigner(keys.scope(store), key: keys.signature), body)
        return ContainerUpdate(container: store.containerName, index: 0, digest: [], frames: run.frames.frames)
    }

    /// The entry of this machine's device in an account that the profile had before, and the key by which it signed there: the
    /// portal of the new account hears of the device by the profile, until it has the device catalog.
    private func formerEntry(
        of owner: PersonalSession
    ) async throws -> (entry: CatalogedDevice, key: PublicKey)? {
        guard let record = try await AccountRecords(platform: platform).record(of: owner.udf) else { return nil }
        let (seed, _) = try await keeper.seed(ProfileDevice.self, of: record.device)
        guard let keys = try? AccountKeys(opening: record.entry, of: owner.profile, seed: seed),
            keys.administratorSignature != nil
        else { return nil }
        return (record.entry, keys.signature.publicKey)
    }

    /// The first run of the device catalog, if the profile had an account before: the new one goes on with what is here.
    private func firstRun(of profile: UDF) async throws -> ContainerUpdate? {
        guard try await AccountRecords(platform: platform).record(of: profile) != nil else { return nil }
        let platform = platform
        return try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let directory = try OpenedStore.directory(of: profile, on: platform)
            return try DARESequence.open(StoreName.device.fileName, in: directory, wholeRuns: true).flatMap {
                try KeptRun.with(0, of: .device, in: $0)?.update
            }
        }
    }

    /// The profile behind the client's account, if it is that of `udf`; nil if there is no account.
    ///
    /// - Throws: ``PortalError`` `accountExists` if it is somebody else's.
    func published(_ client: MeshClient, as udf: UDF) async throws -> VerifiedProfile<ProfileUser>? {
        guard let envelope = try await client.profile() else { return nil }
        let profile = try VerifiedProfile<ProfileUser>(verifying: envelope)
        guard profile.udf == udf else {
            throw PortalError(
                .accountExists, "The account \(client.account) belongs to another profile, \(profile.udf).",
                remedy: "Choose another name.")
        }
        return profile
    }

    /// Finishes or undoes the making of accounts that was interrupted. Whatever needs a portal that cannot be reached now
    /// waits for the next time.
    func finishRegistering() async throws -> [UDF] {
        var finished: [UDF] = []
        for entry in try await keeper.directory.entries(kind: .personal) where entry.stage == nil {
            guard let text = entry.registering, portal != nil, let address = try? AccountAddress(text) else { continue }
            do {
                let client = try await access.client(for: address)
                let (seed, _) = try await keeper.seed(ProfileUser.self, of: entry.profile)
                if let profile = try await published(client, as: entry.profile) {
                    let device: DeviceRegistration
                    if let known = entry.device {
                        device = try await self.device(known.text)
                    } else {
                        device = try await defaultDevice()
                    }
                    _ = try await AccountAttachment(platform: platform, portal: portal).attach(
                        device, as: nil, to: profile, seed: seed, at: address)
                    try await personalSession(entry.profile.text).sendOwnContact()
                } else {
                    try await keeper.directory.setRegistering(nil, for: entry.profile)
                }
                finished.append(entry.profile)
            } catch let error as PortalError where error.code == .accountExists {
                try await keeper.directory.setRegistering(nil, for: entry.profile)
                finished.append(entry.profile)
            } catch let error as SessionError where error.code == .keyMissing {
                // Without the key of the profile or of the device it can never be finished.
                try await keeper.directory.setRegistering(nil, for: entry.profile)
                finished.append(entry.profile)
            } catch  where error is PortalError || error is ProfileError {
                // Whatever else is wrong at the portal hinders nothing here, and is told to who asks for the account again.
                continue
            }
        }
        return finished
    }
}
