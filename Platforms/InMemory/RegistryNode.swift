import MeshPlatforms

/// A key of the in-memory registry with all below it.
struct RegistryNode: Sendable {
    private var unnamed: RegistryValue?
    private var values: [String: RegistryValue] = [:]
    private(set) var valueNames: [String] = []
    private var keys: [String: RegistryNode] = [:]
    private(set) var keyNames: [String] = []

    var isEmpty: Bool { unnamed == nil && valueNames.isEmpty && keyNames.isEmpty }

    func node(_ path: ArraySlice<String>) -> RegistryNode? {
        guard let name = path.first else { return self }
        return keys[name]?.node(path.dropFirst())
    }

    func value(_ name: String?) -> RegistryValue? {
        if let name { values[name] } else { unnamed }
    }

    /// Sets a value, making the keys on the way.
    mutating func set(_ value: RegistryValue, _ name: String?, _ path: ArraySlice<String>) throws {
        if let next = path.first {
            guard values[next] == nil else { throw Self.clash(next, "value", "key") }
            if keys[next] == nil { keyNames.append(next) }
            try keys[next, default: RegistryNode()].set(value, name, path.dropFirst())
        } else if let name {
            guard keys[name] == nil else { throw Self.clash(name, "key", "value") }
            if values.updateValue(value, forKey: name) == nil { valueNames.append(name) }
        } else {
            unnamed = value
        }
    }

    mutating func removeValue(_ name: String?, _ path: ArraySlice<String>) -> Bool {
        if let next = path.first { return keys[next]?.removeValue(name, path.dropFirst()) ?? false }
        guard let name else {
            defer { unnamed = nil }
            return unnamed != nil
        }
        guard values.removeValue(forKey: name) != nil else { return false }
        valueNames.removeAll { $0 == name }
        return true
    }

    mutating func removeKey(_ path: ArraySlice<String>) -> Bool {
        guard let next = path.first else {
            defer { self = RegistryNode() }
            return !isEmpty
        }
        if path.count > 1 { return keys[next]?.removeKey(path.dropFirst()) ?? false }
        guard keys.removeValue(forKey: next) != nil else { return false }
        keyNames.removeAll { $0 == next }
        return true
    }

    private static func clash(_ name: String, _ present: String, _ wanted: String) -> PlatformError {
        PlatformError(
            .alreadyExists, store: "memory", "There is a \(present) called '\(name)' where a \(wanted) was to be made.")
    }
}

/// One state of the in-memory registry, and what a transaction makes of it.
struct InMemoryTransaction: RegistryTransaction {
    let generation: RegistryGeneration
    private(set) var root: RegistryNode
    private(set) var isChanged = false

    init(generation: RegistryGeneration, root: RegistryNode) {
        self.generation = generation
        self.root = root
    }

    func value(_ name: String?, at path: RegistryPath) -> RegistryValue? {
        root.node(path.components[...])?.value(name)
    }

    func valueNames(at path: RegistryPath) -> [String] { root.node(path.components[...])?.valueNames ?? [] }

    func keyNames(at path: RegistryPath) -> [String] { root.node(path.components[...])?.keyNames ?? [] }

    func hasKey(at path: RegistryPath) -> Bool { root.node(path.components[...]) != nil }

    mutating func set(_ value: RegistryValue, _ name: String?, at path: RegistryPath) throws {
        if let name, !RegistryPath.isValidName(name) {
            throw PlatformError(
                .invalidArgument, store: "memory",
                "A registry name has 1 to 255 octets, no control characters, does not start with '$' and is not 'Default'."
            )
        }
        try root.set(value, name, path.components[...])
        isChanged = true
    }

    mutating func removeValue(_ name: String?, at path: RegistryPath) -> Bool {
        let wasThere = root.removeValue(name, path.components[...])
        isChanged = isChanged || wasThere
        return wasThere
    }

    mutating func removeKey(at path: RegistryPath) -> Bool {
        let wasThere = root.removeKey(path.components[...])
        isChanged = isChanged || wasThere
        return wasThere
    }
}
