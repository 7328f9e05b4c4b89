import MeshCore

/// The configuration of a machine: a tree of keys with typed values, shared by many processes.
///
/// Each platform mode has a registry (a *hive*) of its own. The rules that hold for every registry, and that
/// `RegistryConformance` of `MeshPlatformTesting` proves:
///
/// - A change is one transaction: all of it is kept or none, also when the process is killed or the disk is full, and
///   no update of another process is lost.
/// - A returned ``modify(expecting:options:_:)`` is durable (for registries that persist).
/// - A registry that cannot be read throws `corrupt` or another error. It is never taken for an empty one.
/// - What the registry holds and this version does not know is kept.
/// - Calls end by their deadline, and do not block the cooperative pool.
public protocol Registry: Sendable {
    /// Where the registry is, for messages: a path, or `memory`.
    var name: String { get }

    /// Calls `body` with one consistent state of the whole tree.
    ///
    /// - Throws: ``PlatformError`` `corrupt`, `unknownVersion`, `insecurePermissions`, `accessDenied`, `timedOut`,
    ///   `inputOutput`, and what `body` throws.
    func read<R: Sendable>(
        options: CallOptions, _ body: @Sendable (any RegistryReader) throws -> R
    ) async throws -> R

    /// Changes the registry: `body` runs on the newest state while no other process can change it, and what it did is
    /// kept when it returns, or forgotten when it throws.
    ///
    /// `body` must be short and must not call the registry again.
    ///
    /// - Parameter expecting: if given, the generation that must still be the present one.
    /// - Throws: ``PlatformError`` `changedUnderneath` (another generation), `timedOut` (another process holds the
    ///   lock), `noSpace`, `readOnly` and as ``read(options:_:)``; and what `body` throws.
    func modify<R: Sendable>(
        expecting: RegistryGeneration?, options: CallOptions,
        _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R

    /// The generations that follow the present one, by whomever they were made, newest only if several came at once.
    func changes() -> AsyncStream<RegistryGeneration>

    /// Removes everything. In test modes only: `productionRefused` otherwise.
    func eraseTestData(options: CallOptions) async throws
}

/// A count of the changes of a registry. It grows with every change and never falls.
public struct RegistryGeneration: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The count.
    public let number: UInt64
    public var description: String { String(number) }

    /// Generation `number`.
    public init(_ number: UInt64) { self.number = number }

    public static func < (left: RegistryGeneration, right: RegistryGeneration) -> Bool { left.number < right.number }
}

/// Read access to one state of a registry. Valid inside the call it was given for only.
public protocol RegistryReader {
    /// The generation of the state.
    var generation: RegistryGeneration { get }
    /// The value called `name` of the key at `path`; nil if there is no such key or value. `name` nil: the unnamed one.
    ///
    /// - Throws: ``PlatformError`` `unsupported` if a value is there, but of a type that no registry value has.
    func value(_ name: String?, at path: RegistryPath) throws -> RegistryValue?
    /// The names of the values of the key at `path`, in their order; the unnamed one is not among them.
    func valueNames(at path: RegistryPath) -> [String]
    /// The names of the keys below the key at `path`, in their order.
    func keyNames(at path: RegistryPath) -> [String]
    /// Whether there is a key at `path`.
    func hasKey(at path: RegistryPath) -> Bool
}

/// Read and write access to the state that a transaction makes.
public protocol RegistryTransaction: RegistryReader {
    /// Sets the value called `name` (nil: the unnamed one) of the key at `path`, making keys as needed.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` for a name that is not allowed, `alreadyExists` if a key of that
    ///   name stands there (a name is a value or a key, not both).
    mutating func set(_ value: RegistryValue, _ name: String?, at path: RegistryPath) throws
    /// Removes the value called `name` (nil: the unnamed one) of the key at `path`; false if there is none.
    mutating func removeValue(_ name: String?, at path: RegistryPath) throws -> Bool
    /// Removes the key at `path` with all below it; false if there is none. The root stays, emptied.
    mutating func removeKey(at path: RegistryPath) throws -> Bool
}

/// The path of a registry key: its names from the root down. The root is the empty path.
public struct RegistryPath: Hashable, Sendable, CustomStringConvertible {
    /// The names.
    public let components: [String]

    /// The root.
    public static let root = RegistryPath(components: [])

    private init(components: [String]) { self.components = components }

    /// - Throws: ``PlatformError`` `invalidArgument` if a name is not allowed (see ``RegistryPath/isValidName(_:)``).
    public init(_ components: [String]) throws {
        for name in components where !Self.isValidName(name) {
            throw PlatformError(
                .invalidArgument, store: "registry",
                "A registry name has 1 to 255 octets, no control characters, does not start with '$' and is not 'Default'."
            )
        }
        self.components = components
    }

    /// For paths written in the program, as `"Accounts/Entries"`; a name that is not allowed is a programmer's mistake.
    public init(literal: StaticString) {
        let components = literal.description.split(separator: "/").map(String.init)
        precondition(components.allSatisfy(Self.isValidName), "not a registry path: \(literal)")
        self.components = components
    }

    /// The key called `name` below this one.
    ///
    /// - Throws: ``PlatformError`` `invalidArgument` if the name is not allowed.
    public func appending(_ name: String) throws -> RegistryPath { try RegistryPath(components + [name]) }

    /// Whether `name` can be the name of a key or value: 1 to 255 octets of UTF-8, no control characters, not starting
    /// with `$` (kept for typed values), and not `Default` (kept for the unnamed value).
    public static func isValidName(_ name: String) -> Bool {
        (1...255).contains(name.utf8.count) && name.utf8.first != 0x24 && name != "Default"
            && name.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x7F && !(0x80...0x9F).contains($0.value)
            }
    }

    public var description: String { components.joined(separator: "/") }
}

/// A value of a registry.
public enum RegistryValue: Hashable, Sendable {
    /// A text.
    case string(String)
    /// Several texts in an order that means something.
    case strings([String])
    /// A whole number.
    case integer(Int64)
    /// Octets.
    case binary([UInt8])
}

extension RegistryReader {
    /// The text called `name` at `path`; nil if there is none.
    ///
    /// - Throws: ``PlatformError`` `unsupported` if the value is no text.
    public func string(_ name: String?, at path: RegistryPath) throws -> String? {
        switch try value(name, at: path) {
        case nil: return nil
        case .string(let text): return text
        default:
            throw PlatformError(
                .unsupported, store: "registry", "The value '\(name ?? "(Default)")' of '\(path)' is not a text.")
        }
    }
}

extension Registry {
    /// As ``read(options:_:)`` with the usual options.
    public func read<R: Sendable>(_ body: @Sendable (any RegistryReader) throws -> R) async throws -> R {
        try await read(options: CallOptions(), body)
    }

    /// As ``modify(expecting:options:_:)`` with the usual options.
    public func modify<R: Sendable>(
        expecting: RegistryGeneration? = nil, _ body: @Sendable (inout any RegistryTransaction) throws -> R
    ) async throws -> R {
        try await modify(expecting: expecting, options: CallOptions(), body)
    }

    /// The text called `name` at `path`; nil if there is none.
    public func string(_ name: String?, at path: RegistryPath) async throws -> String? {
        try await read { try $0.string(name, at: path) }
    }
}
