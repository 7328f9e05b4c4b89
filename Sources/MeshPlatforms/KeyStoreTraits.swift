import MeshCore

/// What a key store says of itself. Everything said here is proven by the conformance kit.
public struct KeyStoreTraits: Hashable, Sendable {
    /// The name it is selected by: lower-case, dash-separated, the same for every instance: `secret-service`, `files`.
    public var name: String
    /// Who really keeps the keys, as far as it can be found out: `gnome-keyring`, a directory, `process`.
    public var provider: String
    /// The part of the provider that is used, such as a collection; empty if there are no parts.
    public var collection: String
    /// How long keys are kept.
    public var persistence: Persistence
    /// What stands between a thief and the keys.
    public var protection: Protection
    /// The largest secret that can be stored, in octets; nil if there is no limit but memory.
    public var largestValue: Int?
    /// What the store can do beyond storing, reading and removing.
    public var capabilities: KeyStoreCapabilities

    /// Describes a store.
    public init(
        name: String, provider: String, collection: String = "", persistence: Persistence, protection: Protection,
        largestValue: Int? = nil, capabilities: KeyStoreCapabilities
    ) {
        self.name = name
        self.provider = provider
        self.collection = collection
        self.persistence = persistence
        self.protection = protection
        self.largestValue = largestValue
        self.capabilities = capabilities
    }

    /// The error of a call that needs a capability that is not declared: `name` cannot `doing`.
    public func unsupported(_ doing: String) -> PlatformError {
        PlatformError(.unsupported, store: name, "This key store cannot \(doing).")
    }
}

/// How long a store keeps what it was given.
public enum Persistence: Int, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Until the process ends.
    case process
    /// Until the machine restarts or the person logs out.
    case untilReboot
    /// Until someone deletes it.
    case untilDeleted

    public var description: String {
        switch self {
        case .process: "process"
        case .untilReboot: "until reboot"
        case .untilDeleted: "until deleted"
        }
    }

    public static func < (left: Persistence, right: Persistence) -> Bool { left.rawValue < right.rawValue }
}

/// What protects the keys of a store at rest, from nothing to the strongest.
public enum Protection: Int, Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Nothing.
    case plain
    /// The permissions of files: no other user, but any thief of the disk.
    case filePermissions
    /// A passphrase through a memory-hard function.
    case passphrase
    /// The keyring of the person's session.
    case keyring
    /// Hardware that does not give the key away.
    case hardware

    public var description: String {
        switch self {
        case .plain: "plain"
        case .filePermissions: "file permissions"
        case .passphrase: "passphrase"
        case .keyring: "keyring"
        case .hardware: "hardware"
        }
    }

    public static func < (left: Protection, right: Protection) -> Bool { left.rawValue < right.rawValue }
}

/// What a store can do beyond storing, reading and removing.
public struct KeyStoreCapabilities: OptionSet, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int

    /// The set with these bits.
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// Can list its keys.
    public static let listing = KeyStoreCapabilities(rawValue: 1)
    /// Can be locked and unlocked.
    public static let locking = KeyStoreCapabilities(rawValue: 2)
    /// Tells of changes.
    public static let watching = KeyStoreCapabilities(rawValue: 4)
    /// Reads many keys without more round trips.
    public static let batch = KeyStoreCapabilities(rawValue: 8)
    /// Of several processes that create one key, exactly one succeeds.
    public static let atomicCreation = KeyStoreCapabilities(rawValue: 16)
    /// Replaces a key only if it is unchanged since it was read.
    public static let compareAndSwap = KeyStoreCapabilities(rawValue: 32)

    public var description: String {
        let names: [(KeyStoreCapabilities, String)] = [
            (.listing, "listing"), (.locking, "locking"), (.watching, "watching"), (.batch, "batch"),
            (.atomicCreation, "atomic creation"), (.compareAndSwap, "compare and swap"),
        ]
        return names.filter { contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}
