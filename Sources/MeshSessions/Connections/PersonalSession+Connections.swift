import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// A request for connection that waits for an administrator's decision.
public struct PendingConnection: Sendable {
    /// Whether a PIN proves who asks.
    public enum Proof: Sendable, Equatable {
        /// The request names no PIN: compare the witness.
        case none
        /// The device knows a PIN of the account, which gives these rights.
        case proved([Right])
        /// The request names a PIN, and does not prove to know it; or the PIN is void or too old.
        case refused
    }

    let acknowledgement: VerifiedAcknowledgement
    let pin: SaltedPIN?
    /// What the person at the new device sees: to be compared, all of it. It is made here, from the request itself.
    public var witness: String { acknowledgement.witness }
    /// The device that asks.
    public var device: VerifiedProfile<ProfileDevice> { acknowledgement.request.device }
    /// The identifier of the request.
    public var id: UDF { acknowledgement.request.content.messageID }
    /// Whether a PIN proves who asks.
    public let proof: Proof
}

/// What an administrator decides about a request.
public enum ConnectionDecision: Sendable {
    /// Connect the device, with these rights.
    case accept([Right] = Right.usual)
    /// Do not.
    case reject
}

/// A device of an account.
public struct AccountDevice: Sendable {
    /// The device and its connection, verified.
    public let device: ConnectedDevice
    /// What the person calls it.
    public let name: String?
    /// Whether it is the one by which this machine acts.
    public let isThis: Bool
    /// The fingerprint of the device's profile.
    public var udf: UDF { device.udf }
}

// The administrator's side of connections (guide §6.9, protocol-09 §9).
extension PersonalSession {
    /// The requests for connection that wait, the oldest first. Those that do not verify are left out: nobody can accept them.
    ///
    /// - Throws: ``SessionError`` `notAdministrator`, `noAccount`, `noPortal`; ``PortalError``.
    public func connectPending() async throws -> [PendingConnection] {
        let context = try await context()
        _ = try context.administratorKeys()
        let client = try await context.client(portal)
        var envelopes: [DAREEnvelope] = []
        var page: String?
        repeat {
            let answer = try await client.connectPending(from: page, maximum: nil)
            envelopes += answer.pending ?? []
            page = answer.pageKey
        } while page != nil && envelopes.count < 10_000
        guard let service = client.service else { return [] }
        let acknowledgements = envelopes.compactMap { envelope -> VerifiedAcknowledgement? in
            guard
                let acknowledgement = try? VerifiedAcknowledgement(
                    verifying: envelope, by: service.key, account: profile),
                (try? AccountAddress(acknowledgement.request.content.accountAddress))
                    .map(context.record.addresses.contains) == true
            else { return nil }
            return acknowledgement
        }
        return try await proved(acknowledgements, context, client)
    }

    /// The requests with what their PINs prove now. Another administrator may have handed a PIN out, or used it up: the
    /// account's store of them is received first.
    private func proved(
        _ acknowledgements: [VerifiedAcknowledgement], _ context: AccountContext, _ client: MeshClient
    ) async throws -> [PendingConnection] {
        var pins: [String: (pin: MessagePIN, kept: KeptPIN)] = [:]
        var used: [String: String] = [:]
        if acknowledgements.contains(where: { $0.request.content.pin != nil }) {
            let synchronizer = context.synchronizer(client)
            _ = try await synchronizer.receive([.device, .local], from: try await client.status())
            pins = try await keptPINs(context)
            used = try await synchronizer.usedPINs()
        }
        return acknowledgements.map { acknowledgement in
            let (pin, proof) = prove(acknowledgement.request, pins, used)
            return PendingConnection(acknowledgement: acknowledgement, pin: pin, proof: proof)
        }
    }

