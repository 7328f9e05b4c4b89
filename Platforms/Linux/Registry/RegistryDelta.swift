import MeshEncoding
import MeshPlatforms

/// A key as a transaction sees it: what it made of the key, over what was there before.
struct RegistryNode {
    let delta: RegistryDelta?
    let base: JSONObject?

    init(delta: RegistryDelta?, base: JSONObject?) {
        self.delta = delta
        self.base = delta?.isFresh == true ? nil : base
    }

    /// The key called `name` below; nil if there is none.
    func key(_ name: String) -> RegistryNode? {
        switch delta?.members[name]?.content {
        case .key(let below): RegistryNode(delta: below, base: RegistryJSON.key(base?[name]))
        case .value, .removed: nil
        case nil: RegistryJSON.key(base?[name]).map { RegistryNode(delta: nil, base: $0) }
        }
    }

    /// The member called `name`; of a key no more than that it is one.
    func member(_ name: String) -> JSONValue? {
        switch delta?.members[name]?.content {
        case .key: .object(JSONObject())
        case .value(let member): member
        case .removed: nil
        case nil: base?[name]
        }
    }

    /// The names in their order: those of before, then the new ones.
    func names(where isWanted: (JSONValue) -> Bool) -> [String] {
        var names: [String] = []
        func add(_ name: String) {
            if let member = member(name), isWanted(member) { names.append(name) }
        }
        if let base {
            for (name, member) in base.members {
                switch delta?.members[name] {
                case nil: if isWanted(member) { names.append(name) }
                case .some(let entry): if !entry.isNew { add(name) }
                }
            }
        }
        delta?.newNames.forEach(add)
        return names
    }

    var isEmpty: Bool { names { _ in true }.isEmpty }
}

/// What a transaction made of one key.
struct RegistryDelta {
    indirect enum Content {
        case removed
        case value(JSONValue)
        case key(RegistryDelta)
    }
    struct Entry {
        var content: Content
        /// Whether the name comes after those of before.
        var isNew: Bool
    }

    /// Whether nothing of what was there before is left.
    let isFresh: Bool
    private(set) var members: [String: Entry] = [:]
    private(set) var newNames: [String] = []

    init(isFresh: Bool = false) { self.isFresh = isFresh }

    private func visible(_ base: JSONObject?) -> JSONObject? { isFresh ? nil : base }

    mutating func set(_ member: JSONValue, _ name: String, _ path: ArraySlice<String>, _ base: JSONObject?) throws {
        let before = visible(base)
        if let next = path.first {
            try descend(next, before, create: true) { below, base in
                try below.set(member, name, path.dropFirst(), base)
            }
            return
        }
        switch members[name]?.content {
        case .key: throw Self.clash(name, "key", "value")
        case .value: members[name]?.content = .value(member)
        case .removed: addNew(name, .value(member))
        case nil:
            guard let old = before?[name] else { return addNew(name, .value(member)) }
            if RegistryJSON.key(old) != nil, name != RegistryJSON.unnamed { throw Self.clash(name, "key", "value") }
            members[name] = Entry(content: .value(member), isNew: false)
        }
    }

    /// Removes a member: a key, a value, or (`isKey` nil) whatever it is.
    ///
    /// - Returns: whether it was there.
    mutating func remove(
        _ name: String, _ path: ArraySlice<String>, _ base: JSONObject?, isKey: Bool?
    ) -> Bool {
        let before = visible(base)
        if let next = path.first {
            return descend(next, before) { below, base in
                below.remove(name, path.dropFirst(), base, isKey: isKey)
            } ?? false
        }
        guard let member = RegistryNode(delta: self, base: before).member(name),
            isKey == nil || (RegistryJSON.key(member) != nil) == isKey
        else { return false }
        if members[name]?.isNew == true { newNames.removeAll { $0 == name } }
        members[name] = Entry(content: .removed, isNew: false)
        return true
    }

    private mutating func addNew(_ name: String, _ content: Content) {
        members[name] = Entry(content: content, isNew: true)
        newNames.append(name)
    }

    /// Runs `body` on what was made of the key called `name`, making the key.
    private mutating func descend(
        _ name: String, _ before: JSONObject?, create: Bool,
        _ body: (inout RegistryDelta, JSONObject?) throws -> Void
    ) throws {
        if RegistryNode(delta: self, base: before).key(name) == nil {
            if let entry = members[name], case .removed = entry.content {
                addNew(name, .key(RegistryDelta(isFresh: true)))
            } else if members[name] == nil, before?[name] == nil {
                addNew(name, .key(RegistryDelta(isFresh: true)))
            } else {
                throw Self.clash(name, "value", "key")
            }
        }
        _ = try descend(name, before, body)
    }

    /// Runs `body` on what was made of the key called `name`; nil if there is no such key.
    private mutating func descend<R>(
        _ name: String, _ before: JSONObject?, _ body: (inout RegistryDelta, JSONObject?) throws -> R
    ) rethrows -> R? {
        let base = RegistryJSON.key(before?[name])
        if members[name] == nil {
            guard base != nil else { return nil }
            var below = RegistryDelta()
            let result = try body(&below, base)
            members[name] = Entry(content: .key(below), isNew: false)
            return result
        }
        guard var below = take(name) else { return nil }
        defer { members[name]?.content = .key(below) }
        return try body(&below, base)
    }

    /// Gives up what was made of the key called `name`, so that it has one owner and can be changed without a copy.
    private mutating func take(_ name: String) -> RegistryDelta? {
        guard case .key(let below)? = members[name]?.content else { return nil }
        members[name]?.content = .removed
        return below
    }

    private static func clash(_ name: String, _ present: String, _ wanted: String) -> PlatformError {
        PlatformError(
            .alreadyExists, store: "registry",
            "There is a \(present) called '\(name)' where a \(wanted) was to be made.")
    }
}
