import MeshCore
import MeshDARE
import MeshEncoding

/// Where a credential is for, as programs ask for it that hold no credentials themselves, such as git.
public struct CredentialPlace: Sendable, Hashable {
    /// The protocol, as `https`.
    public var networkProtocol: String
    /// The host, in lower case, with the port if there is one.
    public var host: String
    /// What is meant on the host alone, without a slash before it; nil for all of it.
    public var path: String?
    /// The name of the user; nil if any will do.
    public var username: String?

    /// A place of these parts.
    public init(networkProtocol: String, host: String, path: String? = nil, username: String? = nil) {
        self.networkProtocol = networkProtocol
        self.host = host.lowercased()
        self.path = path
        self.username = username
    }

    /// The service of an entry for this place.
    var service: String { path.map { "\(host)/\($0)" } ?? host }

    /// The key of the entry for this place; with the name of the user for a second entry there.
    func key(naming user: String? = nil) -> String {
        "\(networkProtocol):\(user.map { "\($0)@" } ?? "")\(service)"
    }

    /// Whether a service is this place, whoever the user.
    func matches(_ other: String) -> Bool {
        let slash = other.firstIndex(of: "/")
        return CatalogedCredential.host(of: other) == host
            && slash.map { String(other[other.index(after: $0)...]) } == path
    }
}

extension EntryStore where Entry == CatalogedCredential {
    /// The credential for a place: an entry of its protocol and service, in which a name may stand before the host
    /// (`bob@example.com`) if there are several. Nil if there is none with a password, or more than one that could be meant.
    ///
    /// - Throws: as ``find(_:)-(String)``.
    public func find(_ place: CredentialPlace) async throws -> Item? {
        let keys = [place.username.map { place.key(naming: $0) }, place.key()]
        for key in keys.compactMap({ $0 }) {
            if let item = try await find(key), Self.isFor(place, item.entry) { return item }
        }
        let key = SecondaryKey(name: CatalogedCredential.hostKey, value: place.host)
        let others = try await find(key).filter { item in
            item.entry.networkProtocol == place.networkProtocol
                && item.entry.service.map(place.matches) == true && Self.isFor(place, item.entry)
        }
        return others.count == 1 ? others[0] : nil
    }

    private static func isFor(_ place: CredentialPlace, _ entry: CatalogedCredential) -> Bool {
        guard entry.password != nil else { return false }
        return place.username == nil || entry.username == nil || entry.username == place.username
    }

    /// Keeps a password that the place has accepted: in the entry that is there for this user, or in a new one.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` for a password that is no text; as ``update(_:from:)``.
    public func keep(_ password: SharedSecret, of username: String, for place: CredentialPlace) async throws {
        var place = place
        place.username = username
        let keys = [place.key(naming: username), place.key()]
        var known = try await find(place)
        if known == nil {
            // There may be an entry that lacks the password.
            for key in keys where known == nil {
                known = try await find(key).flatMap {
                    $0.entry.password == nil && $0.entry.username == username ? $0 : nil
                }
            }
        }
        if var item = known {
            if let kept = item.entry.secretPassword(), kept.isEqual(to: password.bytes), item.entry.username == username
            {
                return
            }
            item.entry.username = username
            try item.entry.setPassword(password.bytes)
            try await update(item.entry, from: item.version)
            return
        }
        let isFree = try await find(place.key()) == nil
        var entry = CatalogedCredential(
            service: isFree ? place.service : "\(username)@\(place.service)", networkProtocol: place.networkProtocol)
        entry.username = username
        try entry.setPassword(password.bytes)
        try await add(entry)
    }

    /// Takes away a password that the place has refused, and the entry, if there is nothing else in it. Earlier versions stay in
    /// its history.
    ///
    /// - Parameter password: the one that was refused; if another is kept by now, it stays. Nil: whatever is kept.
    /// - Throws: as ``update(_:from:)``.
    public func reject(_ password: SharedSecret?, for place: CredentialPlace) async throws {
        guard var item = try await find(place) else { return }
        if let password {
            guard let kept = item.entry.secretPassword(), kept.isEqual(to: password.bytes) else { return }
        }
        item.entry.password = nil
        let known = ["Protocol", "Service", "Username"]
        if item.entry.content.names.allSatisfy({ known.contains($0) }) {
            try await remove(item.key, from: item.version)
        } else {
            try await update(item.entry, from: item.version)
        }
    }
}