    /// Accepts or rejects a request (sessions specification §A3).
    ///
    /// The device is entered in the device catalog, its PIN is used up, and it gets its answer, in one step at the portal. Done
    /// again after an interruption, or because the portal's answer was lost, it ends the same.
    ///
    /// - Returns: what was changed; the same if this device has decided so before.
    /// - Throws: ``SessionError`` `requestClosed` (answered otherwise, or by another administrator, or expired), `pinRefused` (a
    ///   request that names a PIN and does not know it, or whose PIN has connected another device), `notAdministrator`,
    ///   `invalidRight`;
    ///   ``PortalError``, ``PlatformError``.
    public func connectClose(
        _ pending: PendingConnection, _ decision: ConnectionDecision
    ) async throws -> SessionChanges {
        var changes = SessionChanges()
        if case .accept(let rights) = decision { changes.note(try await makeKeys(of: rights)) }
        do {
            switch decision {
            case .reject:
                let context = try await context()
                let (administrator, client) = (try context.administratorKeys(), try await context.client(portal))
                let answer = RespondConnection(rejecting: pending.acknowledgement.request)
                try await complete(pending, answer, administrator, client, updates: nil)
                changes.note(.request, .rejected, pending.device.udf.text)
            case .accept(let rights):
                changes.note(
                    try await administering { context, administrator, synchronizer in
                        try await accept(pending, rights, context, administrator, synchronizer)
                    })
                changes.note(.request, .accepted, pending.device.udf.text)
                changes.note(.device, .created, pending.device.udf.text)
            }
        } catch let error as PortalError where [.expired, .notFound, .conflict].contains(error.code) {
            throw SessionError(
                .requestClosed, "The request for connection is not there any more, or was answered by another device.",
                remedy: "Have the device ask again.", cause: error)
        }
        // A PIN that somebody has only named stays good for who knows it.
        if case .accept = decision, let pin = pending.acknowledgement.request.content.pin {
            changes.note(try await useUp(pin.identifier))
        }
        return changes
    }

    /// Accepts the requests that a PIN proves, with the rights that the PIN was made for, and asks nobody.
    ///
    /// - Returns: what was changed.
    /// - Throws: as ``connectPending()`` and ``connectClose(_:_:)``.
    public func acceptProven() async throws -> SessionChanges {
        var changes = try await removeSpentPINs()
        for listed in try await connectPending() where listed.proof != .none {
            let context = try await context()
            let client = try await context.client(portal)
            // Those before it may have used the PIN up.
            guard let pending = try await proved([listed.acknowledgement], context, client).first else { continue }
            do {
                changes.note(try await answerProven(pending))
            } catch let error as SessionError where error.code == .requestClosed {
                // Another administrator has answered it meanwhile.
            }
        }
        return changes
    }

    private func answerProven(_ pending: PendingConnection) async throws -> SessionChanges {
        var changes = SessionChanges()
        switch pending.proof {
        case .none: break
        case .proved(let rights):
            do {
                changes.note(try await connectClose(pending, .accept(rights)))
            } catch let error as SessionError where error.code == .pinRefused {
                // Another administrator has just accepted another device by the same PIN.
                changes.note(try await connectClose(pending, .reject))
            }
        case .refused:
            if let pin = pending.acknowledgement.request.content.pin {
                changes.note(try await countTry(pin.identifier))
            }
            changes.note(try await connectClose(pending, .reject))
        }
        return changes
    }

    private func complete(
        _ pending: PendingConnection, _ answer: RespondConnection, _ administrator: AdministratorKeys,
        _ client: MeshClient, updates: [ContainerUpdate]?
    ) async throws {
        let signed = try VerifiedAssertion(
            signing: answer, by: administrator.administratorSignature, created: platform.clock.now)
        _ = try await client.connectComplete(
            device: pending.device.udf, responseID: answer.messageID.text, result: signed.envelope, updates: updates)
    }

    private func accept(
        _ listed: PendingConnection, _ rights: [Right], _ context: AccountContext,
        _ administrator: AdministratorKeys, _ synchronizer: Synchronizer
    ) async throws {
        let client = try await context.client(portal)
        let request = listed.acknowledgement.request
        var entry = try DeviceConnector(account: profile, keys: administrator).connect(
            listed.device, rights: rights, at: platform.clock.now, random: platform.random)
        entry.requestID = request.content.messageID.text
        entry.pinID = request.content.pin?.identifier.text
        for attempt in 1... {
            _ = try await synchronizer.receive([.device], from: try await client.status())
            if let kept = try await synchronizer.connection(of: listed.device.udf),
                kept.entry.requestID == entry.requestID
            {
                return try await confirm(kept, listed, rights, context, administrator, client)
            }
            // Other keys than these are no use to the device, if there are newer ones.
            try await synchronizer.working { try context.requireCurrent($0) }
            // What was listed may be true no more: a PIN is good for one device.
            let now = try await proved([listed.acknowledgement], context, client)
            guard let pending = now.first, pending.proof != .refused else {
                throw SessionError(
                    .pinRefused,
                    "The request names a PIN of the account, and does not prove to know one that is still good.",
                    remedy: "Reject it, and hand out a new PIN.")
            }
            let run = try await synchronizer.prepare(.device) { [entry] in _ = try $0.put(entry) }
            let update = ContainerUpdate(
                container: StoreName.device.containerName, index: run.before.count, digest: run.before.digest,
                frames: run.frames)
            do {
                try await complete(
                    pending, try await answer(pending, entry, rights), administrator, client, updates: [update])
            } catch let error as PortalError where error.code == .conflict && attempt < 10 {
                // Another administrator was faster with something else: on top of that, then.
                let now = try await client.status().containers ?? []
                let state = now.first { $0.container == StoreName.device.containerName }
                guard let state, state.index != run.before.count else { throw error }
                continue
            }
            return try await synchronizer.append(run, to: .device)
        }
    }

