import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

// Devices that are connected by the code they carry (static QR, protocol-09 §9): the maker's side, and the owner's.
extension PersonalSession {
    /// How long a device that was claimed has to ask for its connection.
    public static let claimLifetime = Duration.seconds(86_400)
    /// The longest that a device is offered with an end, in seconds: a hundred years.
    private static let longestOffer: Int64 = 100 * 366 * 86_400

    /// Prepares a device: makes its seed and profile, and publishes its description, sealed under its code.
    ///
    /// - Parameters:
    ///   - description: words that go into the device's profile. Its maker does not know what its owner will call it.
    ///   - lifetime: how long it is offered; nil: until it is taken back.
    /// - Returns: what goes into the device, and what goes onto it. Nothing of it is kept here.
    /// - Throws: ``SessionError`` `notAdministrator`, `noAccount`, `noPortal`; ``PortalError``, ``PlatformError``.
    public func preconfigureDevice(
        description: String = ProfileDevice.unknown, lifetime: Duration? = nil
    ) async throws -> PreconfiguredDevice {
        let context = try await context()
        _ = try context.administratorKeys()
        let maker = try claimingAddress(context)
        let now = platform.clock.now
        let seed = SecretSeed(.profileDevice, from: platform.random)
        let device = try VerifiedProfile(
            signing: ProfileDevice(seed: seed, description: description, updated: now), seed: seed, created: now)
        let code = try DeviceCode(seed, maker: maker)
        let signed = try VerifiedAssertion(
            signing: DevicePreconfiguration(profile: device), by: ProfileDevice.key(.sign, from: seed), created: now)
        var entry = CatalogedPublication(id: code.publication)
        entry.authenticator = try code.serviceAuthenticator()
        entry.envelopedData = try code.seal(signed.signed, random: platform.random).value
        entry.notOnOrAfter = lifetime.map {
            Timestamp(secondsSince1970: now.secondsSince1970 + min(max(1, $0.components.seconds), Self.longestOffer))
        }
        try await store(.publication).add(entry)
        _ = try await sync()
        return PreconfiguredDevice(
            preconfiguration: Preconfiguration(device: device, maker: maker, seed: seed), uri: code.uri(),
            publication: code.publication)
    }

    /// Takes back a device that was prepared: nobody can claim it any more. One that was claimed already stays claimed.
    ///
    /// - Parameter publication: what ``PreconfiguredDevice/publication`` says.
    /// - Throws: ``CatalogError`` `notFound` if nothing is published under that identifier; ``SessionError`` `notAdministrator`,
    ///   `noAccount`, `noPortal`; ``PortalError``, ``PlatformError``.
    public func withdrawDevice(_ publication: String) async throws -> SessionChanges {
        _ = try await context().administratorKeys()
        try await store(.publication).delete(publication, from: nil)
        _ = try await sync()
        return SessionChanges([.init(.publication, .removed, publication)])
    }

