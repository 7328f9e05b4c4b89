import MeshCore

/// What a key is for; the class decides what may be done with it (platform specification §7.2).
public enum KeyClass: String, Hashable, Sendable, CaseIterable {
    /// The seed of a personal profile: exportable, so that it can be escrowed.
    case master = "Master"
    /// An administration key: bound to this machine.
    case admin = "Admin"
    /// The seed of a device: bound to this machine. Only a copy of the machine's state that is to be restored takes it along.
    case device = "Device"
    /// A key of an application: exportable.
    case application = "Application"

    /// Whether keys of the class may be taken out of their store (escrow, SSH files, migration).
    public var isExportable: Bool { self == .master || self == .application }
}

/// What a key store knows of a key besides the key itself. None of it is secret.
public struct KeyItem: Hashable, Sendable {
    /// The most octets that ``account`` and ``label`` may have, in UTF-8.
    public static let maximumTextOctets = 1024

    /// The fingerprint that names the key: of a profile for its seed, of the key for any other. Unique in a store.
    public let identifier: UDF
    /// What the key is for.
    public let keyClass: KeyClass
    /// Whether the key may be taken out of the store. Never true where the class does not allow it.
    public let isExportable: Bool
    /// The portal account or other address the key belongs to.
    public let account: String?
    /// Words for a person. Shown by the tools of the store, such as a keyring manager.
    public let label: String

    /// Describes a key.
    ///
    /// - Parameters:
    ///   - isExportable: the class decides if this is nil; true is refused where the class does not allow it.
    ///   - label: `Mesh key` and the first fourteen letters of the fingerprint if this is nil.
    /// - Throws: ``PlatformError`` `notExportable`, or `invalidArgument` for texts that are too long or hold control
    ///   characters (a line break in an attribute damages some keyrings).
    public init(
        identifier: UDF, keyClass: KeyClass, isExportable: Bool? = nil, account: String? = nil, label: String? = nil
    ) throws {
        if isExportable == true, !keyClass.isExportable {
            throw PlatformError(
                .notExportable, store: "key", "A key of class \(keyClass.rawValue) cannot be made exportable.")
        }
        for text in [account, label].compactMap({ $0 }) {
            guard text.utf8.count <= Self.maximumTextOctets,
                text.unicodeScalars.allSatisfy({
                    $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value)
                })
            else {
                throw PlatformError(
                    .invalidArgument, store: "key",
                    "The account and the label of a key have no control characters and at most "
                        + "\(Self.maximumTextOctets) octets.")
            }
        }
        self.identifier = identifier
        self.keyClass = keyClass
        self.isExportable = isExportable ?? keyClass.isExportable
        self.account = account
        self.label = label ?? "Mesh key \(identifier.text.filter { $0 != "-" }.prefix(14))"
    }
}

/// A key read from a store: what it is, and the secret, which is wiped when the value ends.
public struct StoredKey: ~Copyable, Sendable {
    /// What the store knows of the key.
    public let item: KeyItem
    /// Changes whenever the stored value does; nil where the store cannot tell.
    public let revision: KeyRevision?
    /// The octets of the key.
    public let secret: SecretBytes

    /// A key as a store read it.
    public init(item: KeyItem, revision: KeyRevision?, secret: consuming SecretBytes) {
        self.item = item
        self.revision = revision
        self.secret = secret
    }
}

/// A mark of one version of a stored key, for compare-and-swap. Tells nothing about the key.
public struct KeyRevision: Hashable, Sendable {
    /// The store's own words for it.
    public let mark: String

    /// A revision that the store knows as `mark`.
    public init(_ mark: String) { self.mark = mark }
}
