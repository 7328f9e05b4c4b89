import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPortals
import MeshProfiles

// Devices that ask to be connected (sessions specification §G). The portal carries the request one way and the answer the
// other, both signed; it decides nothing, and what people compare they compute themselves.
extension PortalService {
    func connectStart(_ request: ConnectStartRequest, _ holder: KeyHolder) async throws -> ConnectStartResponse {
        let address = try address(request.account)
        guard let account = try await account(address) else { throw PortalFailure.notFound }
        let asked = try connectionRequest(request.request)
        let device = asked.device
        guard device.content.baseSignature == holder.key else { throw PortalFailure.unauthorized }
        guard (try? AccountAddress(asked.content.accountAddress))?.canonical == address.canonical else {
            throw PortalFailure.invalid("The request is for another account.")
        }
        guard account.devices.devices[device.udf] == nil else {
            throw PortalFailure.conflict("The device is connected to the account.")
        }
        var response = ConnectStartResponse()
        response.status = .success
        response.profile = account.profile.envelope

        let now = clock.now
        let old = try await store.read(PendingRecord.self, device.udf.text, in: account.partition)
        if let old, old.content.expires > now, try isAnswer(old.content.acknowledgement, to: request.request) {
            // Asked again, because the answer was lost: the witness stays what it was.
            response.acknowledgement = old.content.acknowledgement
            return response
        }
        if let old, isClosing(old.content) {
            throw PortalFailure.conflict("The request before this one is being answered.")
        }
        if old == nil, try await waiting(account).count >= limits.pendingRequests {
            throw PortalFailure.tooMany("Too many devices wait to be connected to the account.")
        }
        let acknowledgement = try acknowledge(asked, account)
        let record = PendingRecord(
            signer: holder.key.udf.text, responseID: asked.content.identifiers.response.text, received: now,
            expires: Timestamp(secondsSince1970: now.secondsSince1970 + Int64(limits.requestLifetime)),
            acknowledgement: acknowledgement)
        try await store.commit(
            [try old.map { try $0.put(record) } ?? record.creation(device.udf.text)], in: account.partition)
        response.acknowledgement = acknowledgement
        return response
    }

    private func connectionRequest(_ envelope: DAREEnvelope) throws -> VerifiedConnectionRequest {
        do {
            return try VerifiedConnectionRequest(verifying: envelope)
        } catch {
            throw PortalFailure.invalid("The request for connection does not verify.", cause: error)
        }
    }

    /// Whether `acknowledgement`, which this service made, is the one of `request`.
    private func isAnswer(_ acknowledgement: DAREEnvelope, to request: DAREEnvelope) throws -> Bool {
        try acknowledged(acknowledgement).encoded == request.encoded
    }

    /// The request in an acknowledgement that this service made.
    private func acknowledged(_ acknowledgement: DAREEnvelope) throws -> DAREEnvelope {
        do {
            return try VerifiedAssertion<AcknowledgeConnection>(
                verifying: acknowledgement, by: profile.content.serviceSignature
            ).content.request
        } catch {
            throw corrupt(PendingRecord.prefix, error)
        }
    }

    private func acknowledge(_ asked: VerifiedConnectionRequest, _ account: PortalAccount) throws -> DAREEnvelope {
        let content = AcknowledgeConnection(
            of: asked, account: account.profile.content.profileSignature, random: random)
        return try VerifiedAssertion(signing: content, by: identity.signer, created: clock.now).envelope
    }

    func connectStatus(_ request: ConnectStatusRequest, _ holder: KeyHolder) async throws -> ConnectStatusResponse {
        guard let account = try await account(address(request.account)), let device = UDF(request.device),
            let responseID = UDF(request.responseID)
        else { throw PortalFailure.notFound }
        if let response = try await collect(responseID, for: device, holder, account) { return response }
        if let pending = try await store.read(PendingRecord.self, device.text, in: account.partition),
            pending.content.signer == holder.key.udf.text, pending.content.responseID == responseID.text
        {
            guard pending.content.expires > clock.now else { throw Self.expired }
            var response = ConnectStatusResponse()
            response.status = .success
            return response
        }
        // It may have been answered between the two looks.
        if let response = try await collect(responseID, for: device, holder, account) { return response }
        throw PortalFailure.notFound
    }

    /// The answer to a request, noted as collected; nil if there is none.
    private func collect(
        _ responseID: UDF, for device: UDF, _ holder: KeyHolder, _ account: PortalAccount
    ) async throws -> ConnectStatusResponse? {
        guard let result = try await store.read(ResultRecord.self, responseID.text, in: account.partition),
            result.content.device == device.text, result.content.signer == holder.key.udf.text
        else { return nil }
        let now = clock.now
        guard result.content.expires > now else { throw Self.expired }
        if result.content.collected == nil {
            var collected = result.content
            collected.collected = now
            // Who else is told at the same time has the same to note.
            try? await store.commit([try result.put(collected)], in: account.partition)
        }
        var response = ConnectStatusResponse()
        response.status = .success
        response.result = result.content.result
        return response
    }

