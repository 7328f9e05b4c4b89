import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshSessions

struct CredentialHistory: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show what a credential was before, also if it is gone.",
        discussion: "Earlier passwords are shown only with --reveal.")

    @OptionGroup var shared: SharedOptions
    @Argument(help: "Its key, such as https:example.com; its service or local name, if it is still there.") var name:
        String
    @Flag(help: "Show the passwords too.") var reveal = false
    @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

    func run() async throws {
        let store = try await shared.personalSession(profile).credentials()
        var key = name
        var events = try await store.history(of: key)
        if events.isEmpty {
            key = try await CredentialCommand.Kind.find(name, in: store).key
            events = try await store.history(of: key)
        }
        let console = try CommandEnvironment.required.console
        var former: CatalogedCredential?
        var list: [JSONValue] = []
        for event in events {
            let changed = Self.changed(former, event.entry)
            former = event.entry
            if shared.json {
                list.append(.object(json(event, changed)))
            } else {
                let time = event.isPending ? "not sent yet" : event.made?.description ?? "unknown time"
                console.print(
                    [time.padded(20), event.event.rawValue.lowercased().padded(6), Self.words(event, changed)]
                        .joined(separator: "  ").trimmed)
                if reveal, let password = event.entry?.password { console.print("    password  \(shown(password))") }
            }
        }
        if shared.json { console.print(["key": .string(key), "history": .array(list)]) }
    }

    /// The names of the members that are not as they were.
    private static func changed(_ former: CatalogedCredential?, _ entry: CatalogedCredential?) -> [String] {
        guard let former, let entry else { return [] }
        let names = Set(former.content.names + entry.content.names)
        return names.filter { former.content[$0] != entry.content[$0] }.sorted()
    }

    private static func words(_ event: EntryStore<CatalogedCredential>.Event, _ changed: [String]) -> String {
        guard let entry = event.entry else { return event.event == .delete ? "" : "(cannot be opened here)" }
        if !changed.isEmpty { return "changed: \(changed.map(shown).joined(separator: ", "))" }
        return entry.username.map { "username \(shown($0))" } ?? ""
    }

    private func json(_ event: EntryStore<CatalogedCredential>.Event, _ changed: [String]) -> JSONObject {
        var object = JSONObject()
        object["event"] = .string(event.event.rawValue.lowercased())
        object["made"] = event.made.map { .string($0.description) }
        object["pending"] = .bool(event.isPending)
        object["changed"] = .array(changed.map { .string($0) })
        object["username"] = event.entry?.username.map { .string($0) }
        if reveal { object["password"] = event.entry?.password.map { .string($0) } }
        return object
    }
}

extension String {
    /// Without blanks at the end.
    fileprivate var trimmed: String {
        var text = self[...]
        while text.last == " " { text = text.dropLast() }
        return String(text)
    }
}
