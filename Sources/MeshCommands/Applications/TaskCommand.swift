import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshSessions

struct TaskCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task", abstract: "Things to do, the same on all devices.",
        subcommands: [AddEntry<Kind>.self, ListEntries<Kind>.self, ShowEntry<Kind>.self, RemoveEntry<Kind>.self])

    enum Kind: EntryKind {
        struct Details: ParsableArguments {
            @Argument(help: "What is to be done.") var title: String
            @Option(help: "A key to find it by; without it one is made.") var key: String?

            func validate() throws {
                if title.isEmpty || key?.isEmpty == true { throw ValidationError("A task has a title and a key.") }
            }
        }

        static let noun = "task"
        static let plural = "tasks"
        static let secondaryKeys: [String] = []

        static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedTask> {
            try await personal.tasks()
        }

        static func entry(_ details: Details, random: any RandomSource) -> CatalogedTask {
            CatalogedTask(key: details.key ?? NonceUDF.make(from: random).text, title: details.title)
        }

        static func members(_ entry: CatalogedTask) -> [EntryMemberShown] {
            [EntryMemberShown("title", entry.title)].compactMap { $0 }
        }
    }
}