    private static var expired: PortalFailure { PortalFailure(.gone, "The request has expired. Ask anew.") }

    func connectPending(_ request: ConnectPendingRequest, _ member: AccountMember) async throws
        -> ConnectPendingResponse
    {
        let waiting = try await waiting(member.account)
        var response = ConnectPendingResponse()
        var start = waiting.startIndex
        if let after = request.pageKey {
            guard let place = PendingPlace(after) else { throw PortalFailure.badRequest("There is no such page.") }
            start = waiting.firstIndex { place < PendingPlace($0) } ?? waiting.endIndex
        }
        // The most that a page holds, whatever was asked for.
        let count = min(max(request.maxEntries ?? Self.pageEntries, 1), Self.pageEntries)
        let page = waiting[start...].prefix(count)
        response.status = .success
        response.pending = page.map(\.content.acknowledgement)
        if let last = page.last, page.endIndex < waiting.endIndex { response.pageKey = PendingPlace(last).text }
        return response
    }

    private static let pageEntries = 32

    /// The requests that wait at an account, the oldest first. What has expired is removed on the way.
    func waiting(_ account: PortalAccount) async throws -> [Versioned<PendingRecord>] {
        let now = clock.now
        let all = try await store.list(
            PendingRecord.self, limit: max(limits.pendingRequests, 0) + 256, in: account.partition)
        let expired = all.filter { $0.content.expires <= now && !isClosing($0.content) }
        if !expired.isEmpty {
            // Somebody else may have removed some just now, and then nothing is removed: whoever looks next does it.
            try? await store.commit(expired.map(\.removal), in: account.partition)
        }
        return all.filter { $0.content.expires > now }.sorted { PendingPlace($0) < PendingPlace($1) }
    }

    /// Whether an administrator is closing the request right now.
    private func isClosing(_ record: PendingRecord) -> Bool {
        record.closing != nil && record.closingUntil.map { $0 > clock.now } == true
    }

    func connectComplete(
        _ request: ConnectCompleteRequest, _ member: AccountMember
    ) async throws -> ConnectCompleteResponse {
        let account = member.account
        guard let device = UDF(request.device), let responseID = UDF(request.responseID) else {
            throw PortalFailure.notFound
        }
        if let done = try await store.read(ResultRecord.self, responseID.text, in: account.partition) {
            return try await repeated(request, done.content, account)
        }
        let digest = Base64URL.encode(HashAlgorithm.sha512.digest(request.result.encoded))
        guard let pending = try await store.read(PendingRecord.self, device.text, in: account.partition),
            pending.content.responseID == responseID.text
        else { throw PortalFailure.notFound }
        // One that was begun in time may be done again after.
        guard pending.content.expires > clock.now || pending.content.closing == digest else { throw Self.expired }
        let asked = try connectionRequest(try acknowledged(pending.content.acknowledgement))
        let result = try verifiedResult(request.result, to: asked, account)
        let closing = try await close(pending, digest, account)
        do {
            if let connected = result.device {
                try await connect(connected, result, request, account)
            } else {
                guard request.updates?.isEmpty ?? true else {
                    throw PortalFailure.invalid("A device that is refused is not added.")
                }
                guard try await current(account).devices.devices[device] == nil else {
                    throw PortalFailure.conflict("The device was connected already.")
                }
            }
            let record = ResultRecord(
                device: device.text, signer: pending.content.signer, result: request.result,
                expires: Timestamp(secondsSince1970: clock.now.secondsSince1970 + Int64(limits.requestLifetime)))
            try await store.commit([try record.creation(responseID.text), closing.removal], in: account.partition)
        } catch {
            // What was refused is not under way any more; what failed may have been done, and stays closed for a while.
            if PortalFailure(error).status.rawValue < 500 { await reopen(closing, account) }
            if let error = error as? PortalStoreError, error.code == .conflict,
                let done = try await store.read(ResultRecord.self, responseID.text, in: account.partition)
            {
                return try await repeated(request, done.content, account)
            }
            throw error
        }
        return try await closed(account)
    }

    /// The answer to a result that may have come before.
    private func repeated(
        _ request: ConnectCompleteRequest, _ done: ResultRecord, _ account: PortalAccount
    ) async throws -> ConnectCompleteResponse {
        guard done.device == request.device,
            try done.result.encoded == request.result.encoded
                || (isRejection(done.result, account) && isRejection(request.result, account))
        else { throw PortalFailure.conflict("The request was answered already.") }
        return try await closed(account)
    }

    /// Whether a result is one by which an administrator refuses a device. Two of them say the same.
    private func isRejection(_ result: DAREEnvelope, _ account: PortalAccount) throws -> Bool {
        do {
            return try !VerifiedAssertion<RespondConnection>(
                verifying: result, by: account.profile.content.administratorSignature
            ).content.isAccepted
        } catch {
            throw PortalFailure.invalid("The result is not an administrator's answer to this request.", cause: error)
        }
    }

