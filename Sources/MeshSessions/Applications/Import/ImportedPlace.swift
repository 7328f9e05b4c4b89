import MeshDARE

/// What an imported credential is for: a protocol and a service, as entries are kept.
struct ImportedPlace: Hashable {
    /// Nil for what has no URL, and is found by its title.
    let networkProtocol: String?
    let service: String

    /// The longest service or name of a user that makes a key, in octets.
    private static let longest = 1024

    /// The place of an entry that is there, whichever name stands before its host.
    init?(_ entry: CatalogedCredential) {
        guard var service = entry.service else { return nil }
        let name = entry.username ?? ""
        for prefix in ["\(Self.escaped(name))@", "\(name)@"] where service.hasPrefix(prefix) {
            service = String(service.dropFirst(prefix.count))
            break
        }
        networkProtocol = entry.networkProtocol.flatMap { $0.isEmpty ? nil : $0 }
        guard networkProtocol != nil else {
            self.service = service
            return
        }
        let slash = service.firstIndex(of: "/") ?? service.endIndex
        self.service = service[..<slash].lowercased() + service[slash...]
    }

    /// The place of an imported credential; nil if it says none.
    init?(_ login: ImportedLogin) {
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
    func service(naming user: String?) -> String { user.map { "\(Self.escaped($0))@\(service)" } ?? service }

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
