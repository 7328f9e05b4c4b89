import MeshCore
internal import MeshDARE
internal import MeshSessions

/// An entry of a store.
public struct LightEntry: Sendable {
    /// The primary key: what it is found by.
    public let key: String
    /// The tagged object, `{"CatalogedCredential":{…}}`, as JSON in UTF-8. It may hold secrets.
    public var content: [UInt8]
    /// Which version it is, for ``updateEntry(_:in:_:base:)`` and ``removeEntry(_:in:key:version:)``.
    public let version: String
}

/// What a change is made on.
public enum LightBase: Sendable {
    /// There must be no entry of the key yet.
    case new
    /// The ``LightEntry/version`` that was read: if it is another by now, the change is refused.
    case version(String)
    /// Whatever is there, if anything.
    case any
}

/// The entry of a primary key. Needs no portal.
///
/// - Throws: ``LightError`` `notFound`; ``SessionError`` `noAccount`, `rightMissing` and others; ``DAREError``;
///   ``PlatformError``.
public func entry(_ context: LightContext, in store: LightStore, key: String) async throws -> LightEntry {
    guard let entry = try await store.open(context).read(key) else {
        throw LightError(.notFound, "There is no such entry in \(store.rawValue).")
    }
    return entry
}

/// The primary keys of all entries of a store, the oldest entry first. Needs no portal.
///
/// - Throws: as ``entry(_:in:key:)``.
public func entryKeys(_ context: LightContext, in store: LightStore) async throws -> [String] {
    try await store.open(context).keys()
}

/// Adds or replaces an entry. It is kept on this machine at once, and sent by ``synchronize(_:)``.
///
/// - Parameters:
///   - content: the tagged object, as JSON; the key is made of it, as its type says.
///   - base: what the change is made on.
/// - Returns: the version that it is now.
/// - Throws: ``StaleEntry`` if it was changed meanwhile, ``CatalogError`` `alreadyExists`, `invalidEntry`, `invalidKey`;
///   ``LightError`` `invalidArgument` for a version that is none; as ``entry(_:in:key:)``.
@discardableResult
public func updateEntry(
    _ context: LightContext, in store: LightStore, _ content: [UInt8], base: LightBase
) async throws -> String {
    try await store.open(context).write(content, base)
}

/// Takes an entry away. It is kept on this machine at once, and sent by ``synchronize(_:)``.
///
/// - Parameter version: the version that was read; nil takes away whatever is there.
/// - Throws: ``StaleEntry``, ``CatalogError`` `notFound`; as ``updateEntry(_:in:_:base:)``.
public func removeEntry(
    _ context: LightContext, in store: LightStore, key: String, version: String? = nil
) async throws {
    let base = try version.map(lightVersion)
    try await store.open(context).remove(key, from: base)
}

/// The version that a ``LightEntry/version`` names.
func lightVersion(_ token: String) throws -> EntryVersion {
    guard let version = EntryVersion(token: token) else {
        throw LightError(.invalidArgument, "What was given for a version is none.")
    }
    return version
}
