import ArgumentParser
import MeshCore
import MeshMail
import MeshPlatforms
import MeshSessions

/// A program that sends, fetches or shows mail, and how an account is written in its configuration. Passwords are not: the program
/// fetches them by `meshclient credential show`.
enum MailProgram: String, CaseIterable, ExpressibleByArgument {
    case msmtp
    case mbsync
    case mutt

    /// What the configuration says about an account.
    ///
    /// - Parameter credentials: the keys of the credentials with the passwords, by the connections' URIs.
    /// - Throws: ``UsageError`` if something of the account cannot be written there.
    func configuration(of account: MailAccount, _ credentials: [String: String]) throws -> String {
        let lines =
            switch self {
            case .msmtp: try Self.msmtp(account, credentials)
            case .mbsync: try Self.mbsync(account, credentials)
            case .mutt: try Self.mutt(account, credentials)
            }
        return lines.map { "\($0)\n" }.joined()
    }

    /// The connections that the program uses.
    func connections(of account: MailAccount) -> [MailConnection] {
        let imap = account.inbound.first { $0.service == .imap }
        return [self == .msmtp ? nil : imap, self == .mbsync ? nil : account.outbound.first].compactMap { $0 }
    }

    // MARK: The programs

    private static func msmtp(_ account: MailAccount, _ credentials: [String: String]) throws -> [String] {
        guard let server = account.outbound.first else { throw missing("--outbound", account) }
        var lines = [
            "account \(try word(account.address.text))", "host \(server.host)", "port \(server.port)",
            "from \(try word(account.address.text))", "tls \(server.security == .none ? "off" : "on")",
        ]
        if server.security != .none { lines.append("tls_starttls \(server.security == .upgrade ? "on" : "off")") }
        if let timeout = server.timeout { lines.append("timeout \(timeout)") }
        guard let user = server.username else { return lines + ["auth off"] }
        let known = ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "CRAM-MD5", "LOGIN", "GSSAPI"]
        let method = server.authentication.first(where: known.contains)?.lowercased() ?? "on"
        return lines + [
            "auth \(method)", "user \(try quoted(user))",
            "passwordeval \(try quoted(try command(server, credentials)))",
        ]
    }

    private static func mbsync(_ account: MailAccount, _ credentials: [String: String]) throws -> [String] {
        guard let server = account.inbound.first(where: { $0.service == .imap }) else {
            throw missing("--inbound imaps://", account)
        }
        let name = try word(account.address.text)
        let security = [.direct: "IMAPS", .upgrade: "STARTTLS", .none: "None"][server.security] ?? "IMAPS"
        var lines = ["IMAPAccount \(name)", "Host \(server.host)", "Port \(server.port)", "SSLType \(security)"]
        if let user = server.username {
            lines += ["User \(try quoted(user))", "PassCmd \(try quoted(try command(server, credentials)))"]
        }
        if !server.authentication.isEmpty {
            lines.append("AuthMechs \(server.authentication.joined(separator: " "))")
        }
        if let timeout = server.timeout { lines.append("Timeout \(timeout)") }
        return lines + [
            "", "IMAPStore \(name)-remote", "Account \(name)", "", "MaildirStore \(name)-local",
            "Path ~/Mail/\(name)/", "Inbox ~/Mail/\(name)/INBOX", "SubFolders Verbatim", "", "Channel \(name)",
            "Far :\(name)-remote:", "Near :\(name)-local:", "Patterns *", "Create Both", "SyncState *",
        ]
    }

    private static func mutt(_ account: MailAccount, _ credentials: [String: String]) throws -> [String] {
        var lines = ["set from = \(try quoted(account.address.text))"]
        if let name = account.displayName { lines.append("set realname = \(try quoted(name))") }
        if let address = account.replyTo { lines.append("my_hdr Reply-To: \(try word(address.text))") }
        var used: [MailConnection] = []
        if let server = account.inbound.first(where: { $0.service == .imap }) {
            used.append(server)
            lines += [
                "set folder = \(try quoted(Self.url(server, "imap")))", "set spoolfile = \"+INBOX\"",
            ]
            if let user = server.username {
                lines += [
                    "set imap_user = \(try quoted(user))", "set imap_pass = \"`\(try command(server, credentials))`\"",
                ]
            }
        }
        if let server = account.outbound.first {
            used.append(server)
            lines.append("set smtp_url = \(try quoted(Self.url(server, "smtp")))")
            if server.username != nil {
                lines.append("set smtp_pass = \"`\(try command(server, credentials))`\"")
            }
        }
        guard !used.isEmpty else { throw missing("--inbound and --outbound", account) }
        // Without it, mutt would go on in the clear where TLS is to come after the beginning.
        lines.append("set ssl_force_tls = \(used.allSatisfy { $0.security == .none } ? "no" : "yes")")
        if used.contains(where: { $0.security == .upgrade }) { lines.append("set ssl_starttls = yes") }
        let keys = [(MailKey.Kind.openPGP, "pgp_default_key"), (.smime, "smime_default_key")]
        for (kind, variable) in keys {
            guard let key = account.currentKey(kind, .encrypt) ?? account.currentKey(kind, .sign) else { continue }
            lines.append("set \(variable) = \"\(key.fingerprint)\"")
        }
        return lines
    }

    private static func url(_ server: MailConnection, _ scheme: String) -> String {
        let user = server.uri.firstRange(of: "://").flatMap { start in
            server.uri.lastIndex(of: "@").map { String(server.uri[start.upperBound...$0]) }
        }
        return "\(scheme)\(server.security == .direct ? "s" : "")://\(user ?? "")\(server.host):\(server.port)/"
    }

    // MARK: The parts

    /// The command that prints the password of a connection.
    private static func command(_ server: MailConnection, _ credentials: [String: String]) throws -> String {
        let key = credentials[server.uri] ?? "\(server.service.rawValue):\(server.host)"
        return "meshclient credential show \(try word(key)) --to -"
    }

    /// A word that neither a shell nor the program takes for anything else.
    private static func word(_ text: String) throws -> String {
        let isPlain = text.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || (0x41...0x5A).contains(octet) || (0x61...0x7A).contains(octet)
                || "@:./_+=,-".utf8.contains(octet)
        }
        guard isPlain, !text.isEmpty, text.first != "-" else { throw unwritable(text) }
        return text
    }

    /// A text between quotes, in which nothing is expanded.
    private static func quoted(_ text: String) throws -> String {
        guard !text.contains(where: { "\"\\`$'".contains($0) || $0.isNewline }) else { throw unwritable(text) }
        return "\"\(text)\""
    }

    private static func unwritable(_ text: String) -> UsageError {
        UsageError(
            "'\(shown(text))' cannot be written into the configuration of the program.",
            remedy: "Write that part by hand.")
    }

    private static func missing(_ option: String, _ account: MailAccount) -> UsageError {
        UsageError(
            "The account \(account.address) has no such connection.",
            remedy: "Enter it: meshclient mail set \(account.address) \(option)")
    }
}
