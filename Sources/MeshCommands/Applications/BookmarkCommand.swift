import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshPlatforms
import MeshSessions

struct BookmarkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bookmark", abstract: "Bookmarks, the same on all devices.",
        subcommands: [AddEntry<Kind>.self, ListEntries<Kind>.self, ShowEntry<Kind>.self, RemoveEntry<Kind>.self])

    enum Kind: EntryKind {
        struct Details: ParsableArguments {
            @Argument(help: "What it leads to, such as https://example.com.") var uri: String
            @Option(help: "A title.") var title: String?
            @Option(help: "Where it stands among the bookmarks, such as news/local.") var path: String?

            func validate() throws {
                let scheme = uri.prefix { $0 != ":" }
                guard scheme != uri[...], scheme.first?.isLetter == true, scheme.allSatisfy(\.isASCII),
                    uri.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F })
                else { throw ValidationError("This is no URI, such as https://example.com.") }
            }
        }

        static let noun = "bookmark"
        static let plural = "bookmarks"
        static let secondaryKeys = ["Uri"]

        static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedBookmark> {
            try await personal.bookmarks()
        }

        static func entry(_ details: Details, random: any RandomSource) -> CatalogedBookmark {
            var entry = CatalogedBookmark(
                uid: NonceUDF.make(from: random).text, uri: details.uri, title: details.title)
            entry.path = details.path
            return entry
        }

        static func members(_ entry: CatalogedBookmark) -> [EntryMemberShown] {
            [
                EntryMemberShown("uri", entry.uri), EntryMemberShown("title", entry.title),
                EntryMemberShown("path", entry.path),
            ].compactMap { $0 }
        }
    }
}
