import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

// The commands that all kinds of entries share.

struct AddEntry<Kind: EntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "add", abstract: "Add a \(Kind.noun).",
            discussion: "Its key is printed. Other devices have it after the next meshclient sync.")
    }

    @OptionGroup var shared: SharedOptions
    @OptionGroup var details: Kind.Details
    @Option(help: "A short name of your own for it.") var localName: String?
    @Option(help: "A label (can be repeated).") var label: [String] = []
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let store = try await Kind.store(of: personal)
        var entry = try await Kind.entry(details, random: personal.platform.random)
        entry.localName = localName
        entry.labels = label
        do {
            try await store.add(entry)
        } catch let error as CatalogError where error.code == .alreadyExists && Kind.remedyIfTaken != nil {
            throw CatalogError(.alreadyExists, error.message, remedy: Kind.remedyIfTaken)
        }
        let console = try CommandEnvironment.required.console
        let key = entry.primaryKey ?? ""
        if shared.json { console.print(["added": .string(key)]) } else { console.print(shown(key)) }
    }
}

struct ListEntries<Kind: EntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "list", abstract: "List the \(Kind.plural).")
    }

    @OptionGroup var shared: SharedOptions
    @Option(help: "Only those with this label.") var label: String?
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let all = try await Kind.store(of: personal).entries()
        let standard = try await Kind.defaultKey(among: all, of: personal)
        let items = all.filter { label == nil || $0.entry.labels.contains(label ?? "") }
        let console = try CommandEnvironment.required.console
        if shared.json {
            var list = JSONList(Kind.plural, on: console)
            list.begin()
            for item in items {
                var object = Kind.json(item)
                if item.key == standard { object["default"] = true }
                list.add(.object(object))
            }
            list.end()
            return
        }
        for item in items {
            let values = Kind.allMembers(item.entry).filter { $0.value != true }.map(\.words)
            let mark = item.isConflict ? ["(conflict)"] : item.isPending ? ["(not sent yet)"] : []
            let chosen = item.key == standard ? ["(default)"] : []
            console.print(([shown(item.key)] + values + chosen + mark).joined(separator: "  "))
        }
        if items.isEmpty { console.printError("There are none.") }
    }
}

struct RemoveEntry<Kind: EntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "remove", abstract: "Take a \(Kind.noun) away, on all devices.")
    }

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Its key or local name.") var name: String
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let personal = try await shared.personalSession(profile)
        let store = try await Kind.store(of: personal)
        let item = try await Kind.find(name, in: store)
        try await store.remove(item.key, from: item.version)
        try await Kind.forgetDefault(item.key, of: personal)
        let console = try CommandEnvironment.required.console
        if shared.json {
            console.print(["removed": .string(item.key)])
        } else {
            console.print("\(shown(item.key)) is removed.")
        }
    }
}

struct ShowEntry<Kind: EntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: "show", abstract: "Show a \(Kind.noun).")
    }

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Its key or local name.") var name: String
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let store = try await Kind.store(of: try await shared.personalSession(profile))
        let item = try await Kind.find(name, in: store)
        let console = try CommandEnvironment.required.console
        if shared.json { console.print(.object(Kind.json(item))) } else { Kind.show(item, on: console) }
    }
}

struct ShowSecretEntry<Kind: SecretEntryKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "show", abstract: "Show a \(Kind.noun), its password only if you say so.",
            discussion: "To use the password without showing it, write it to a new file with --to.")
    }

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Its key or local name; without it, the default.") var name: String?
    @Flag(help: "Show the password too, and notes.") var reveal = false
    @Option(
        help: ArgumentHelp(
            "Write the password alone to this new file, which only you can read; - is standard output.",
            valueName: "file"))
    var to: String?
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func validate() throws {
        if reveal, to != nil { throw ValidationError("Say either --reveal or --to.") }
    }

    func run() async throws {
        let item = try await Kind.find(name, of: try await shared.personalSession(profile))
        let console = try CommandEnvironment.required.console
        if let to { return try Self.write(try Self.password(of: item), to, item.key, shared.json, on: console) }
        if shared.json {
            var object = Kind.json(item)
            if reveal {
                object["password"] = item.entry.password.map { .string($0) }
                for member in Kind.secrets(item.entry) { object[member.name] = member.value }
            }
            return console.print(.object(object))
        }
        Kind.show(item, on: console)
        guard reveal else { return }
        if let password = item.entry.password { console.print("\("password".padded(12))\(shown(password))") }
        for member in Kind.secrets(item.entry) { console.print("\(member.name.padded(12))\(member.words)") }
    }

    private static func password(of item: EntryStore<Kind.Entry>.Item) throws -> SharedSecret {
        guard let password = item.entry.secretPassword() else {
            throw PlatformError(
                .notFound, store: Kind.plural, "The \(Kind.noun) '\(shown(item.key))' has no password.")
        }
        return SharedSecret(password)
    }

    private static func write(
        _ password: SharedSecret, _ path: String, _ key: String, _ asJSON: Bool, on console: any Console
    ) throws {
        if path == "-" {
            try password.bytes.withUnsafeBytes { try console.writeContent($0) }
            return try ([0x0A] as [UInt8]).withUnsafeBytes { try console.writeContent($0) }
        }
        try SecretFile.create(path, password.bytes)
        if asJSON {
            console.print(["key": .string(key), "file": .string(path)])
        } else {
            console.printError("The password of \(shown(key)) is in \(path).")
        }
    }
}

extension EntryKind {
    /// Shows an entry, a member a line.
    static func show(_ item: EntryStore<Entry>.Item, on console: any Console) {
        console.print("\("key".padded(12))\(shown(item.key))")
        for member in allMembers(item.entry) { console.print("\(member.name.padded(12))\(member.words)") }
        if item.isConflict {
            console.printError("Another device has changed it too: see meshclient conflicts")
        } else if item.isPending {
            console.printError("Not sent yet: meshclient sync")
        }
    }
}
