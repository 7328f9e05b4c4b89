import MeshCore
import MeshEncoding
import MeshSessions

/// How a mail server is reached, to read mail or to send it (sessions specification §H, connection settings).
///
/// The password is not here: it is kept with the credentials, under the protocol and the host (``place``).
public struct MailConnection: Sendable, Equatable {
    /// What is spoken with the server.
    public enum Service: String, Sendable, CaseIterable {
        /// Reading mail where it is (RFC 9051).
        case imap
        /// Fetching mail (RFC 1939).
        case pop3
        /// Sending mail (RFC 6409).
        case smtp

        /// Whether mail comes from there.
        public var isInbound: Bool { self != .smtp }
    }

    /// How the connection is kept from others.
    public enum Security: String, Sendable, CaseIterable {
        /// TLS from the start (RFC 8314 §3).
        case direct = "Direct"
        /// The connection begins in the clear, and goes over to TLS (STARTTLS).
        case upgrade = "Upgrade"
        /// Not at all: for servers on the same machine.
        case none = "None"
    }

    /// All members, as they are kept: those that are not known here stay.
    private(set) var content: JSONObject
    /// What is spoken.
    public let service: Service
    /// The name of the host.
    public let host: String
    /// The port.
    public let port: Int
    /// How the connection is kept from others.
    public let security: Security
    /// The name of the user there.
    public let username: String?
    /// Ways to prove who one is (SASL mechanisms), the best first; none: whatever both know.
    public private(set) var authentication: [String] = []
    /// After how many seconds without an answer to give up.
    public private(set) var timeout: Int?
    /// Whether to look for new mail from time to time.
    public private(set) var isPolled = false

    /// A connection of these parts.
    ///
    /// - Parameter port: nil: the usual one.
    /// - Throws: ``MailAccountError`` `invalidConnection`, which names the part.
    public init(
        _ service: Service, host: String, port: Int? = nil, security: Security = .direct, username: String? = nil
    ) throws(MailAccountError) {
        guard MailText.isHost(host) else {
            throw Self.invalid("The host of the connection is no name of a host.", "Write it as imap.example.com.")
        }
        guard port.map({ (1...65535).contains($0) }) ?? true else {
            throw Self.invalid("The port of the connection is not between 1 and 65535.")
        }
        guard username.map({ MailText.isLine($0, atMost: 256) }) ?? true else {
            throw Self.invalid("The name of the user is not one line of 1 to 256 octets.")
        }
        let form = Form(service, security)
        self.service = service
        self.host = MailText.lowercased(host)
        self.port = port ?? form.port
        self.security = security
        self.username = username
        content = [:]
        content["ServiceName"] = .string(self.host)
        content["Port"] = .integer(Int64(self.port))
        content["Prefix"] = .string(form.prefix)
        content["Security"] = .string(security.rawValue)
        content["UserName"] = username.map { .string($0) }
        content["URI"] = .string(uri)
    }

    /// The connection with these ways to prove who one is.
    ///
    /// - Throws: ``MailAccountError`` `invalidConnection` for a word that is no name of a SASL mechanism (RFC 4422 §3.1).
    public func authenticated(by mechanisms: [String]) throws(MailAccountError) -> MailConnection {
        let areNames = mechanisms.allSatisfy { name in
            (1...20).contains(name.utf8.count)
                && name.utf8.allSatisfy {
                    MailText.isLetterOrDigit($0) && !(0x61...0x7A).contains($0) || $0 == UInt8(ascii: "-")
                        || $0 == UInt8(ascii: "_")
                }
        }
        guard areNames, mechanisms.count <= 16 else {
            throw Self.invalid("That is no way of authentication.", "They are written as PLAIN or SCRAM-SHA-256.")
        }
        var changed = self
        changed.authentication = mechanisms
        changed.content["Authentication"] = mechanisms.isEmpty ? nil : .array(mechanisms.map { .string($0) })
        return changed
    }

    /// The connection with a time after which to give up; nil for whatever the program has.
    ///
    /// - Throws: ``MailAccountError`` `invalidConnection` for less than a second, and for more than a day.
    public func timed(_ seconds: Int?) throws(MailAccountError) -> MailConnection {
        guard seconds.map({ (1...86_400).contains($0) }) ?? true else {
            throw Self.invalid("The time to wait for a server is between a second and a day.")
        }
        var changed = self
        changed.timeout = seconds
        changed.content["TimeOut"] = seconds.map { .integer(Int64($0)) }
        return changed
    }

