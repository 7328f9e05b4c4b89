import MeshCore

/// One key store that a program could use: how it is named, and how it is opened.
public struct KeyStoreCandidate: Sendable {
    /// The name it is selected by, which is the name in the traits of what it opens.
    public let name: String
    /// Whether it may be chosen without being named. False for a store that is weaker than the person may expect.
    public let isAutomatic: Bool
    /// Why it is not chosen without being named; for people.
    public let note: String
    private let makeStore: @Sendable () async throws -> any KeyStore

    /// A candidate that `open` opens, throwing a ``PlatformError`` that says why it cannot be used.
    public init(
        name: String, isAutomatic: Bool, note: String = "", open: @escaping @Sendable () async throws -> any KeyStore
    ) {
        self.name = name
        self.isAutomatic = isAutomatic
        self.note = note
        self.makeStore = open
    }

    /// Opens the store. Ends by the store's own deadline.
    public func open() async throws -> any KeyStore { try await makeStore() }
}

/// A key store that was chosen, and why.
public struct SelectedKeyStore: Sendable {
    /// Where the choice came from.
    public enum Reason: String, Sendable {
        /// The caller named it.
        case explicit = "explicit argument"
        /// `MESH_KEYSTORE` names it.
        case environment = "MESH_KEYSTORE"
        /// The registry has pinned it.
        case registry = "pinned in the registry"
        /// It is the first that answered.
        case probe = "first that answers"
    }

    /// The store.
    public let store: any KeyStore
    /// Where the choice came from.
    public let reason: Reason
}

/// Chooses a key store: explicit argument, environment, registry, then what the machine really answers.
///
/// A store that was named and cannot be used is an error: another is never taken in its place.
public struct KeyStoreSelection: Sendable {
    /// The environment variable that names a store.
    public static let variable = "MESH_KEYSTORE"

    /// The stores to choose from, the most preferred first.
    public let candidates: [KeyStoreCandidate]

    /// A selection among `candidates`.
    public init(_ candidates: [KeyStoreCandidate]) { self.candidates = candidates }

    /// Chooses and opens a store.
    ///
    /// - Parameters:
    ///   - explicit: the name the caller gave, if any.
    ///   - environment: the environment of the process.
    ///   - registry: where a pinned store is looked up.
    /// - Throws: ``PlatformError`` `invalidArgument` (no candidate of that name), what opening the named store throws,
    ///   `storeChanged` (another store is named than the pinned one), or `noUsableKeyStore` with every candidate.
    public func select(
        explicit: String?, environment: [String: String], registry: any Registry
    ) async throws -> SelectedKeyStore {
        let pinned = try await registry.string(RegistryLayout.storeName, at: RegistryLayout.keyStore)
        let named: (String, SelectedKeyStore.Reason)? =
            if let explicit {
                (explicit, .explicit)
            } else if let variable = environment[Self.variable], !variable.isEmpty {
                (variable, .environment)
            } else if let pinned {
                (pinned, .registry)
            } else {
                nil
            }
        if let (name, reason) = named {
            guard let candidate = candidates.first(where: { $0.name == name }) else {
                throw PlatformError(
                    .invalidArgument, store: name, "There is no key store of that name (\(reason.rawValue)).",
                    remedy: "Choose one of: \(candidates.map(\.name).joined(separator: ", ")).")
            }
            if let pinned, pinned != name {
                throw StoreBinding.changed(store: name, was: pinned, now: name)
            }
            return SelectedKeyStore(store: try await candidate.open(), reason: reason)
        }
        var refused: [PlatformError.Candidate] = []
        for candidate in candidates {
            guard candidate.isAutomatic else {
                refused.append(.init(name: candidate.name, detail: "not chosen by itself: \(candidate.note)"))
                continue
            }
            do {
                return SelectedKeyStore(store: try await candidate.open(), reason: .probe)
            } catch let error as PlatformError {
                refused.append(.init(name: candidate.name, detail: "\(error.code): \(error.message)"))
            }
        }
        let alternatives = candidates.filter { !$0.isAutomatic }.map(\.name)
        throw PlatformError(
            .noUsableKeyStore, store: "key store", "No key store can be used on this machine.",
            remedy: alternatives.isEmpty
                ? "Start a keyring service in this session."
                : "Start a keyring service in this session, or choose one: set \(Self.variable) to "
                    + alternatives.joined(separator: " or ") + ".",
            candidates: refused)
    }
}