    /// The answer that accepts a request, with what this device has seen of the account's history.
    private func answer(
        _ pending: PendingConnection, _ entry: CatalogedDevice, _ rights: [Right]
    ) async throws -> RespondConnection {
        // Of stores that the device may not read it does not hear.
        let history = try await historyStatement { $0.right.map(rights.give) ?? true }
        return RespondConnection(
            accepting: pending.acknowledgement.request, entry: entry, account: udf, history: history.envelope.value,
            pin: pending.pin)
    }

    /// Goes on where the device has been connected by this very request: the answer to this device was lost, or the portal was
    /// interrupted before it had noted the device's answer.
    ///
    /// - Throws: ``SessionError`` `requestClosed` if somebody else, or somebody with other rights in mind, has done it.
    private func confirm(
        _ kept: KeptConnection, _ listed: PendingConnection, _ rights: [Right], _ context: AccountContext,
        _ administrator: AdministratorKeys, _ client: MeshClient
    ) async throws {
        let connected = try ConnectedDevice(verifying: kept.entry, of: profile)
        guard Set(connected.rights) == Set(rights) else {
            throw SessionError(
                .requestClosed, "The request for connection was accepted already, with other rights.",
                remedy: "Look at the devices of the account.")
        }
        let pending = try await proved([listed.acknowledgement], context, client).first ?? listed
        do {
            try await complete(
                pending, try await answer(pending, kept.entry, rights), administrator, client,
                updates: [kept.run.update])
        } catch let error as PortalError where [.conflict, .notFound, .expired].contains(error.code) {
            // The device's answer is there, or was: with this device's frames, it is this device's.
            guard kept.run.signer == context.keys.signature.publicKey.udf.text else { throw error }
        }
    }

    // MARK: PINs

    /// Makes a PIN for one device, good for a quarter of an hour at most.
    ///
    /// The account keeps it, sealed, and synchronises it, so that any of its administrators can accept who knows it.
    ///
    /// - Parameters:
    ///   - rights: what the device may do that is connected by it.
    ///   - lifetime: how long it is good; ``ConnectionPIN/lifetime`` at most.
    /// - Throws: ``SessionError`` `notAdministrator`, `noAccount`, `invalidRight`; ``PortalError``.
    public func makePIN(
        rights: [Right] = Right.usual, lifetime: Duration = ConnectionPIN.lifetime
    ) async throws -> ConnectionPIN {
        try await keep(
            SharedSecret(SaltedPIN.makePIN(from: platform.random)), rights, min(lifetime, ConnectionPIN.lifetime))
    }

    /// Keeps a PIN, and the claim of the device that it is for, if there is one.
    func keep(
        _ pin: SharedSecret, _ rights: [Right], _ lifetime: Duration, claim: DAREEnvelope? = nil
    ) async throws -> ConnectionPIN {
        try Self.check(rights)
        let context = try await context()
        let administrator = try context.administratorKeys()
        guard let address = context.record.address else { throw SessionError(.noAccount, "There is no account.") }
        let now = platform.clock.now
        let expires = Timestamp(secondsSince1970: now.secondsSince1970 + max(1, lifetime.components.seconds))
        let message = MessagePIN(
            pin: try SaltedPIN(pin: pin.bytes, action: ConnectionPIN.action), account: address.canonical,
            action: ConnectionPIN.action, expires: expires, isAutomatic: true)
        let sealed = try message.sealed(
            to: administrator.accountEncryption.publicKey, by: administrator.administratorSignature, created: now,
            random: platform.random)
        let store = AccountStore(.local, keys: context.storeKeys, platform: platform)
        try await store.add(KeptPIN(message.identifier, sealed, rights: rights, claim: claim))
        _ = try await sync()
        return ConnectionPIN(pin: pin, identifier: message.identifier, expires: expires)
    }

