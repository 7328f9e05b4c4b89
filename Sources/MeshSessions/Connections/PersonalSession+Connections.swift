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
    case accept([Right] = [.member])
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
        if acknowledgements.contains(where: { $0.request.content.pin != nil }) {
            _ = try await context.synchronizer(client).receive([.local], from: try await client.status())
            pins = try await keptPINs(context)
        }
        return acknowledgements.map { acknowledgement in
            let (pin, proof) = prove(acknowledgement.request, pins)
            return PendingConnection(acknowledgement: acknowledgement, pin: pin, proof: proof)
        }
    }

    /// Accepts or rejects a request (sessions specification §A3).
    ///
    /// The device is entered in the device catalog and gets its answer in one step at the portal. Done again after an
    /// interruption, it ends the same.
    ///
    /// - Returns: what was changed.
    /// - Throws: ``SessionError`` `requestClosed` (answered by another administrator, or expired), `pinRefused` (a request that
    ///   names a PIN and does not know it), `notAdministrator`; ``PortalError``, ``PlatformError``.
    public func connectClose(
        _ pending: PendingConnection, _ decision: ConnectionDecision
    ) async throws -> SessionChanges {
        let context = try await context()
        let administrator = try context.administratorKeys()
        let client = try await context.client(portal)
        var changes = SessionChanges()
        do {
            switch decision {
            case .reject:
                let answer = RespondConnection(rejecting: pending.acknowledgement.request)
                try await complete(pending, answer, administrator, client, updates: nil)
                changes.note(.request, .rejected, pending.device.udf.text)
            case .accept(let rights):
                // What was listed may be true no more: a PIN is good for one device.
                let now = try await proved([pending.acknowledgement], context, client)
                guard let pending = now.first, pending.proof != .refused else {
                    throw SessionError(
                        .pinRefused, "The request names a PIN of the account, and does not prove to know it.",
                        remedy: "Reject it, and hand out a new PIN.")
                }
                try await accept(pending, rights, context, administrator, client)
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
        var changes = SessionChanges()
        for listed in try await connectPending() where listed.proof != .none {
            let context = try await context()
            let client = try await context.client(portal)
            // Those before it may have used the PIN up.
            guard let pending = try await proved([listed.acknowledgement], context, client).first else { continue }
            switch pending.proof {
            case .proved(let rights): changes.note(try await connectClose(pending, .accept(rights)))
            case .refused:
                if let pin = pending.acknowledgement.request.content.pin {
                    changes.note(try await countTry(pin.identifier))
                }
                changes.note(try await connectClose(pending, .reject))
            case .none: continue
            }
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
        _ pending: PendingConnection, _ rights: [Right], _ context: AccountContext,
        _ administrator: AdministratorKeys, _ client: MeshClient
    ) async throws {
        let entry = try DeviceConnector(account: profile, keys: administrator).connect(
            pending.device, rights: rights, at: platform.clock.now, random: platform.random)
        let synchronizer = context.synchronizer(client)
        for attempt in 1... {
            _ = try await synchronizer.receive([.device], from: try await client.status())
            let history = try await historyStatement().envelope.value
            let answer = RespondConnection(
                accepting: pending.acknowledgement.request, entry: entry, account: udf, history: history,
                pin: pending.pin)
            let run = try await synchronizer.prepare(.device) { transaction in _ = try transaction.put(entry) }
            do {
                try await complete(
                    pending, answer, administrator, client,
                    updates: [
                        ContainerUpdate(
                            container: StoreName.device.containerName, index: run.before.count,
                            digest: run.before.digest, frames: run.frames)
                    ])
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

    // MARK: PINs

    /// Makes a PIN for one device, good for a quarter of an hour at most.
    ///
    /// The account keeps it, sealed, and synchronises it, so that any of its administrators can accept who knows it.
    ///
    /// - Parameter rights: what the device may do that is connected by it.
    /// - Throws: ``SessionError`` `notAdministrator`, `noAccount`; ``PortalError``.
    public func makePIN(
        rights: [Right] = [.member], lifetime: Duration = ConnectionPIN.lifetime
    ) async throws -> ConnectionPIN {
        try await keep(SharedSecret(SaltedPIN.makePIN(from: platform.random)), rights, lifetime)
    }

    /// Keeps a PIN, and the claim of the device that it is for, if there is one.
    func keep(
        _ pin: SharedSecret, _ rights: [Right], _ lifetime: Duration, claim: DAREEnvelope? = nil
    ) async throws -> ConnectionPIN {
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

    private func prove(
        _ request: VerifiedConnectionRequest, _ pins: [String: (pin: MessagePIN, kept: KeptPIN)]
    ) -> (SaltedPIN?, PendingConnection.Proof) {
        guard let stated = request.content.pin else { return (nil, .none) }
        guard let (pin, kept) = pins[stated.identifier.text], pin.action == ConnectionPIN.action,
            kept.tries < ConnectionPIN.maximumTries, platform.clock.now <= pin.expires,
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
