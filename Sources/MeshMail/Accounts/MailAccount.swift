import MeshCore
import MeshDARE
import MeshEncoding

/// A mail account of a person, the same on all devices that have the right ``Right/mail`` (sessions specification §H;
/// `schema-08` §10.4, CatalogedApplicationMail): its settings, and the public halves of its keys.
///
/// Passwords are not here: they are kept with the credentials (``MailConnection/place``). What other programs have put into the
/// entry stays there.
public struct MailAccount: Sendable, Equatable {
    /// The entry.
    var entry: CatalogedApplication
    /// The address.
    public let address: MailAddress

    /// A new account, without settings.
    public init(_ address: MailAddress) {
        self.address = address
        entry = CatalogedApplication(.mail, key: Self.key(address))
        entry.accountAddress = address.text
    }

    /// Reads an entry.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if it is no mail account.
    init(_ entry: CatalogedApplication) throws {
        guard entry.kind == .mail, let text = entry.accountAddress, let address = try? MailAddress(text) else {
            throw CatalogError(.invalidEntry, "The entry \"\(entry.key ?? "")\" is no mail account.")
        }
        self.entry = entry
        self.address = address
    }

    /// The primary key of the entry for an address.
    static func key(_ address: MailAddress) -> String { "mail:\(address.canonical)" }

    // MARK: Settings

    /// The address to which answers are to go, where it is another.
    public var replyTo: MailAddress? {
        get { text("ReplyToAddress").flatMap { try? MailAddress($0) } }
        set { entry.content["ReplyToAddress"] = newValue.map { .string($0.text) } }
    }

    /// The name that stands before the address in mail.
    public var displayName: String? {
        get { text("DisplayName") }
        set { entry.content["DisplayName"] = newValue.map { .string($0) } }
    }

    /// What the person calls the account.
    public var accountName: String? {
        get { text("AccountName") }
        set { entry.content["AccountName"] = newValue.map { .string($0) } }
    }

    /// How mail is read, the best way first. What is no connection to us is kept after those that are.
    public var inbound: [MailConnection] {
        get { connections("Inbound", isInbound: true) }
        set {
            set(newValue, "Inbound", isInbound: true)
            entry.inboundConnect = newValue.first?.uri
        }
    }

    /// How mail is sent, the best way first.
    public var outbound: [MailConnection] {
        get { connections("Outbound", isInbound: false) }
        set {
            set(newValue, "Outbound", isInbound: false)
            entry.outboundConnect = newValue.first?.uri
        }
    }

    /// A short name of the person's own for it.
    public var localName: String? {
        get { entry.localName }
        set { entry.localName = newValue }
    }

    /// Words that it is marked with.
    public var labels: [String] {
        get { entry.labels }
        set { entry.labels = newValue }
    }

    /// Checks what the properties do not check by themselves.
    ///
    /// - Throws: ``MailAccountError`` `invalidSetting`, `invalidConnection`, which name the setting.
    func validate() throws(MailAccountError) {
        for (name, value) in [("display name", displayName), ("account name", accountName), ("local name", localName)] {
            guard let value, !MailText.isLine(value, atMost: 256) else { continue }
            throw MailAccountError(
                .invalidSetting, "The \(name) is not one line of 1 to 256 octets without control characters.")
        }
        guard inbound.count <= Self.maximumConnections, outbound.count <= Self.maximumConnections else {
            throw MailAccountError(
                .invalidSetting, "A mail account has at most \(Self.maximumConnections) connections of each sort.")
        }
    }

    private static let maximumConnections = 16

    private func text(_ name: String) -> String? { entry.content[name]?.string }

    private func connections(_ name: String, isInbound: Bool) -> [MailConnection] {
        guard let list = entry.content[name]?.array else {
            // Who has only the members of the schema.
            let uri = isInbound ? entry.inboundConnect : entry.outboundConnect
            return [uri.flatMap { try? MailConnection(parsing: $0) }].compactMap { $0 }
                .filter { $0.service.isInbound == isInbound }
        }
        return list.compactMap { $0.object.flatMap { MailConnection($0) } }.filter { $0.service.isInbound == isInbound }
    }

    private mutating func set(_ connections: [MailConnection], _ name: String, isInbound: Bool) {
        let others = (entry.content[name]?.array ?? []).filter { value in
            value.object.flatMap { MailConnection($0) }.map { $0.service.isInbound != isInbound } ?? true
        }
        let list = connections.map { JSONValue.object($0.content) } + others
        entry.content[name] = list.isEmpty ? nil : .array(list)
    }
}

// What is printed or logged of an account says which it is.
extension MailAccount: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "mail account \(address)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["address": address.text]) }
}