    /// The PINs of the account, by their identifiers.
    private func keptPINs(_ context: AccountContext) async throws -> [String: (pin: MessagePIN, kept: KeptPIN)] {
        let administrator = try context.administratorKeys()
        let store = AccountStore(.local, keys: context.storeKeys, platform: platform)
        var pins: [String: (pin: MessagePIN, kept: KeptPIN)] = [:]
        for kept in try await store.entries(of: KeptPIN.self) {
            guard let envelope = kept.message,
                let pin = try? MessagePIN(
                    opening: envelope, with: administrator.accountEncryption,
                    signedBy: administrator.administratorSignature.publicKey)
            else { continue }
            pins[pin.identifier.text] = (pin, kept)
        }
        return pins
    }

    /// - Parameter used: the PINs that have connected a device, with the request of each.
    private func prove(
        _ request: VerifiedConnectionRequest, _ pins: [String: (pin: MessagePIN, kept: KeptPIN)],
        _ used: [String: String]
    ) -> (SaltedPIN?, PendingConnection.Proof) {
        guard let stated = request.content.pin else { return (nil, .none) }
        guard let (pin, kept) = pins[stated.identifier.text], pin.action == ConnectionPIN.action,
            kept.tries < ConnectionPIN.maximumTries, platform.clock.now <= pin.expires,
            used[pin.identifier.text].map({ $0 == request.content.messageID.text }) ?? true,
            request.isProved(by: pin.saltedPIN)
        else { return (nil, .refused) }
        return (pin.saltedPIN, .proved(kept.rights))
    }

    /// Takes away a PIN that was used: it is good for one device.
    private func useUp(_ identifier: UDF) async throws -> SessionChanges {
        let store = try await store(.local)
        guard try await store.find(identifier.text) != nil else { return SessionChanges() }
        try await store.delete(identifier.text, from: nil)
        _ = try await sync()
        return SessionChanges([.init(.pin, .removed, identifier.text)])
    }

    /// Takes away the PINs that are good no more: used up by an administrator that could not say so, or too old.
    private func removeSpentPINs() async throws -> SessionChanges {
        let context = try await context()
        let pins = try await keptPINs(context)
        var changes = SessionChanges()
        guard !pins.isEmpty else { return changes }
        let client = try await context.client(portal)
        let synchronizer = context.synchronizer(client)
        _ = try await synchronizer.receive([.device, .local], from: try await client.status())
        let used = try await synchronizer.usedPINs()
        let store = try await store(.local)
        for (name, pin) in try await keptPINs(context).sorted(by: { $0.key < $1.key })
        where used[name] != nil || pin.pin.expires < platform.clock.now {
            try await store.delete(name, from: nil)
            changes.note(.pin, .removed, name)
        }
        if !changes.isEmpty { _ = try await sync() }
        return changes
    }

    /// Counts a request that named a PIN and did not know it.
    private func countTry(_ identifier: UDF) async throws -> SessionChanges {
        let store = try await store(.local)
        guard var kept = try await store.find(identifier.text, as: KeptPIN.self) else { return SessionChanges() }
        kept.tries += 1
        try await store.update(kept, from: nil)
        _ = try await sync()
        return SessionChanges([.init(.pin, .updated, identifier.text)])
    }

    // MARK: Devices

    /// The devices of the account, ordered by fingerprint, as this machine knows them.
    ///
    /// - Throws: as ``store(_:)``.
    public func connectedDevices() async throws -> [AccountDevice] {
        let context = try await context()
        let store = AccountStore(.device, keys: context.storeKeys, platform: platform)
        var devices: [AccountDevice] = []
        for entry in try await store.entries(of: CatalogedDevice.self) {
            guard let device = try? ConnectedDevice(verifying: entry, of: profile) else { continue }
            devices.append(
                AccountDevice(device: device, name: entry.localName, isThis: device.udf == context.record.device))
        }
        return devices.sorted { $0.udf.text < $1.udf.text }
    }

    /// Gives a device of the account a name, on all devices.
    ///
    /// - Throws: ``SessionError`` `notAdministrator`; ``CatalogError`` `notFound`; as ``sync(progress:)``.
    public func rename(_ device: UDF, to name: String) async throws -> SessionChanges {
        let context = try await context()
        _ = try context.administratorKeys()
        let store = AccountStore(.device, keys: context.storeKeys, platform: platform)
        guard let found = try await store.find(device.text) else {
            throw CatalogError(.notFound, "The account has no device \(device).")
        }
        var entry = try found.decoded(as: CatalogedDevice.self)
        entry.content["LocalName"] = .string(name)
        try await store.update(entry, from: found.version)
        _ = try await sync()
        return SessionChanges([.init(.device, .updated, device.text)])
    }
}
