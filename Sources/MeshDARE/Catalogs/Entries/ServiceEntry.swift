import MeshCore
import MeshEncoding

/// What credentials and networks have in common: a service, and what opens it (`schema-08` §10.4).
///
/// What such an entry is described by, to be printed or logged, is its key: never what it holds.
public protocol ServiceEntry: DefaultableEntry, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{}

extension ServiceEntry {
    /// The members that each of them has.
    static var serviceMembers: [EntryMember] {
        ["Protocol", "Service", "Username", "Password"].map { EntryMember($0, .text) } + [defaultMember]
    }

    /// An entry for `service`, under `networkProtocol` if only that is meant.
    public init(service: String, networkProtocol: String? = nil) {
        self.init()
        self.networkProtocol = networkProtocol
        self.service = service
    }

    /// Protocol, a colon, service.
    public var primaryKey: String? { service.map { "\(networkProtocol ?? ""):\($0)" } }

    /// The protocol, as `http`, `smtp`; the kind of a network, as `wifi`.
    public var networkProtocol: String? {
        get { self["Protocol"] }
        set { self["Protocol"] = newValue }
    }
    /// The service, a domain name; the network, an SSID.
    public var service: String? {
        get { self["Service"] }
        set { self["Service"] = newValue }
    }
    /// The name of the user there.
    public var username: String? {
        get { self["Username"] }
        set { self["Username"] = newValue }
    }
    /// The name of the secondary key that is the service.
    public static var serviceKey: String { "Service" }
    /// The service, under whatever protocol.
    public var secondaryKeys: [SecondaryKey] {
        (service.map { [SecondaryKey(name: Self.serviceKey, value: $0)] } ?? []) + defaultKeys
    }

    /// The password, as the schema has it: a text in the entry.
    public var password: String? {
        get { self["Password"] }
        set { self["Password"] = newValue }
    }

    /// The password in memory that is wiped; nil if there is none. The entry itself holds it as a text, and is not wiped: let go
    /// of it soon.
    public func secretPassword() -> SecretBytes? {
        guard let text = password?.utf8 else { return nil }
        return SecretBytes(count: text.count) { $0.copyBytes(from: text) }
    }

    /// Sets the password.
    ///
    /// - Throws: ``CatalogError`` `invalidEntry` if it is no text (UTF-8).
    public mutating func setPassword(_ password: borrowing SecretBytes) throws(CatalogError) {
        guard let text = password.withUnsafeBytes({ String(validating: $0, as: UTF8.self) }) else {
            throw CatalogError(.invalidEntry, "The password is no text (UTF-8).")
        }
        self.password = text
    }

    /// What it is, and its key.
    public var description: String { "\(tag) \(primaryKey ?? "without a key")" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["key": primaryKey as Any]) }
}
