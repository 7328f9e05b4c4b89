import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshPortals
import MeshProfiles

// The new device's side of a connection (guide §6.9, protocol-09 §9).
extension MeshSession {
    /// Asks for a device of this machine to be connected to an account.
    ///
    /// The request is kept, so that ``awaitConnection(_:polling:)`` can go on in another process. What the two people have to
    /// compare is ``ConnectionRequest/witness``; with a PIN, the PIN proves each side to the other, and nothing is compared.
    ///
    /// - Parameters:
    ///   - device: the device; nil: the default device, which is made if there is none.
    ///   - address: the account.
    ///   - expected: the fingerprint that the account's profile must have, if it is known.
    ///   - pin: the PIN (`A…`) that an administrator has handed out.
    /// - Throws: ``PortalError`` `notFound` (no such account), `overloaded` (too many requests wait there), and others;
    ///   ``SessionError`` `noPortal`, `alreadyConnected`, `connectionForged`; `UDFError` for a text that is no PIN;
    ///   ``PlatformError``.
    public func connect(
        _ device: DeviceRegistration? = nil, to address: String, expecting expected: UDF? = nil,
        pin: SharedSecret? = nil
    ) async throws -> ConnectionRequest {
        let address = try AccountAddress(address)
        let salted = try pin.map { try SaltedPIN(pin: $0.bytes, action: ConnectionPIN.action) }
        _ = try await finishInterrupted()
        let registration: DeviceRegistration
        if let device { registration = device } else { registration = try await defaultDevice() }
        // Asked before anything is sent, so that no request is left behind that nobody waits for.
        try await requireUnconnected(registration.udf, at: address)
        let (seed, _) = try await keeper.seed(ProfileDevice.self, of: registration.udf)
        let key = try ProfileDevice.key(.sign, from: seed)
        let client = try await access.client(for: address, signer: key)
        let now = platform.clock.now
        let content = try RequestConnection(
            account: address.canonical, device: registration.profile, pin: salted, random: platform.random)
        let request = try VerifiedConnectionRequest(signing: content, seed: seed, created: now)
        let answer = try await client.connectStart(request.message.envelope)
        let pending = try await pending(
            answer, to: request, address: address, expecting: expected, service: client.service, made: now,
            sealedPIN: try salted.map { pin in
                try MessagePIN(
                    pin: pin, account: address.canonical, action: ConnectionPIN.action, expires: now, isAutomatic: false
                ).sealed(
                    to: registration.profile.content.baseEncryption, by: key, created: now, random: platform.random)
            })
        try await access.remember(client)
        try await AccountRecords(platform: platform).put(pending.machine)
        return pending
    }

    private func requireUnconnected(_ device: UDF, at address: AccountAddress) async throws {
        let records = AccountRecords(platform: platform)
        for machine in try await records.machines(.standard) where machine.deviceUDF == device.text {
            guard let profile = machine.id.flatMap({ UDF($0) }),
                try await records.record(of: profile)?.addresses.contains(address) == true
            else { continue }
            throw Self.alreadyConnected(address)
        }
    }

    private static func alreadyConnected(_ address: AccountAddress) -> SessionError {
        SessionError(
            .alreadyConnected, "This device is connected to \(address) already.",
            remedy: "If it was removed from the account, delete the profile here first.")
    }

    /// Verifies what the portal answered.
    private func pending(
        _ answer: ConnectStartResponse, to request: VerifiedConnectionRequest, address: AccountAddress,
        expecting expected: UDF?, service: ServiceIdentity?, made: Timestamp, sealedPIN: DAREEnvelope?
    ) async throws -> ConnectionRequest {
        guard let service, let envelope = answer.profile, let acknowledgement = answer.acknowledgement else {
            throw SessionError(.connectionForged, "The portal's answer lacks the account's profile, or its own word.")
        }
        let (profile, verified) = try Self.verified(acknowledgement, envelope, by: service)
        if let expected, !profile.udf.matches(expected) {
            throw SessionError(
                .connectionForged, "The account \(address) belongs to the profile \(profile.udf), not to \(expected).",
                remedy: "Check the address. If it is right, do not connect.")
        }
        if let record = try await AccountRecords(platform: platform).record(of: profile.udf),
            record.device == request.device.udf
        {
            throw Self.alreadyConnected(address)
        }
        guard verified.request.message.envelope.encoded == request.message.envelope.encoded else {
            throw SessionError(.connectionForged, "The portal acknowledges another request than the one that was made.")
        }
        return ConnectionRequest(
            acknowledgement: verified, account: address, profile: profile, made: made, sealedPIN: sealedPIN)
    }

    private static func verified(
        _ acknowledgement: DAREEnvelope, _ profile: DAREEnvelope, by service: ServiceIdentity
    ) throws(SessionError) -> (VerifiedProfile<ProfileUser>, VerifiedAcknowledgement) {
        do {
            let account = try VerifiedProfile<ProfileUser>(verifying: profile)
            return (account, try VerifiedAcknowledgement(verifying: acknowledgement, by: service.key, account: account))
        } catch {
            throw SessionError(
                .connectionForged, "What the portal shows of the account does not belong together, or does not verify.",
                remedy: "Do not go on with this portal until you know why.", cause: error)
        }
    }

    /// The requests for connection that were made on this machine and not answered yet, the oldest first.
    public func connectionRequests() async throws -> [ConnectionRequest] {
        try await AccountRecords(platform: platform).machines(.pending).compactMap { ConnectionRequest($0) }
    }

    /// Forgets a request for connection. The portal lets go of it by itself.
    public func abandon(_ request: ConnectionRequest) async throws {
        _ = try await AccountRecords(platform: platform).removeMachine(id: request.id.text)
    }

