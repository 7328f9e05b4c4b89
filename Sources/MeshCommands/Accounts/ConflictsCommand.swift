import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct ConflictsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Entries that two devices have changed.",
        discussion: "Nothing is sent of such an entry until you have decided which version stays.",
        subcommands: [List.self, Resolve.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List them. The contents are not shown: they may be secret.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?

        func run() async throws {
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            let conflicts = try await personal.conflicts()
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(["conflicts": .array(conflicts.map(ConflictsCommand.json))])
            } else {
                for conflict in conflicts {
                    console.print(
                        "\(conflict.store.rawValue)  \(conflict.key)  here: \(conflict.ours == nil ? "deleted" : "changed")"
                            + "  elsewhere: \(conflict.theirs == nil ? "deleted" : "changed")")
                }
                if conflicts.isEmpty { console.printError("There are none.") }
            }
        }
    }

    struct Resolve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decide which version of an entry stays.", discussion: "It is sent by the next meshclient sync.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The key of the entry, as meshclient conflicts shows it.") var key: String
        @Flag(help: "The version of this machine stays.") var ours = false
        @Flag(help: "The version of the other device stays.") var theirs = false
        @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

        func validate() throws {
            guard ours != theirs else { throw ValidationError("Say which version stays: --ours or --theirs.") }
        }

        func run() async throws {
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            let found = try await personal.conflicts().filter { $0.key == key }
            guard !found.isEmpty else {
                throw PlatformError(
                    .notFound, store: "conflicts", "There is no conflict about '\(key)'.",
                    remedy: "See which there are: meshclient conflicts")
            }
            for conflict in found { try await personal.resolve(conflict, keepingOurs: ours) }
            let console = try CommandEnvironment.required.console
            if shared.json {
                console.print(["resolved": .array(found.map(ConflictsCommand.json)), "kept": ours ? "ours" : "theirs"])
            } else {
                console.print("\(key): the version of \(ours ? "this machine" : "the other device") stays.")
            }
        }
    }

    private static func json(_ conflict: EntryConflict) -> JSONValue {
        [
            "store": .string(conflict.store.rawValue), "key": .string(conflict.key),
            "ours": conflict.ours == nil ? "deleted" : "changed",
            "theirs": conflict.theirs == nil ? "deleted" : "changed",
        ]
    }
}
