import MeshCore
internal import MeshDARE
internal import MeshEncoding
internal import MeshSessions

/// A store of an application. The raw value is its name for other languages.
public enum LightStore: String, CaseIterable, Sendable {
    /// Passwords for services: `CatalogedCredential`.
    case credential = "Credential"
    /// What opens networks: `CatalogedNetwork`.
    case network = "Network"
    /// `CatalogedBookmark`.
    case bookmark = "Bookmark"
    /// `CatalogedTask`.
    case task = "Task"
    /// `CatalogedContact`.
    case contact = "Contact"

    func open(_ context: LightContext) async throws -> any LightEntries {
        let personal = try await context.session.personalSession()
        return switch self {
        case .credential: try await personal.credentials()
        case .network: try await personal.networks()
        case .bookmark: try await personal.bookmarks()
        case .task: try await personal.tasks()
        case .contact: try await personal.contacts()
        }
    }
}

/// A store whose entries come and go as JSON.
protocol LightEntries: Sendable {
    var name: StoreName { get }
    func read(_ key: String) async throws -> LightEntry?
    func keys() async throws -> [String]
    func write(_ content: [UInt8], _ base: LightBase) async throws -> String
    func remove(_ key: String, from version: EntryVersion?) async throws
}

extension EntryStore: LightEntries {
    var name: StoreName { store.name }

    func read(_ key: String) async throws -> LightEntry? {
        try await find(key).map {
            LightEntry(key: $0.key, content: $0.entry.encoded.compact, version: $0.version.token)
        }
    }

    func keys() async throws -> [String] { try await entries().map(\.key) }

    func write(_ content: [UInt8], _ base: LightBase) async throws -> String {
        guard let entry = try CatalogContent<Entry>(payload: content).entry else {
            throw CatalogError(
                .invalidEntry, "What \(name.containerName) holds is a \(Entry.tags[0]), and this is none.")
        }
        let version: EntryVersion?
        switch base {
        case .new: version = try await add(entry)
        case .version(let token): version = try await update(entry, from: try lightVersion(token))
        case .any:
            do {
                version = try await update(entry, from: nil)
            } catch let error as CatalogError where error.code == .notFound {
                version = try await add(entry)
            }
        }
        guard let version else { throw LightError(.failed, "The entry was kept, and has no version.") }
        return version.token
    }
}