    /// Claims a device by the address that it carries. When the device has found that out, it asks for its connection, which
    /// ``acceptProven()`` accepts.
    ///
    /// Done again after an interruption, it ends the same.
    ///
    /// - Parameters:
    ///   - uri: `mcu://account/code`, a secret.
    ///   - rights: what the device may do.
    /// - Throws: ``SessionError`` `malformed`, `requestClosed` (it was claimed already), `connectionForged` (what is
    ///   published is no device), `notAdministrator`, `noAccount`, `invalidRight`; ``PortalError`` `notFound` (there is no such device, or the
    ///   code is wrong), `expired`, and others.
    public func connectStatic(_ uri: SharedSecret, rights: [Right] = Right.usual) async throws -> ClaimedDevice {
        try Self.check(rights)
        let code = try DeviceCode(uri: uri.bytes)
        let context = try await context()
        _ = try context.administratorKeys()
        let address = try claimingAddress(context)
        let pin = try code.pin(for: address)
        let identifier = try SaltedPIN(pin: pin.bytes, action: ConnectionPIN.action).identifier(
            account: address.canonical)
        // The PIN comes first: a device that sees the claim asks at once.
        let claim: DAREEnvelope
        if let begun = try await begunClaim(identifier, context) {
            claim = begun
        } else {
            let expires = Timestamp(
                secondsSince1970: platform.clock.now.secondsSince1970 + Self.claimLifetime.components.seconds)
            let content = MessageClaim(
                sender: address.canonical, recipient: code.maker.canonical, publicationID: code.publication,
                serviceAuthenticate: try code.serviceAuthenticator(),
                deviceAuthenticate: try code.deviceAuthenticator(of: address), expires: expires,
                random: platform.random)
            claim = try VerifiedAssertion(signing: content, by: context.keys.signature, created: platform.clock.now)
                .envelope
            _ = try await keep(pin, rights, Self.claimLifetime, claim: claim)
        }
        do {
            let access = PortalAccess(platform: platform, portal: portal)
            let client = try await access.client(for: code.maker, signer: context.keys.signature)
            let answer = try await client.claim(claim, for: address)
            try await access.remember(client)
            let device = try published(answer.publication, code)
            let expires = try VerifiedAssertion<MessageClaim>(
                verifying: claim, by: context.keys.signature.publicKey
            ).content.expires
            return ClaimedDevice(device: device, expires: expires)
        } catch let error as PortalError where error.code == .conflict {
            try await withdrawPIN(identifier)
            throw SessionError(
                .requestClosed, "The device was claimed already.",
                remedy: "Ask the one you have it from.", cause: error)
        } catch let error where Self.isRefusal(error) {
            try await withdrawPIN(identifier)
            throw error
        }
    }

    private func claimingAddress(_ context: AccountContext) throws -> AccountAddress {
        guard let address = context.record.address else {
            throw SessionError(.noAccount, "The profile \(udf) has no account at a portal.", remedy: "Create one.")
        }
        return address
    }

    /// The claim that was begun earlier, if it is still good; one that is not is taken away.
    private func begunClaim(_ identifier: UDF, _ context: AccountContext) async throws -> DAREEnvelope? {
        guard let kept = try await store(.local).find(identifier.text, as: KeptPIN.self) else { return nil }
        if let claim = kept.claim,
            let content = try? VerifiedAssertion<MessageClaim>(
                verifying: claim, by: context.keys.signature.publicKey
            ).content, content.expires > platform.clock.now
        {
            return claim
        }
        try await withdrawPIN(identifier)
        return nil
    }

    private func withdrawPIN(_ identifier: UDF) async throws {
        try await store(.local).delete(identifier.text, from: nil)
        _ = try await sync()
    }

    /// Opens and verifies what the maker publishes.
    private func published(_ value: JSONValue?, _ code: DeviceCode) throws -> VerifiedProfile<ProfileDevice> {
        do {
            guard let members = value?[CatalogedPublication.tags[0]]?.object else {
                throw SessionError(.malformed, "The portal gave no publication.")
            }
            let entry = CatalogedPublication(tag: CatalogedPublication.tags[0], content: members)
            guard entry.id == code.publication, let data = entry.envelopedData else {
                throw SessionError(.malformed, "The portal gave another publication.")
            }
            return try VerifiedPreconfiguration(verifying: code.open(DAREEnvelope(data))).device
        } catch {
            throw SessionError(
                .connectionForged, "What is published under the code is not the description of a device.",
                remedy: "Do not use the device. Ask the one you have it from.", cause: error)
        }
    }

    /// Whether it is certain that nothing was claimed.
    private static func isRefusal(_ error: any Error) -> Bool {
        if let error = error as? SessionError { return error.code == .connectionForged }
        guard let error = error as? PortalError else { return false }
        return [.notFound, .expired, .rejected, .unauthorized].contains(error.code)
    }
}
