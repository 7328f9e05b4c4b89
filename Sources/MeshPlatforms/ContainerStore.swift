import MeshCore

/// Where a machine keeps containers (DARE sequences): those of the machine, and those of each account (platform
/// specification §14).
///
/// The directory of the machine holds `host.dare`; the directory of an account or profile its catalogs and spools, called
/// `MMM_Contact.dcat` and so on. Everything but erasing blocks: call it off the cooperative pool, through
/// ``BlockingCalls``.
public protocol ContainerStore: Sendable {
    /// Where the store is, for messages: a path, or `memory`.
    var name: String { get }

    /// The directory of the machine; nil if it is not there and `create` is not set. Blocks.
    ///
    /// It may also hold files that are no containers, and directories: leave alone what you do not know.
    ///
    /// - Throws: ``PlatformError`` `insecurePermissions`, `accessDenied`, `readOnly`, `noSpace`, `inputOutput`.
    func root(create: Bool) throws -> (any ContainerDirectory)?

    /// The directory of the account or profile with this fingerprint; nil if it is not there and `create` is not set.
    /// Blocks.
    ///
    /// - Throws: as ``root(create:)``.
    func directory(of account: UDF, create: Bool) throws -> (any ContainerDirectory)?

    /// The accounts and profiles that have a directory, ordered by fingerprint. Blocks.
    ///
    /// - Throws: as ``root(create:)``.
    func accounts() throws -> [UDF]

    /// Removes the directory of the account if there is no file in it; the locks that nobody holds go with it. Blocks.
    ///
    /// Who makes a file while holding a lock of this directory, and finds the lock current, has not lost it: the directory
    /// stays. Others may find that the directory is gone, and get it anew.
    ///
    /// - Returns: whether there was one that was removed.
    /// - Throws: as ``root(create:)``.
    func removeEmptyDirectory(of account: UDF) throws -> Bool

    /// Removes the containers of all accounts, and those of the machine. In test modes only.
    ///
    /// Waits for everyone who appends. Who has a container open finds that it is not current any more: what they append later
    /// throws. Can be repeated: erasing nothing is no error.
    ///
    /// - Throws: ``PlatformError`` `productionRefused`; `timedOut` if somebody appends until the deadline: nothing is erased
    ///   then; and as ``root(create:)``.
    func eraseTestData(options: CallOptions) async throws
}

extension ContainerStore {
    /// As ``eraseTestData(options:)`` with the usual options.
    public func eraseTestData() async throws { try await eraseTestData(options: CallOptions()) }
}
