import MeshCore
import MeshDARE

/// The calls. Each throws as ``MeshClient/send(_:)``.
extension MeshClient {
    /// Asks the portal what it is, and learns its key, its epoch and its limits.
    public func hello() async throws -> HelloResponse { try await send(HelloRequest()) }

    /// Asks whether the account could be made.
    public func validate(languages: [String]? = nil) async throws -> ValidateAccountResponse {
        try await send(ValidateAccountRequest(account: account.canonical, language: languages))
    }

    /// Makes the account. Signed by the profile's administration key.
    public func createAccount(profile: DAREEnvelope, updates: [ContainerUpdate]) async throws {
        _ = try await send(CreateAccountRequest(account: account.canonical, profile: profile, updates: updates))
    }

    /// Removes the account from the portal.
    public func deleteAccount() async throws { _ = try await send(DeleteAccountRequest(account: account.canonical)) }

    /// The profile of the account; nil if there is no such account. It is not verified here.
    public func profile() async throws -> DAREEnvelope? {
        try await first(GetRequest(account: account.canonical))
    }

    /// What is published under `identifier`, such as an escrow entry; nil if there is nothing.
    public func entry(_ identifier: String) async throws -> DAREEnvelope? {
        try await first(GetRequest(identifier: identifier))
    }

    /// Everything that is published under `identifier`; empty if there is nothing.
    public func entries(_ identifier: String) async throws -> [DAREEnvelope] {
        var request = GetRequest(identifier: identifier)
        request.multiple = true
        do {
            return try await send(request).entries ?? []
        } catch let error as PortalError where error.code == .notFound {
            return []
        }
    }

    /// Publishes a newer version of the account's profile.
    public func publish(profile: DAREEnvelope) async throws {
        _ = try await send(PublishRequest(account: account.canonical, entry: profile))
    }

    /// Publishes an escrow entry under `identifier`.
    ///
    /// - Parameter replacing: whether all others that the account has published are taken away, in the same step.
    public func publish(_ entry: DAREEnvelope, as identifier: String, replacing: Bool = false) async throws {
        _ = try await send(
            PublishRequest(
                account: account.canonical, identifier: identifier, entry: entry, replacing: replacing ? true : nil))
    }

    /// How far the containers go; of all that the device may read, if none is named.
    public func status(of containers: [String]? = nil) async throws -> StatusResponse {
        try await send(StatusRequest(account: account.canonical, containers: containers))
    }

    /// Frames: as many as one answer holds.
    public func download(_ select: [FrameSelection]) async throws -> DownloadResponse {
        try await send(DownloadRequest(account: account.canonical, select: select))
    }

    /// Appends frames. After `conflict` those before the one that conflicts may have been appended.
    public func transact(_ updates: [ContainerUpdate]) async throws -> TransactResponse {
        try await send(TransactRequest(account: account.canonical, updates: updates))
    }

    /// Asks for the connection of a device. Signed by the device's own key.
    public func connectStart(_ request: DAREEnvelope) async throws -> ConnectStartResponse {
        try await send(ConnectStartRequest(account: account.canonical, request: request))
    }

    /// What became of a request for connection; nil as long as nothing did. Signed by the device's own key.
    public func connectStatus(device: UDF, responseID: String) async throws -> DAREEnvelope? {
        try await send(
            ConnectStatusRequest(account: account.canonical, device: device.text, responseID: responseID)
        ).result
    }

    /// A page of the requests for connection that wait.
    public func connectPending(from pageKey: String? = nil, maximum: Int? = nil) async throws -> ConnectPendingResponse
    {
        try await send(ConnectPendingRequest(account: account.canonical, pageKey: pageKey, maxEntries: maximum))
    }

    /// Closes a request for connection.
    public func connectComplete(
        device: UDF, responseID: String, result: DAREEnvelope, updates: [ContainerUpdate]? = nil
    ) async throws -> ConnectCompleteResponse {
        try await send(
            ConnectCompleteRequest(
                account: account.canonical, device: device.text, responseID: responseID, result: result,
                updates: updates))
    }

    /// Claims a device that this client's account published, for the account `claimer`, which may be at another portal.
    public func claim(_ claim: DAREEnvelope, for claimer: AccountAddress) async throws -> ClaimResponse {
        try await send(ClaimRequest(account: claimer.canonical, publisher: account.canonical, claim: claim))
    }

    /// The claim of a device that this client's account published; nil as long as there is none. Signed by the device's key.
    public func pollClaim(publicationID: String) async throws -> DAREEnvelope? {
        try await send(PollClaimRequest(publisher: account.canonical, publicationID: publicationID)).claim
    }

    /// A page of everything that the account keeps at the portal.
    public func transfer(from pageKey: String? = nil) async throws -> TransferResponse {
        try await send(TransferRequest(account: account.canonical, pageKey: pageKey))
    }

    private func first(_ request: GetRequest) async throws -> DAREEnvelope? {
        do {
            return try await send(request).entries?.first
        } catch let error as PortalError where error.code == .notFound {
            return nil
        }
    }
}
