import MeshEncoding
import MeshPlatforms

/// How keys and values of the registry are written in JSON.
///
/// A key is an object, a text a string, several texts an array of strings, a whole number a number, octets the object
/// `{"$binary": "<base64url>"}`; the unnamed value is the member `Default`. Everything else (true, null, other numbers
/// and arrays, objects with other `$` members, members whose names no registry name can be) is kept where it is, and is
/// `unsupported` as a value.
enum RegistryJSON {
    static let unnamed = "Default"
    private static let binary = "$binary"

    /// Whether `member` is a key: an object without members of a typed value.
    static func key(_ member: JSONValue?) -> JSONObject? {
        guard case .object(let object)? = member, !isTyped(object) else { return nil }
        return object
    }

    private static func isTyped(_ object: JSONObject) -> Bool {
        // A typed value has one member, so that a large key need not be searched.
        guard object.count == 1 else { return false }
        for (name, _) in object.members { return name.utf8.first == 0x24 }
        return false
    }

    /// The value that `member` is; nil if it is of a type that no registry value has.
    static func value(_ member: JSONValue) -> RegistryValue? {
        switch member {
        case .string(let text): return .string(text)
        case .number: return member.integer.map { .integer($0) }
        case .array(let elements):
            var texts: [String] = []
            for element in elements {
                guard case .string(let text) = element else { return nil }
                texts.append(text)
            }
            return .strings(texts)
        case .object(let object):
            guard object.count == 1, case .string(let text)? = object[binary] else { return nil }
            return Base64URL.decode(text).map { .binary($0) }
        case .bool, .null, .real, .binary: return nil
        }
    }

    static func member(_ value: RegistryValue) -> JSONValue {
        switch value {
        case .string(let text): .string(text)
        case .strings(let texts): .array(texts.map { .string($0) })
        case .integer(let number): .integer(number)
        case .binary(let octets): .object([binary: .string(Base64URL.encode(octets))])
        }
    }
}

/// One change of the tree.
enum RegistryChange: Sendable {
    case set(RegistryPath, String?, JSONValue)
    case removeValue(RegistryPath, String?)
    case removeKey(RegistryPath)

    /// Makes the change. Where a person's edit has put something else on the way to a key, the change wins.
    func apply(to root: inout JSONObject) {
        switch self {
        case .set(let path, let name, let member):
            Self.descend(path.components[...], in: &root, create: true) { $0[name ?? RegistryJSON.unnamed] = member }
        case .removeValue(let path, let name):
            Self.descend(path.components[...], in: &root, create: false) { $0[name ?? RegistryJSON.unnamed] = nil }
        case .removeKey(let path):
            guard let last = path.components.last else {
                root = JSONObject()
                return
            }
            Self.descend(path.components.dropLast(), in: &root, create: false) { $0[last] = nil }
        }
    }

    private static func descend(
        _ names: ArraySlice<String>, in object: inout JSONObject, create: Bool, _ body: (inout JSONObject) -> Void
    ) {
        guard let name = names.first else { return body(&object) }
        if create, let member = object[name], RegistryJSON.key(member) == nil { object[name] = .object(JSONObject()) }
        _ = object.modifyObject(name, create: create) { descend(names.dropFirst(), in: &$0, create: create, body) }
    }

    /// The change as an element of a line of the journal.
    var json: JSONValue {
        func array(_ path: RegistryPath) -> JSONValue { .array(path.components.map { .string($0) }) }
        switch self {
        case .set(let path, let name, let member):
            return .object(["Set": array(path), "Name": name.map { .string($0) } ?? .null, "Value": member])
        case .removeValue(let path, let name):
            return .object(["Remove": array(path), "Name": name.map { .string($0) } ?? .null])
        case .removeKey(let path):
            return .object(["RemoveKey": array(path)])
        }
    }

    /// Reads what ``json`` writes; nil for anything else.
    init?(_ json: JSONValue) {
        func path(_ member: JSONValue) -> RegistryPath? {
            guard let elements = member.array else { return nil }
            let names = elements.compactMap(\.string)
            return names.count == elements.count ? try? RegistryPath(names) : nil
        }
        func name(_ member: JSONValue?) -> String?? {
            switch member {
            case .null?: return .some(nil)
            case .string(let text)? where RegistryPath.isValidName(text): return .some(text)
            default: return nil
            }
        }
        if let target = json["Set"].flatMap(path), let name = name(json["Name"]), let member = json["Value"] {
            self = .set(target, name, member)
        } else if let target = json["Remove"].flatMap(path), let name = name(json["Name"]) {
            self = .removeValue(target, name)
        } else if let target = json["RemoveKey"].flatMap(path) {
            self = .removeKey(target)
        } else {
            return nil
        }
    }
}
