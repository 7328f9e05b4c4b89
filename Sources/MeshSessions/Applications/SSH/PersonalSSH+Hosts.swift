import MeshCore
import MeshDARE
import MeshPlatforms
import MeshSSH

// What all devices know of hosts.
extension PersonalSSH {
    // MARK: Keys of hosts

    /// The keys of hosts that the devices of the account know, the oldest first. Entries that make no line are left out.
    ///
    /// - Throws: as ``PersonalSession/store(_:)``.
    public func knownHosts() async throws -> [KnownHost] {
        try await store().entries(of: CatalogedSSHHostKey.self).compactMap { KnownHost($0) }
    }

    /// Enters keys of hosts, all or none. Those that are known already change nothing.
    ///
    /// - Parameter replacing: whether a key of a host is put in the place of another one of the same kind.
    /// - Throws: ``SessionError`` `hostKeyDiffers` if a host has another key of the same kind: it was set up anew, or somebody else
    ///   answers in its place; as ``PersonalSession/store(_:)``.
    public func add(_ hosts: [KnownHost], replacing: Bool = false) async throws -> SessionChanges {
        let store = try await store()
        var (added, replaced): ([CatalogedSSHHostKey], [(CatalogedSSHHostKey, EntryVersion)]) = ([], [])
        var seen: [String: String] = [:]
        for host in hosts.flatMap(\.separated) {
            let entry = CatalogedSSHHostKey(host)
            guard let key = entry.primaryKey else { continue }
            if let other = seen.updateValue(host.key.base64, forKey: key) {
                guard other == host.key.base64 else { throw Self.differs(host) }
                continue
            }
            guard let found = try await store.find(key) else {
                added.append(entry)
                continue
            }
            guard try found.decoded(as: CatalogedSSHHostKey.self).publicKey != entry.publicKey else { continue }
            guard replacing else { throw Self.differs(host) }
            replaced.append((entry, found.version))
        }
        var changes = SessionChanges()
        for (entry, version) in replaced {
            try await store.update(entry, from: version)
            changes.note(.host, .updated, entry.address ?? "")
        }
        if !added.isEmpty { try await store.add(added) }
        for entry in added { changes.note(.host, .created, entry.address ?? "") }
        return changes
    }

    private static func differs(_ host: KnownHost) -> SessionError {
        SessionError(
            .hostKeyDiffers,
            "Another \(host.key.algorithm) key is known of \(host.hosts) than \(host.key.fingerprint).",
            remedy: "Ask whoever runs the host. If it has a new key, say that it is to be replaced.")
    }

    /// Takes away what is known of a host, by its name as the lines have it (``KnownHost/name(_:port:)``).
    ///
    /// - Throws: ``CatalogError`` `notFound`; as ``PersonalSession/store(_:)``.
    public func removeKnownHost(_ name: String) async throws -> SessionChanges {
        let store = try await store()
        var changes = SessionChanges()
        for found in try await store.entries() {
            guard let entry = try? found.decoded(as: CatalogedSSHHostKey.self), let address = entry.address,
                address == name || KnownHost(entry).map({ $0.isHashed && $0.matches(name) }) ?? false
            else { continue }
            try await store.delete(found.key, from: found.version)
            changes.note(.host, .removed, address)
        }
        guard !changes.isEmpty else { throw CatalogError(.notFound, "No key is known of \(name).") }
        return changes
    }

    // MARK: Settings of hosts

    /// What is to be done for which host, ordered by what the person calls them. Entries that make no section are left out.
    ///
    /// - Throws: as ``PersonalSession/store(_:)``.
    public func hosts() async throws -> [SSHHostSettings] {
        try await store().entries(of: CatalogedSSHHost.self).compactMap { SSHHostSettings($0) }
            .sorted { $0.alias < $1.alias }
    }

    /// Enters what is to be done for a host, in the place of what was there.
    ///
    /// - Throws: ``SessionError`` `changedElsewhere`; as ``PersonalSession/store(_:)``.
    public func set(_ settings: SSHHostSettings) async throws -> SessionChanges {
        let store = try await store()
        var entry = CatalogedSSHHost(alias: settings.alias)
        let found = try await store.find(entry.primaryKey ?? "")
        if let found { entry = try found.decoded(as: CatalogedSSHHost.self) }
        entry.address = settings.address
        entry.port = settings.port.map { Int64($0) }
        entry.user = settings.user
        guard let found else {
            try await store.add(entry)
            return SessionChanges([.init(.host, .created, settings.alias)])
        }
        guard try found.decoded(as: CatalogedSSHHost.self) != entry else { return SessionChanges() }
        try await store.update(entry, from: found.version)
        return SessionChanges([.init(.host, .updated, settings.alias)])
    }

    /// Takes away what is to be done for a host.
    ///
    /// - Throws: ``CatalogError`` `notFound`; as ``PersonalSession/store(_:)``.
    public func removeHost(_ alias: String) async throws -> SessionChanges {
        try await store().delete(CatalogedSSHHost(alias: alias).primaryKey ?? "", from: nil)
        return SessionChanges([.init(.host, .removed, alias)])
    }
}

extension CatalogedSSHHostKey {
    /// The entry of a line.
    init(_ host: KnownHost) {
        self.init(address: host.hosts, algorithm: host.key.algorithm, publicKey: host.key.base64)
        marker = host.marker?.rawValue
        description = host.comment.isEmpty ? nil : host.comment
    }
}

extension KnownHost {
    /// The line of an entry; nil if it makes none.
    init?(_ entry: CatalogedSSHHostKey) {
        guard let address = entry.address, let algorithm = entry.algorithm, let text = entry.publicKey,
            let key = SSHKeyBlob(algorithm: algorithm, base64: text)
        else { return nil }
        let marker = entry.marker.map { Marker(rawValue: $0) }
        // A mark that is not known may turn the meaning of the line around.
        if case .some(.none) = marker { return nil }
        self.init(marker: marker ?? nil, hosts: address, key: key, comment: entry.description ?? "")
    }
}

extension SSHHostSettings {
    /// The settings of an entry; nil if they cannot be written.
    init?(_ entry: CatalogedSSHHost) {
        guard let alias = entry.alias else { return nil }
        let port = entry.port.map { Int(exactly: $0) ?? 0 }
        self.init(alias: alias, address: entry.address, port: port, user: entry.user)
    }
}
