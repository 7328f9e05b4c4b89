import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

/// A kind of entries of which one is the default: what is meant when none is named.
protocol DefaultEntryKind {
    associatedtype Entry: DefaultableEntry

    static var applicationKind: ApplicationKind { get }
    /// The command that is about them: `network`.
    static var noun: String { get }
    /// More than one of them.
    static var plural: String { get }

    /// Where they are kept.
    static func store(of personal: PersonalSession) async throws -> EntryStore<Entry>
    /// The entry that a person names.
    static func find(_ name: String, in store: EntryStore<Entry>) async throws -> EntryStore<Entry>.Item
    /// What a person names an entry by.
    static func name(of entry: Entry, key: String) -> String
}

extension DefaultEntryKind {
    static func name(of entry: Entry, key: String) -> String { key }

    /// The entry that a person names, or the default.
    ///
    /// - Throws: ``PlatformError`` `notFound`, `ambiguous`; ``SessionError`` `defaultMissing`.
    static func find(_ name: String?, of personal: PersonalSession) async throws -> EntryStore<Entry>.Item {
        if let name { return try await find(name, in: try await store(of: personal)) }
        guard let found = try await current(of: personal) else {
            throw PlatformError(
                .notFound, store: plural, "No \(applicationKind.words) is named, and none is the default.",
                remedy: "Name one, or choose a default: meshclient \(noun) default KEY")
        }
        return found.item
    }

    /// Forgets that the entry of `key`, which is gone, was the default of this profile on this machine.
    static func forget(_ key: String, of personal: PersonalSession) async throws {
        let directory = ProfileDirectory(personal.platform.registry)
        let name = applicationKind.rawValue
        guard try await directory.applicationDefault(name, for: personal.udf) == key else { return }
        try await directory.setApplicationDefault(nil, name, for: personal.udf)
    }

    /// The default; nil if there is none.
    ///
    /// - Throws: ``SessionError`` `defaultMissing`, which says how to clear it.
    static func current(of personal: PersonalSession) async throws -> ApplicationDefaults<Entry>.Choice? {
        try await explained { try await personal.defaults(applicationKind, of: Entry.self).current() }
    }

    /// What `look` finds.
    ///
    /// - Throws: ``SessionError`` `defaultMissing`, which says how to clear it.
    static func explained<R>(_ look: () async throws -> R) async throws -> R {
        do {
            return try await look()
        } catch let error as SessionError where error.code == .defaultMissing {
            throw SessionError(
                .defaultMissing, shown(error.message),
                remedy: "Set another one, or clear it: meshclient \(noun) default --clear --this-machine")
        }
    }
}

extension EntryKind where Self: DefaultEntryKind {
    static func defaultKey(
        among items: [EntryStore<Entry>.Item], of personal: PersonalSession
    ) async throws -> String? {
        do {
            return try await personal.defaults(applicationKind, of: Entry.self).current(among: items)?.item.key
        } catch let error as SessionError where error.code == .defaultMissing {
            // Whoever asks for the default is told.
            return nil
        }
    }

    static func forgetDefault(_ key: String, of personal: PersonalSession) async throws {
        try await forget(key, of: personal)
    }
}

struct DefaultEntry<Kind: DefaultEntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "default",
            abstract: "Say which \(Kind.applicationKind.words) is meant when none is named, or choose it.",
            discussion: """
                The default of this profile on this machine comes first, then the one on all its devices, then the one for every \
                profile on this machine. What is set on all devices is there after the next meshclient sync.
                """)
    }

    @OptionGroup var shared: SharedOptions
    @Argument(help: "The one to be the default: its key, local name, or what else it is named by.") var name: String?
    @Flag(help: "Take the default away.") var clear = false
    @Flag(help: "For this profile on this machine alone, not on all devices.") var thisMachine = false
    @Flag(help: "For every profile on this machine that has no other.") var everyProfile = false
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    private var scope: DefaultScope { thisMachine ? .thisMachine : everyProfile ? .everyProfile : .allDevices }

    func validate() throws {
        if clear, name != nil { throw ValidationError("Say either which one is the default, or --clear.") }
        if thisMachine, everyProfile { throw ValidationError("Say either --this-machine or --every-profile.") }
        if name == nil, !clear, thisMachine || everyProfile {
            throw ValidationError("Say which one is the default there, or --clear.")
        }
    }

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let console = try CommandEnvironment.required.console
        if clear {
            let wasThere = try await personal.defaults(Kind.applicationKind, of: Kind.Entry.self).clear(scope)
            if shared.json { return console.print(["cleared": .bool(wasThere), "scope": .string(scope.rawValue)]) }
            return console.print(wasThere ? "None is the default \(scope.words) now." : "None was the default there.")
        }
        if let name {
            let item = try await Kind.find(name, in: try await Kind.store(of: personal))
            _ = try await personal.defaults(Kind.applicationKind, of: Kind.Entry.self).set(item.key, scope)
            if shared.json {
                return console.print(["default": .string(item.key), "scope": .string(scope.rawValue)])
            }
            console.print("\(words(item)) is the default \(scope.words).")
            if let counts = try await Kind.current(of: personal), counts.item.key != item.key {
                console.printError("\(words(counts.item)), the default \(counts.scope.words), comes before it.")
            }
            return
        }
        let found = try await Kind.current(of: personal)
        if shared.json {
            return console.print([
                "default": found.map { .string($0.item.key) } ?? .null,
                "scope": found.map { .string($0.scope.rawValue) } ?? .null,
            ])
        }
        guard let found else { return console.printError("None is the default.") }
        console.print("\(words(found.item))  (\(found.scope.words))")
    }

    private func words(_ item: EntryStore<Kind.Entry>.Item) -> String {
        shown(Kind.name(of: item.entry, key: item.key))
    }
}

extension DefaultScope {
    /// For a person.
    var words: String {
        switch self {
        case .thisMachine: "of this profile on this machine"
        case .allDevices: "on all devices"
        case .everyProfile: "of every profile on this machine that has no other"
        }
    }
}
