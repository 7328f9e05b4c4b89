import MeshEncoding
import MeshPlatforms

/// One state of the registry, and what a transaction makes of it.
///
/// The state is shared and never changed: what the transaction does is kept beside it, so that a change of one key in a
/// hundred thousand costs no copy.
struct JSONTransaction: RegistryTransaction {
    let generation: RegistryGeneration
    private let base: JSONObject
    private var delta = RegistryDelta()
    /// What was done, in order.
    private(set) var changes: [RegistryChange] = []

    init(generation: UInt64, base: JSONObject) {
        self.generation = RegistryGeneration(generation)
        self.base = base
    }

    private func node(_ path: RegistryPath) -> RegistryNode? {
        var node: RegistryNode? = RegistryNode(delta: delta, base: base)
        for name in path.components { node = node?.key(name) }
        return node
    }

    func value(_ name: String?, at path: RegistryPath) throws -> RegistryValue? {
        guard let member = node(path)?.member(name ?? RegistryJSON.unnamed), isVisible(name, path) else { return nil }
        if let value = RegistryJSON.value(member) { return value }
        // A named object is a key. There is no unnamed key.
        if name != nil, RegistryJSON.key(member) != nil { return nil }
        throw PlatformError(
            .unsupported, store: "registry",
            "The value '\(name ?? "(Default)")' of '\(path)' is of a type that no registry value has.")
    }

    func valueNames(at path: RegistryPath) -> [String] {
        names(at: path) { RegistryJSON.key($0) == nil }
    }

    func keyNames(at path: RegistryPath) -> [String] {
        names(at: path) { RegistryJSON.key($0) != nil }
    }

    func hasKey(at path: RegistryPath) -> Bool { node(path) != nil }

    private func names(at path: RegistryPath, where isWanted: (JSONValue) -> Bool) -> [String] {
        guard let node = node(path) else { return [] }
        return node.names(where: isWanted).filter { RegistryPath.isValidName($0) && isVisible($0, path) }
    }

    /// Whether the member belongs to the tree, and not to the file.
    private func isVisible(_ name: String?, _ path: RegistryPath) -> Bool {
        guard let name, path.components.isEmpty else { return true }
        return !RegistryFile.reservedNames.contains(name)
    }

    mutating func set(_ value: RegistryValue, _ name: String?, at path: RegistryPath) throws {
        guard name.map(RegistryPath.isValidName) ?? true, isVisible(path.components.first ?? name, .root) else {
            throw PlatformError(
                .invalidArgument, store: "registry",
                "A registry name has 1 to 255 octets, no control characters, does not start with '$' and is not "
                    + "'Default'; at the top it is not 'Version', 'Generation' or 'Check' either.")
        }
        let member = RegistryJSON.member(value)
        try delta.set(member, name ?? RegistryJSON.unnamed, path.components[...], base)
        changes.append(.set(path, name, member))
    }

    mutating func removeValue(_ name: String?, at path: RegistryPath) -> Bool {
        guard isVisible(name, path),
            delta.remove(name ?? RegistryJSON.unnamed, path.components[...], base, isKey: name == nil ? nil : false)
        else { return false }
        changes.append(.removeValue(path, name))
        return true
    }

    mutating func removeKey(at path: RegistryPath) -> Bool {
        if let last = path.components.last {
            guard delta.remove(last, path.components.dropLast(), base, isKey: true) else { return false }
        } else {
            guard !RegistryNode(delta: delta, base: base).isEmpty else { return false }
            delta = RegistryDelta(isFresh: true)
        }
        changes.append(.removeKey(path))
        return true
    }
}
