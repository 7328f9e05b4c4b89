import MeshCore
import MeshEncoding
import MeshPlatforms

/// The host catalog, `host.dare`: what this machine is connected to (platform specification §5.2).
///
/// Every call blocks.
public struct HostCatalog: Sendable {
    /// What its first frame says it is.
    public static let contentType = "application/mmm-host"
    /// The entries.
    public let entries: EntryCatalog<CatalogedMachine>

    /// Opens `host.dare` in `directory`, making it if it is not there.
    public static func openOrCreate(
        in directory: any ContainerDirectory, options: CatalogOptions = CatalogOptions()
    ) throws -> HostCatalog {
        var options = options
        options.contentType = options.contentType ?? contentType
        return HostCatalog(entries: try EntryCatalog.openOrCreate(in: directory, options: options))
    }

    /// Opens `host.dare` in `directory`; nil if it is not there.
    public static func open(
        in directory: any ContainerDirectory, _ access: ContainerAccess = .append,
        options: CatalogOptions = CatalogOptions()
    ) throws -> HostCatalog? {
        try EntryCatalog.open(in: directory, access, options: options).map { HostCatalog(entries: $0) }
    }

    /// All connections, the oldest first. There are as many as a person has accounts, so they are read anew each time.
    public func machines() throws -> [CatalogedMachine] { try entries.items().compactMap(\.entry) }

    /// The connection with this identifier.
    public func find(id: UDF) throws -> CatalogedMachine? { try find(id) { $0.id } }

    /// The connection to the account or service that has this profile.
    public func find(profile: UDF) throws -> CatalogedMachine? { try find(profile) { $0.profileUDF } }

    private func find(_ udf: UDF, by identifier: (CatalogedMachine) -> String?) throws -> CatalogedMachine? {
        // A shorter text names the same thing, so the one that says most is wanted.
        try machines().filter { identifier($0).flatMap { UDF($0) }?.matches(udf) == true }
            .max { (identifier($0) ?? "").utf8.count < (identifier($1) ?? "").utf8.count }
    }

    /// The connection that the person calls `localName`.
    public func find(localName: String) throws -> CatalogedMachine? {
        try machines().first { $0.localName?.hasOctets(of: localName) == true }
    }

    /// The connection to the account with this address; case does not count in addresses.
    public func find(accountAddress: String) throws -> CatalogedMachine? {
        let wanted = accountAddress.lowercased()
        return try machines().first { $0.accountAddress?.lowercased().hasOctets(of: wanted) == true }
    }

    /// The default of a kind: the one flagged as default, of several the one that was written last; with none, the one
    /// that was seen first.
    public func defaultMachine(_ kind: CatalogedMachine.Kind) throws -> CatalogedMachine? {
        let candidates = try entries.items().filter { $0.entry?.kind == kind }
        let flagged = candidates.filter { $0.entry?.isDefault == true }.max { $0.version.frame < $1.version.frame }
        return (flagged ?? candidates.first)?.entry
    }

    /// Makes the connection with this identifier the default of its kind, and no other.
    ///
    /// - Throws: ``CatalogError`` `notFound`, `conflict` (an entry was changed meanwhile: call again).
    public func setDefault(id: UDF) throws {
        let items = try entries.items()
        guard let chosen = items.first(where: { $0.entry?.id.flatMap { UDF($0) }?.matches(id) == true }),
            let kind = chosen.entry?.kind
        else { throw CatalogError(.notFound, "There is no connection \(id) in \(entries.catalog.path).") }
        try entries.catalog.transact { transaction in
            for item in items {
                guard var entry = item.entry, entry.kind == kind, entry.isDefault != item.key.hasOctets(of: chosen.key)
                else {
                    continue
                }
                entry.isDefault.toggle()
                try transaction.update(entry, from: item.version)
            }
        }
    }

    /// Adds a connection, or replaces the one with its identifier.
    public func put(_ machine: CatalogedMachine) throws { try entries.put(machine) }

    /// Removes a connection: a pending one that is completed, refused or expired, a preconfigured one that is claimed, an
    /// account or service that is deleted from this machine.
    ///
    /// - Throws: ``CatalogError`` `notFound`.
    public func remove(_ machine: CatalogedMachine) throws {
        try entries.delete(machine.id ?? "", from: nil)
    }
}