    private func closed(_ account: PortalAccount) async throws -> ConnectCompleteResponse {
        var response = ConnectCompleteResponse()
        response.status = .success
        response.containers = [try await containerStatus(.device, account)]
        return response
    }

    /// A result that an administrator has signed, as the device will verify it.
    private func verifiedResult(
        _ envelope: DAREEnvelope, to asked: VerifiedConnectionRequest, _ account: PortalAccount
    ) throws -> VerifiedConnectionResponse {
        do {
            return try VerifiedConnectionResponse(verifying: envelope, to: asked, account: account.profile)
        } catch {
            throw PortalFailure.invalid("The result is not an administrator's answer to this request.", cause: error)
        }
    }

    /// Keeps other results out until this one is done: it appends to the catalog first, and the catalog knows nothing of
    /// requests.
    private func close(
        _ pending: Versioned<PendingRecord>, _ digest: String, _ account: PortalAccount
    ) async throws -> Versioned<PendingRecord> {
        guard pending.content.closing == digest || !isClosing(pending.content) else {
            throw PortalFailure.conflict("The request is being answered.")
        }
        var record = pending.content
        record.closing = digest
        record.closingUntil = Timestamp(secondsSince1970: clock.now.secondsSince1970 + Self.closingLifetime)
        try await store.commit([try pending.put(record)], in: account.partition)
        guard let name = pending.key.split(separator: "/", maxSplits: 1).last,
            let marked = try await store.read(PendingRecord.self, String(name), in: account.partition),
            marked.content.closing == digest
        else { throw PortalFailure.conflict("The request is being answered.") }
        return marked
    }

    private static let closingLifetime: Int64 = 15

    private func reopen(_ pending: Versioned<PendingRecord>, _ account: PortalAccount) async {
        var record = pending.content
        record.closing = nil
        record.closingUntil = nil
        guard let change = try? pending.put(record) else { return }
        try? await store.commit([change], in: account.partition)
    }

    /// Adds the device to the catalog, by the frames that the administrator sent: they add this device, with the connection
    /// that the result has, and nothing else.
    private func connect(
        _ connected: ConnectedDevice, _ result: VerifiedConnectionResponse, _ request: ConnectCompleteRequest,
        _ account: PortalAccount
    ) async throws {
        guard let update = request.updates?.first, request.updates?.count == 1,
            update.container == DeviceDirectory.store
        else { throw PortalFailure.invalid("A device is accepted with the frames that add it to the device catalog.") }
        let frames = update.frames.map(\.octets)
        try requireSize(frames)
        func requireSame(_ device: DeviceDirectory.Device) throws {
            guard result.message.content.entry == device.entry, device.connection.udf == connected.udf,
                device.connection.profile.content.agrees(with: connected.profile.content)
            else { throw PortalFailure.invalid("The device that is added is not the one that asked.") }
        }
        if try await isAppended(frames, at: update.index, account) {
            guard let present = account.devices.devices[connected.udf] else {
                throw PortalFailure.conflict("The device was removed again.")
            }
            return try requireSame(present)
        }
        var devices = account.devices
        guard update.index == devices.count else {
            throw PortalFailure.conflict("The device catalog goes on elsewhere than where the frames begin.")
        }
        let changed = try RunRules.verify(frames, in: &devices)
        guard changed.count == 1, let new = changed.first,
            devices.devices.count == account.devices.devices.count + 1,
            account.devices.devices.allSatisfy({ devices.devices[$0.key]?.key == $0.value.key })
        else { throw PortalFailure.invalid("The frames do not add that device alone.") }
        try requireSame(new)
        _ = try await append(update, to: account)
    }

    /// Whether those frames are in the device catalog already, at that place: an answer was lost.
    private func isAppended(_ frames: [[UInt8]], at index: Int, _ account: PortalAccount) async throws -> Bool {
        guard index > 0, index < account.devices.count else { return false }
        let found = try await store.frames(
            of: DeviceDirectory.store, from: index, limit: frames.count, octets: frames.octetCount,
            in: account.partition)
        return found == frames
    }
}

/// Where a request stands among those that wait: by its time.
private struct PendingPlace: Comparable {
    let time: Timestamp
    let device: String

    init(_ record: Versioned<PendingRecord>) {
        time = record.content.received
        device = String(record.key.dropFirst(PendingRecord.prefix.count))
    }

    /// Reads the key of a page.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let time = Timestamp(String(parts[0])), let device = UDF(String(parts[1])) else {
            return nil
        }
        self.time = time
        self.device = device.text
    }

    var text: String { "\(time)/\(device)" }

    static func < (left: PendingPlace, right: PendingPlace) -> Bool {
        (left.time, left.device) < (right.time, right.device)
    }
}
