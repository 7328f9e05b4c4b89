import MeshDARE

/// What an imported credential is for: a protocol and a service, as entries are kept.
package struct ImportedPlace: Hashable {
    /// Nil for what has no URL, and is found by its title.
    package let networkProtocol: String?
    let service: String

    /// The longest service or name of a user that makes a key, in octets.
    private static let longest = 1024

    private init(_ networkProtocol: String?, _ service: String) {
        self.networkProtocol = networkProtocol
        self.service = service
    }

    /// The places that an entry may be for: as its service says, and without the name of its user that may stand before it.
    package static func places(of entry: CatalogedCredential) -> Set<ImportedPlace> {
        guard let service = entry.service else { return [] }
        let networkProtocol = entry.networkProtocol.flatMap { $0.isEmpty ? nil : $0 }
        let name = entry.username ?? ""
        let prefixes = ["", "\(escaped(name))@", "\(name)@"]
        return Set(
            prefixes.filter { service.utf8.starts(with: $0.utf8) }.map { prefix in
                let place = String(decoding: service.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
                guard networkProtocol != nil else { return ImportedPlace(nil, place) }
                let slash = place.firstIndex(of: "/") ?? place.endIndex
                return ImportedPlace(networkProtocol, place[..<slash].lowercased() + place[slash...])
            })
    }

    /// The place of an imported credential; nil if it says none.
    package init?(_ login: ImportedLogin) {
        if let (networkProtocol, host) = Self.origin(of: login.url) {
            (self.networkProtocol, service) = (networkProtocol, host)
            return
        }
        // Something that is no URL is a name as good as the title.
        guard let name = [login.title, login.url].first(where: { !$0.isEmpty }), name.utf8.count <= Self.longest else {
            return nil
        }
        (networkProtocol, service) = (nil, name)
    }

    /// The service of an entry; with the name of the user for a second entry there.
    package func service(naming user: String?) -> String { user.map { "\(Self.escaped($0))@\(service)" } ?? service }

    func key(naming user: String?) -> String { "\(networkProtocol ?? ""):\(service(naming: user))" }

    /// Whether a URL says more than its origin.
    func isShort(for url: String) -> Bool {
        guard let networkProtocol else { return url.isEmpty || url == service }
        let origin = "\(networkProtocol)://\(service)"
        return url.isEmpty || [origin, "\(origin)/", service].contains(url)
    }

    /// In front of a host, a slash would begin a path.
    private static func escaped(_ user: String) -> String {
        user.contains("/")
            ? user.split(separator: "/", omittingEmptySubsequences: false).joined(separator: "%2F") : user
    }

    /// Protocol and host of a URL, the port with it if it is not the usual one; without a scheme, `https`.
    static func origin(of url: String) -> (networkProtocol: String, host: String)? {
        var (scheme, rest) = ("https", url[...])
        if let mark = url.firstRange(of: "://") {
            scheme = url[..<mark.lowerBound].lowercased()
            rest = url[mark.upperBound...]
        } else if !url.contains(".") && !url.contains(":") {
            // A word, not a host.
            return nil
        }
        let letters = scheme.utf8
        guard let first = letters.first, (0x61...0x7A).contains(first),
            letters.allSatisfy({
                (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0)
            })
        else { return nil }
        var authority = rest.prefix { !"/?#".contains($0) }
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        var host = authority.lowercased()
        for (name, port) in [("http", ":80"), ("https", ":443")] where scheme == name && host.hasSuffix(port) {
            host.removeLast(port.count)
        }
        let isHost = host.unicodeScalars.allSatisfy { scalar in
            !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control && scalar != "\\"
        }
        guard !host.isEmpty, host.utf8.count <= longest, isHost else { return nil }
        return (scheme, host)
    }
}