    /// Waits until an administrator has answered.
    ///
    /// - Parameter polling: how often to ask, and how long. Cancelling the task ends the waiting; the request stands.
    /// - Throws: ``SessionError`` `connectionRejected`, `connectionExpired`, `connectionTimedOut` (the request stands);
    ///   as ``complete(_:)``.
    public func awaitConnection(
        _ request: ConnectionRequest, polling: Polling = .standard
    ) async throws -> PersonalSession {
        let session = try await polling.until { () -> PersonalSession? in
            do {
                if case .connected(let session) = try await complete(request) { return session }
                return nil
            } catch let error as PortalError where [.unreachable, .overloaded, .timedOut].contains(error.code) {
                // It may be there again the next time.
                return nil
            }
        }
        guard let session else {
            throw SessionError(
                .connectionTimedOut, "Nobody has answered the request for connection to \(request.account) yet.",
                remedy: "It still stands: wait for it again, or forget it.")
        }
        return session
    }

    /// Asks once what became of a request, and if it was accepted, makes this machine a device of the account.
    ///
    /// The answer must be signed by the administrator key of the profile that the witness was made with, be the answer to this
    /// request, and connect this device; the keys it gives must be the sums of the device's own and the activation's.
    ///
    /// - Throws: ``SessionError`` `connectionRejected`, `connectionExpired`, `requestClosed`, `connectionForged`;
    ///   `historyForked` if the portal shows another history than the administrator's, ``PortalError`` `rolledBack` if it shows
    ///   less than that: the device is connected then, and the portal lies; other ``PortalError``;
    ///   ``ProfileError``; ``PlatformError``.
    public func complete(_ request: ConnectionRequest) async throws -> ConnectionOutcome {
        _ = try await finishInterrupted()
        if let record = try await AccountRecords(platform: platform).record(of: request.profile.udf),
            record.device == request.device
        {
            // It was kept before, and the process died.
            try await abandon(request)
            return .connected(try await personalSession(request.profile.udf.text))
        }
        let (seed, _) = try await keeper.seed(ProfileDevice.self, of: request.device)
        let key = try ProfileDevice.key(.sign, from: seed)
        let client = try await access.client(for: request.account, signer: key)
        let envelope: DAREEnvelope?
        do {
            envelope = try await client.connectStatus(
                device: request.device, responseID: request.request.content.identifiers.response.text)
        } catch let error as PortalError
            where error.code == .expired || error.code == .notFound && isOver(request, client.limits)
        {
            // A portal that has removed what expired knows nothing of it any more.
            try await abandon(request)
            throw SessionError(
                .connectionExpired, "Nobody answered the request for connection to \(request.account) in time.",
                remedy: "Make it again.", cause: error)
        } catch let error as PortalError where error.code == .notFound {
            throw SessionError(
                .requestClosed, "The portal does not have the request for connection to \(request.account) any more.",
                remedy: "Forget it, and make it again.", cause: error)
        }
        guard let envelope else { return .pending }
        let answer = try verified(envelope, to: request, seed: seed, key: key)
        guard let entry = answer.message.content.entry, answer.device != nil else {
            try await abandon(request)
            throw SessionError(
                .connectionRejected, "The connection to \(request.account) was refused.",
                remedy: "Ask the person whose account it is.")
        }
        let (personal, isSynchronised) = try await adopt(entry, of: request, seed: seed)
        if let history = answer.message.content.history {
            try await personal.check(history, mustBeReached: isSynchronised)
        }
        return .connected(personal)
    }

    /// Whether no portal with those limits keeps the request any more.
    private func isOver(_ request: ConnectionRequest, _ limits: PortalLimits) -> Bool {
        platform.clock.now.secondsSince1970 - request.made.secondsSince1970 >= Int64(limits.requestLifetime)
    }

    private func verified(
        _ envelope: DAREEnvelope, to request: ConnectionRequest, seed: SecretSeed, key: PrivateKey
    ) throws -> VerifiedConnectionResponse {
        do {
            let pin = try request.sealedPIN.map { sealed in
                try MessagePIN(
                    opening: sealed, with: ProfileDevice.key(.encrypt, from: seed), signedBy: key.publicKey
                ).saltedPIN
            }
            return try VerifiedConnectionResponse(
                verifying: envelope, to: request.request, account: request.profile, pin: pin)
        } catch let error as ProfileError {
            throw SessionError(
                .connectionForged, "The answer to the request for connection is not what it says it is.",
                remedy: "Do not go on. Ask the person whose account it is, and make the request again.", cause: error)
        }
    }

    /// Keeps a connection, in an order in which each step can be done again.
    private func adopt(
        _ entry: CatalogedDevice, of request: ConnectionRequest, seed: SecretSeed
    ) async throws -> (session: PersonalSession, isSynchronised: Bool) {
        let profile = request.profile
        // That the keys fit is made sure before anything is kept.
        _ = try AccountKeys(opening: entry, of: profile, seed: seed)
        let attachment = AccountAttachment(platform: platform, portal: portal)
        try await keeper.directory.begin(profile.udf, kind: .personal, name: nil, device: request.device)
        try await attachment.keep(
            AccountRecord(profile: profile.udf, addresses: [request.account], device: request.device, entry: entry),
            profile)
        try await keeper.directory.complete(profile.udf, kind: .personal, device: request.device)
        try await abandon(request)
        let personal = PersonalSession(platform: platform, portal: portal, profile: profile)
        var isSynchronised = true
        do {
            _ = try await personal.sync()
        } catch let error as PortalError where [.unreachable, .overloaded, .timedOut].contains(error.code) {
            // The device is connected; what others have written comes with the next synchronisation.
            isSynchronised = false
        }
        return (try await personalSession(profile.udf.text), isSynchronised)
    }
}
