import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

// Devices that are connected by the code they carry (static QR, protocol-09 §9): the device's side.
extension MeshSession {
    /// Makes this machine the device that its maker prepared. Needs no portal. Done again, it changes nothing.
    ///
    /// - Parameter name: a name for a person; nil: the name of the machine.
    /// - Throws: ``SessionError`` `keyMismatch`; ``PlatformError``.
    public func install(
        _ preconfiguration: Preconfiguration, name: String? = nil
    ) async throws -> DeviceRegistration {
        _ = try await finishInterrupted()
        let code = try DeviceCode(preconfiguration.seed, maker: preconfiguration.maker)
        let profile = try await keeper.keep(
            preconfiguration.device, seed: preconfiguration.seed, kind: .device, keyClass: .device,
            name: name ?? platform.machineName, device: nil, account: nil, makeDefault: nil)
        var machine = CatalogedMachine(.preconfigured, id: code.publication)
        machine.deviceUDF = profile.udf.text
        machine.accountAddress = preconfiguration.maker.canonical
        machine.publicationID = code.publication
        machine.envelopedProfileDevice = profile.envelope.value
        try await AccountRecords(platform: platform).put(machine)
        return try await device(profile.udf.text)
    }

    /// Whether this machine is a device that its maker prepared, and that is not connected yet.
    public func isPrepared() async throws -> Bool {
        let records = AccountRecords(platform: platform)
        let connected = Set(try await records.machines(.standard).compactMap(\.deviceUDF))
        return try await records.machines(.preconfigured).contains { machine in
            machine.deviceUDF.map { !connected.contains($0) } ?? false
        }
    }

    /// Asks whether a device that was prepared by its maker has been claimed, and if so, asks the claiming account for its
    /// connection. ``awaitConnection(_:polling:)`` waits for the answer.
    ///
    /// - Returns: the request; nil as long as no device of this machine that is not connected yet has been claimed.
    /// - Throws: ``SessionError`` `connectionForged` for a claim by one who does not know the code, `connectionExpired` for one
    ///   that is too old; as ``connect(_:to:expecting:pin:)``.
    public func completePreconfigured() async throws -> ConnectionRequest? {
        let records = AccountRecords(platform: platform)
        let connected = Set(try await records.machines(.standard).compactMap(\.deviceUDF))
        for machine in try await records.machines(.preconfigured) {
            guard let id = machine.id, let udf = machine.deviceUDF.flatMap({ UDF($0) }),
                let maker = machine.accountAddress.flatMap({ try? AccountAddress($0) })
            else { continue }
            if connected.contains(udf.text) {
                _ = try await records.removeMachine(id: id)
                continue
            }
            // Asked for already, before an interruption.
            if let request = try await connectionRequests().last(where: { $0.device == udf }) { return request }
            if let request = try await claimed(udf, by: maker) { return request }
        }
        return nil
    }

    /// Waits until a device that was prepared by its maker was claimed, and asks for its connection.
    ///
    /// - Parameter polling: how often to ask, and how long. Cancelling the task ends the waiting.
    /// - Returns: the request; nil if it was not claimed as long as was waited.
    /// - Throws: as ``completePreconfigured()``.
    public func awaitClaim(polling: Polling = .standard) async throws -> ConnectionRequest? {
        try await polling.until {
            do {
                return try await completePreconfigured()
            } catch let error as PortalError where [.unreachable, .overloaded, .timedOut].contains(error.code) {
                // It may be there again the next time.
                return nil
            }
        }
    }

    /// Asks for the connection of a device to the account that has claimed it; nil if none has.
    private func claimed(_ udf: UDF, by maker: AccountAddress) async throws -> ConnectionRequest? {
        let (seed, _) = try await keeper.seed(ProfileDevice.self, of: udf)
        let code = try DeviceCode(seed, maker: maker)
        let client = try await access.client(for: maker, signer: ProfileDevice.key(.sign, from: seed))
        guard let envelope = try await client.pollClaim(publicationID: code.publication) else { return nil }
        let claimer = try claimer(envelope, code)
        let request = try await connect(
            try await device(udf.text), to: claimer.canonical, pin: try code.pin(for: claimer))
        try await access.remember(client)
        return request
    }

    /// The account that a claim names. The device does not know who signs for it; that it knows the code is the proof, and the
    /// account proves the same once more when it answers.
    private func claimer(_ envelope: DAREEnvelope, _ code: DeviceCode) throws -> AccountAddress {
        let members = try? JSONValue(parsing: envelope.body)[MessageClaim.tag]?.object
        guard let members, let claim = try? MessageClaim(members: members),
            let claimer = claim.sender.flatMap({ try? AccountAddress($0) }), claim.publicationID == code.publication,
            Self.isSame(claim.deviceAuthenticate, try code.deviceAuthenticator(of: claimer))
        else {
            throw SessionError(
                .connectionForged, "The portal \(code.maker.domain) shows a claim by one who does not know the code.",
                remedy: "Do not go on. Have the device claimed by its code.")
        }
        guard claim.expires > platform.clock.now else {
            throw SessionError(
                .connectionExpired, "The claim of the device has expired.", remedy: "Have it claimed again.")
        }
        return claimer
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        return left.withUnsafeBytes { left in right.withUnsafeBytes { constantTimeEqual(left, $0) } }
    }
}
