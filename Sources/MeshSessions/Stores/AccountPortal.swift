import MeshPortals

/// What synchronising needs of a portal.
protocol AccountPortal: Sendable {
    /// How far the account's containers go.
    func status() async throws -> StatusResponse
    /// Frames.
    func download(_ select: [FrameSelection]) async throws -> DownloadResponse
    /// Appends frames.
    func transact(_ updates: [ContainerUpdate]) async throws -> TransactResponse
}
