import MeshCore
internal import MeshDARE
internal import MeshEncoding
internal import MeshProfiles
internal import MeshSessions

/// Where an application of its own kind keeps values, on all devices of the person that have a right.
public struct LightApplication: Hashable, Sendable {
    /// The name of the application, such as `com.example.notes`: 1 to 128 octets without `/`.
    public let name: String
    /// The right by which its values are read, such as `member`, or one of the application's own.
    public let readers: String
    /// The right that a device needs besides to change them; nil: whoever may read them may.
    public let writers: String?

    public init(_ name: String, readers: String = "member", writers: String? = nil) {
        self.name = name
        self.readers = readers
        self.writers = writers
    }

    /// The longest key, in octets.
    static let longestKey = 1024

    /// Opens what the application keeps.
    func open(_ context: LightContext) async throws -> ApplicationStore<JSONValue> {
        guard !name.isEmpty, !name.utf8.contains(UInt8(ascii: "/")) else {
            throw LightError(.invalidArgument, "The name of an application is not empty, and has no '/'.")
        }
        guard name.utf8.count <= 128 else {
            throw LightError(.tooLong, "The name of an application has at most 128 octets.")
        }
        return try await context.session.personalSession().application(
            name, readers: Right(rawValue: readers), writers: writers.map { Right(rawValue: $0) })
    }

    static func check(key: String) throws {
        guard !key.isEmpty else { throw LightError(.invalidArgument, "The key of a value is empty.") }
        guard key.utf8.count <= longestKey else {
            throw LightError(.tooLong, "The key of a value has at most \(longestKey) octets.")
        }
    }
}

/// A value that an application keeps.
public struct LightValue: Sendable {
    /// The key.
    public let key: String
    /// The value: any JSON, in UTF-8. It may hold secrets.
    public var content: [UInt8]
    /// Which version it is, for ``putValue(_:in:key:_:base:)`` and ``removeValue(_:in:key:version:)``.
    public let version: String
}

/// The value that an application keeps under a key. Needs no portal.
///
/// - Throws: ``LightError`` `notFound`, `invalidArgument`, `tooLong`; ``SessionError`` `noAccount`, `rightMissing`, `invalidRight`
///   and others; ``DAREError``; ``PlatformError``.
public func value(
    _ context: LightContext, in application: LightApplication, key: String
) async throws -> LightValue {
    try LightApplication.check(key: key)
    guard let found = try await application.open(context).find(key) else {
        throw LightError(.notFound, "\(application.name) keeps nothing under that key.")
    }
    return LightValue(key: key, content: found.value.compact, version: found.version.token)
}

/// The keys of all values that an application keeps, the oldest first. Needs no portal.
///
/// - Throws: as ``value(_:in:key:)``.
public func valueKeys(_ context: LightContext, in application: LightApplication) async throws -> [String] {
    try await application.open(context).keys()
}

/// Keeps a value. It is on this machine at once, and sent by ``synchronize(_:)``.
///
/// - Parameters:
///   - content: any JSON, in UTF-8.
///   - base: what the change is made on.
/// - Returns: the version that it is now.
/// - Throws: `ApplicationStore.StaleValue` if it was changed meanwhile, ``CatalogError`` `alreadyExists`, `invalidEntry` for what is
///   no JSON; ``SessionError`` `rightMissing` also for a device that may only read; as ``value(_:in:key:)``.
@discardableResult
public func putValue(
    _ context: LightContext, in application: LightApplication, key: String, _ content: [UInt8], base: LightBase
) async throws -> String {
    try LightApplication.check(key: key)
    let value: JSONValue
    do {
        value = try JSONValue(parsing: content)
    } catch {
        throw CatalogError(.invalidEntry, "The value is no JSON: \(error.message)")
    }
    let store = try await application.open(context)
    let version: EntryVersion?
    switch base {
    case .new: version = try await store.add(value, as: key)
    case .version(let token): version = try await store.update(value, as: key, from: try lightVersion(token))
    case .any:
        do {
            version = try await store.update(value, as: key, from: nil)
        } catch let error as CatalogError where error.code == .notFound {
            version = try await store.add(value, as: key)
        }
    }
    guard let version else { throw LightError(.failed, "The value was kept, and has no version.") }
    return version.token
}

/// Takes a value away. That is so on this machine at once, and sent by ``synchronize(_:)``.
///
/// - Parameter version: the version that was read; nil takes away whatever is there.
/// - Throws: ``CatalogError`` `notFound`; as ``putValue(_:in:key:_:base:)``.
public func removeValue(
    _ context: LightContext, in application: LightApplication, key: String, version: String? = nil
) async throws {
    try LightApplication.check(key: key)
    let base = try version.map(lightVersion)
    try await application.open(context).remove(key, from: base)
}
