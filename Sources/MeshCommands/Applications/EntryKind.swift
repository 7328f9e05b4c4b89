import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

/// A kind of entries that a person keeps on all devices, and how the tool adds and shows them.
protocol EntryKind {
    associatedtype Entry: CatalogEntry
    /// What `add` takes for an entry of this kind.
    associatedtype Details: ParsableArguments

    /// For a person: `bookmark`.
    static var noun: String { get }
    /// More than one of them.
    static var plural: String { get }
    /// The names of the secondary keys that an entry may be named by on the command line.
    static var secondaryKeys: [String] { get }
    /// What to do when there is an entry of that key already.
    static var remedyIfTaken: String? { get }

    /// Where they are kept.
    static func store(of personal: PersonalSession) async throws -> EntryStore<Entry>
    /// The entry that `add` is to make.
    static func entry(_ details: Details, random: any RandomSource) async throws -> Entry
    /// What is shown of an entry, none of it secret.
    static func members(_ entry: Entry) -> [EntryMemberShown]

    /// The key of the one among all entries that is the default; nil if none is, and for a kind that has no default.
    static func defaultKey(among items: [EntryStore<Entry>.Item], of personal: PersonalSession) async throws -> String?
    /// Forgets that the entry of `key`, which is gone, was the default of this profile on this machine.
    static func forgetDefault(_ key: String, of personal: PersonalSession) async throws
}

extension EntryKind {
    static var remedyIfTaken: String? { nil }
    static func defaultKey(among items: [EntryStore<Entry>.Item], of personal: PersonalSession) -> String? { nil }
    static func forgetDefault(_ key: String, of personal: PersonalSession) {}
}

/// A kind of entries that hold a secret.
protocol SecretEntryKind: EntryKind, DefaultEntryKind where Entry: ServiceEntry {
    /// What is shown of an entry, besides its password, only when a person says so.
    static func secrets(_ entry: Entry) -> [EntryMemberShown]
}

extension SecretEntryKind {
    static func secrets(_ entry: Entry) -> [EntryMemberShown] { [] }
}

/// A member of an entry as it is shown.
struct EntryMemberShown {
    /// Its name, in JSON too.
    let name: String
    let value: JSONValue

    init(_ name: String, _ value: String) {
        self.name = name
        self.value = .string(value)
    }

    init?(_ name: String, _ value: String?) {
        guard let value else { return nil }
        self.init(name, value)
    }

    init?(_ name: String, _ values: [String]) {
        guard !values.isEmpty else { return nil }
        self.name = name
        value = .array(values.map { .string($0) })
    }

    init?(_ name: String, isPresent: Bool) {
        guard isPresent else { return nil }
        self.name = name
        value = true
    }

    /// For a person.
    var words: String {
        switch value {
        case .array(let values): values.compactMap(\.string).map(shown).joined(separator: ", ")
        case .string(let text): shown(text)
        default: "yes"
        }
    }
}

extension EntryKind {
    /// The members that entries of all kinds have, after those of the kind.
    static func allMembers(_ entry: Entry) -> [EntryMemberShown] {
        members(entry)
            + [EntryMemberShown("localName", entry.localName), EntryMemberShown("labels", entry.labels)].compactMap {
                $0
            }
    }

    static func json(_ item: EntryStore<Entry>.Item) -> JSONObject {
        var object = JSONObject()
        object["key"] = .string(item.key)
        for member in allMembers(item.entry) { object[member.name] = member.value }
        object["pending"] = .bool(item.isPending)
        object["conflict"] = .bool(item.isConflict)
        return object
    }

    /// The entry that a person names: by its key, its local name, or something else that only it has. For all but the key, every
    /// entry is read.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `ambiguous`.
    static func find(_ name: String, in store: EntryStore<Entry>) async throws -> EntryStore<Entry>.Item {
        if let item = try await store.find(name) { return item }
        if let item = try await store.find(named: name) { return item }
        for key in secondaryKeys {
            let found = try await store.find(SecondaryKey(name: key, value: name))
            if found.count == 1 { return found[0] }
            guard found.isEmpty else {
                throw PlatformError(
                    .ambiguous, store: plural, "\(found.count) \(plural) are called '\(shown(name))'.",
                    remedy: "Name the one that is meant by its key.",
                    candidates: found.map { PlatformError.Candidate(name: shown($0.key), detail: "") })
            }
        }
        throw PlatformError(
            .notFound, store: plural, "There is no \(noun) '\(shown(name))'.",
            remedy: "See which there are: meshclient \(noun) list")
    }
}

extension SharedOptions {
    /// The profile that `selector` names, or the default one.
    ///
    /// - Parameter atTerminal: as for ``request(needsKeys:atTerminal:)``.
    func personalSession(_ selector: String?, atTerminal: Bool = false) async throws -> PersonalSession {
        try await MeshSession(try await openKeys(atTerminal: atTerminal).platform).personalSession(selector)
    }
}

/// A text as a terminal may be given it: what would move its cursor, change its colours or turn its direction is named instead.
func shown(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        switch scalar.properties.generalCategory {
        // A zero-width joiner makes pictures of several.
        case .format where scalar.value == 0x200D: result.unicodeScalars.append(scalar)
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
