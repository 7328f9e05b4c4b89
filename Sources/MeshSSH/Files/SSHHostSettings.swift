/// What `ssh` is to do for a host: a section of `config` (ssh_config(5)).
///
/// Every part is of a kind that can stand in the file as it is, and be taken for nothing else.
public struct SSHHostSettings: Hashable, Sendable {
    /// What the person types.
    public let alias: String
    /// The host's name or address; nil if the alias is it.
    public let address: String?
    /// The port; nil for 22.
    public let port: Int?
    /// Who to log in as; nil for the name of the person here.
    public let user: String?

    /// Settings of these parts; nil if one of them is no name, address, port or user.
    public init?(alias: String, address: String? = nil, port: Int? = nil, user: String? = nil) {
        guard Self.isName(alias), address.map(Self.isName) ?? true, port.map((1...65_535).contains) ?? true,
            user.map(Self.isUser) ?? true
        else { return nil }
        self.alias = alias
        self.address = address
        self.port = port
        self.user = user
    }

    /// The section. Two spaces in front of each line but the first.
    ///
    /// - Parameter agent: the path of the agent's socket to use for the host.
    func section(agent: String?) -> [String] {
        var lines = ["Host \(alias)"]
        if let address { lines.append("  HostName \(address)") }
        if let port { lines.append("  Port \(port)") }
        if let user { lines.append("  User \(user)") }
        if let agent { lines.append("  IdentityAgent \"\(agent)\"") }
        return lines
    }

    /// The lines of a `config` with these sections. What follows them in the file belongs to all hosts again.
    ///
    /// - Parameter agent: the path of the agent's socket to use for these hosts; nil leaves it to `SSH_AUTH_SOCK`. A path that
    ///   cannot be written there (line breaks, quotation marks, `%`, `$`, `\`) is left out.
    public static func config(_ settings: [SSHHostSettings], agent: String? = nil) -> [String] {
        guard !settings.isEmpty else { return [] }
        let agent = agent.flatMap { isPath($0) ? $0 : nil }
        return settings.flatMap { $0.section(agent: agent) } + ["Match all"]
    }

    private static func isPlain(_ octet: UInt8) -> Bool {
        (0x30...0x39).contains(octet) || (0x61...0x7A).contains(octet) || (0x41...0x5A).contains(octet)
    }

    private static func isName(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return (isPlain(first) || first == UInt8(ascii: ":"))
            && text.utf8.allSatisfy { isPlain($0) || "-._:".utf8.contains($0) }
    }

    private static func isUser(_ text: String) -> Bool {
        guard (1...64).contains(text.utf8.count), let first = text.utf8.first else { return false }
        return (isPlain(first) || first == UInt8(ascii: "_"))
            && text.utf8.allSatisfy { isPlain($0) || "-._@+".utf8.contains($0) }
    }

    private static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.count <= 1024
            && text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !"\"%$\\".unicodeScalars.contains($0)
            }
    }
}
