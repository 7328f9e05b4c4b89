/// A secret service that has its name on the bus and never answers: a real daemon that is stopped.
public struct MuteService: Sendable {
    /// The keyring behind it; ``PrivateKeyring/thaw()`` lets it speak.
    public let keyring: PrivateKeyring

    /// The D-Bus address of its bus.
    public var busAddress: String { keyring.busAddress }

    /// Starts it on a bus of its own.
    ///
    /// - Throws: ``PrivateKeyringError`` if a program is missing or does not start.
    public static func start() async throws -> MuteService {
        let keyring = try await PrivateKeyring.start()
        keyring.freeze()
        return MuteService(keyring: keyring)
    }
}
