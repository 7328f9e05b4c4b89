import MeshCore
import MeshCryptography

/// A line of `known_hosts` (sshd(8)): which key a host has.
public struct KnownHost: Hashable, Sendable {
    /// What the key is for.
    public enum Marker: String, Sendable, CaseIterable {
        /// The key signs certificates of the hosts.
        case certificateAuthority = "@cert-authority"
        /// The key must not be accepted any more.
        case revoked = "@revoked"
    }

    /// What the key is for, if it is not simply the host's.
    public let marker: Marker?
    /// The hosts, as they are written: patterns with commas between, or one hashed name.
    public let hosts: String
    /// The key.
    public let key: SSHKeyBlob
    /// Words about it.
    public let comment: String

    /// The longest list of hosts.
    static let maximumHosts = 4096

    /// A line of these parts; nil if `hosts` is not a list of names or patterns that can stand in one.
    public init?(marker: Marker? = nil, hosts: String, key: SSHKeyBlob, comment: String = "") {
        guard Self.isHosts(hosts) else { return nil }
        self.marker = marker
        self.hosts = hosts
        self.key = key
        self.comment = SSHPublicKey.oneLine(comment)
    }

    /// Reads a line; nil for an empty one, a comment, or what `ssh` would not take for a key either.
    public init?(_ line: String) {
        guard !line.utf8.contains(0x0A), let text = SSHLines.text(Array(line.utf8)[...]) else { return nil }
        var words = SSHLines.words(text[...], text.hasPrefix("@") ? 5 : 4)
        var marker: Marker?
        if text.hasPrefix("@") {
            guard let first = words.first, let known = Marker(rawValue: first) else { return nil }
            marker = known
            words.removeFirst()
        }
        guard words.count >= 3, let key = SSHKeyBlob(algorithm: words[1], base64: words[2]) else { return nil }
        self.init(marker: marker, hosts: words[0], key: key, comment: words.count > 3 ? words[3] : "")
    }

    /// The line, without its end.
    public var line: String {
        let parts = (marker.map { [$0.rawValue] } ?? []) + [hosts, key.algorithm, key.base64]
        return (comment.isEmpty ? parts : parts + [comment]).joined(separator: " ")
    }

    /// Whether the hosts are hidden behind a hash.
    public var isHashed: Bool { hosts.hasPrefix("|") }

    /// The same for each of the hosts by itself. A line with exceptions (`!`) is one, because they belong to the others.
    public var separated: [KnownHost] {
        let patterns = hosts.split(separator: ",")
        guard !isHashed, patterns.count > 1, !patterns.contains(where: { $0.hasPrefix("!") }) else { return [self] }
        return patterns.compactMap { KnownHost(marker: marker, hosts: String($0), key: key, comment: comment) }
    }

    /// Whether the line is about `host`: a name or address, with another port than 22 as `[host]:port`.
    public func matches(_ host: String) -> Bool {
        let host = host.lowercased()
        if isHashed { return Self.hashed(host, as: hosts) }
        var isMatch = false
        for pattern in hosts.split(separator: ",") {
            let isException = pattern.hasPrefix("!")
            guard Self.matches(Array(host.utf8), Array(pattern.dropFirst(isException ? 1 : 0).lowercased().utf8))
            else { continue }
            if isException { return false }
            isMatch = true
        }
        return isMatch
    }

    /// The name of a host as lines have it: itself, or `[host]:port` for another port than 22.
    public static func name(_ host: String, port: Int = 22) -> String { port == 22 ? host : "[\(host)]:\(port)" }

    /// `host` hidden behind a hash, as `ssh` writes it with `HashKnownHosts`.
    public static func hashed(_ host: String, random: any RandomSource) -> String {
        let salt = random.bytes(20)
        return "|1|\(Base64.standard.encode(salt))|\(Base64.standard.encode(hash(host.lowercased(), salt)))"
    }

    /// The lines in a file. What is none is left out.
    ///
    /// - Throws: ``PlatformError`` `tooLarge`.
    public static func read(_ file: [UInt8]) throws -> [KnownHost] {
        try SSHLines(file).lines.compactMap { KnownHost(String(decoding: $0, as: UTF8.self)) }
    }

    // MARK: The parts

    private static func hash(_ host: String, _ salt: [UInt8]) -> [UInt8] {
        Insecure.hmacSHA1(Array(host.utf8), key: salt)
    }

    private static func hashed(_ host: String, as text: String) -> Bool {
        guard let (salt, code) = hashParts(text) else { return false }
        return hash(host, salt) == code
    }

    private static func hashParts(_ text: String) -> (salt: [UInt8], code: [UInt8])? {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].isEmpty, parts[1] == "1", let salt = Base64.standard.decode(String(parts[2])),
            let code = Base64.standard.decode(String(parts[3])), salt.count == 20, code.count == 20
        else { return nil }
        return (salt, code)
    }

    /// Whether `text` can stand as the hosts of a line, and be read as the same.
    private static func isHosts(_ text: String) -> Bool {
        guard (1...maximumHosts).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }),
            let first = text.utf8.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "@")
        else { return false }
        if first == UInt8(ascii: "|") { return hashParts(text) != nil }
        return text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { pattern in
            let name = pattern.hasPrefix("!") ? pattern.dropFirst() : pattern
            return !name.isEmpty
                && name.utf8.allSatisfy { octet in
                    (0x30...0x39).contains(octet) || (0x61...0x7A).contains(octet) || (0x41...0x5A).contains(octet)
                        || "-._:[]*?%".utf8.contains(octet)
                }
        }
    }

    /// Whether a pattern with `*` and `?` covers a name. Takes time in proportion to the product of the two.
    private static func matches(_ name: [UInt8], _ pattern: [UInt8]) -> Bool {
        var (place, position) = (0, 0)
        var star: (place: Int, position: Int)?
        while place < name.count {
            if position < pattern.count, pattern[position] == UInt8(ascii: "*") {
                star = (place, position)
                position += 1
            } else if position < pattern.count,
                pattern[position] == UInt8(ascii: "?") || pattern[position] == name[place]
            {
                place += 1
                position += 1
            } else if let last = star {
                star = (last.place + 1, last.position)
                (place, position) = (last.place + 1, last.position + 1)
            } else {
                return false
            }
        }
        return pattern[position...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