    /// The connection, looked at for new mail from time to time or not.
    public func polled(_ isPolled: Bool) -> MailConnection {
        var changed = self
        changed.isPolled = isPolled
        changed.content["Polling"] = isPolled ? true : nil
        return changed
    }

    /// Where the credentials have the password: protocol, host, and the name of the user.
    public var place: CredentialPlace {
        CredentialPlace(networkProtocol: service.rawValue, host: host, username: username)
    }

    static func invalid(_ message: String, _ remedy: String? = nil) -> MailAccountError {
        MailAccountError(.invalidConnection, message, remedy: remedy)
    }
}

extension MailConnection {
    /// Reads a connection as an entry has it; nil if it makes none. Where the parts are missing, the URI counts.
    init?(_ members: JSONObject) {
        let read: MailConnection?
        if let host = members["ServiceName"]?.string, let prefix = members["Prefix"]?.string,
            let form = Form(prefix: prefix)
        {
            // The schema has a list of what is allowed, the first of which counts.
            let stated = members["Security"]?.string ?? members["Security"]?.array?.first?.string
            let security = stated.map { Security(rawValue: $0) } ?? form.security
            let port = members["Port"]?.integer.map { Int(exactly: $0) ?? 0 }
            guard let security else { return nil }
            read = try? MailConnection(
                form.service, host: host, port: port, security: security, username: members["UserName"]?.string)
        } else {
            read = members["URI"]?.string.flatMap { try? MailConnection(parsing: $0) }
        }
        guard var connection = read else { return nil }
        let mechanisms = members["Authentication"]?.array?.compactMap(\.string) ?? []
        connection = (try? connection.authenticated(by: mechanisms)) ?? connection
        let seconds = members["TimeOut"]?.integer.flatMap { Int(exactly: $0) }
        connection = (try? connection.timed(seconds)) ?? connection
        if members["Polling"] == true { connection = connection.polled(true) }
        var content = members
        for (name, value) in connection.content.members { content[name] = value }
        connection.content = content
        self = connection
    }

    /// A service with a kind of security: how it is written, and where it is found.
    struct Form: Sendable {
        let service: Service
        let security: Security
        /// As in a URI.
        let scheme: String
        /// The name of the service (RFC 6335), as it stands in the DNS without underscores (RFC 6186, RFC 8314).
        let prefix: String
        /// The usual port.
        let port: Int

        private init(_ service: Service, _ security: Security, _ scheme: String, _ prefix: String, _ port: Int) {
            self.service = service
            self.security = security
            self.scheme = scheme
            self.prefix = prefix
            self.port = port
        }

        static let all = [
            Form(.imap, .direct, "imaps", "imaps", 993), Form(.imap, .upgrade, "imap+starttls", "imap", 143),
            Form(.imap, .none, "imap", "imap", 143),
            Form(.pop3, .direct, "pop3s", "pop3s", 995), Form(.pop3, .upgrade, "pop3+starttls", "pop3", 110),
            Form(.pop3, .none, "pop3", "pop3", 110),
            Form(.smtp, .direct, "smtps", "submissions", 465),
            Form(.smtp, .upgrade, "smtp+starttls", "submission", 587), Form(.smtp, .none, "smtp", "smtp", 25),
        ]

        /// The one form of the two.
        init(_ service: Service, _ security: Security) {
            let found = Form.all.first { $0.service == service && $0.security == security }
            self = found ?? Form(service, security, service.rawValue, service.rawValue, 0)
        }

        init?(scheme: String) {
            guard let form = Form.all.first(where: { $0.scheme == scheme }) else { return nil }
            self = form
        }

        /// Of several, the one with security.
        init?(prefix: String) {
            var name = prefix.hasPrefix("_") ? prefix.dropFirst() : prefix[...]
            if let end = name.firstIndex(of: ".") { name = name[..<end] }
            guard let form = Form.all.first(where: { $0.prefix == name }) else { return nil }
            self = form
        }
    }
}
