import ArgumentParser
import MeshCore
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Find out whether a portal shows two devices the same.",
        discussion: """
            One device shows its statement, another one checks it, by any way but the portal: \
            meshclient history show > statement, and on the other device meshclient history check statement
            """,
        subcommands: [Show.self, Check.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print what this device has seen of the account, signed.")

        @OptionGroup var shared: SharedOptions
        @Argument(help: "Fingerprint, the beginning of one, name or account; without it the default profile.")
        var profile: String?

        func run() async throws {
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            let statement = try await personal.historyStatement()
            let console = try CommandEnvironment.required.console
            // The statement is JSON in either case: it is for the other device.
            console.print(String(decoding: statement.signed, as: UTF8.self))
            guard !shared.json else { return }
            for point in statement.content.points {
                console.printError("\(point.store)  \(counted(point.point.count, "frame"))")
            }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare what another device has seen with what this one has.",
            discussion:
                "Exit code \(ToolStatus.portalUntrue.rawValue) if the portal has shown them different histories.")

        private static let largest = 1 << 20

        @OptionGroup var shared: SharedOptions
        @Argument(help: "The file with the other device's statement; - is standard input.") var statement = "-"
        @Option(help: "The profile: fingerprint, the beginning of one, name or account.") var profile: String?

        func run() async throws {
            let environment = try CommandEnvironment.required
            let input = try InputFile(statement, environment.console)
            let octets = try await DAREWork.run("reading", total: input.size) { progress in
                try Self.read(input, progress)
            }
            let value: JSONValue
            do { value = try JSONValue(parsing: octets) } catch {
                throw SessionError(
                    .malformed, "\(input.name) is no statement of a device.",
                    remedy: "Give what meshclient history show has printed on the other device.", cause: error)
            }
            let personal = try await MeshSession(try await shared.openKeys().platform).personalSession(profile)
            try await personal.check(value)
            if shared.json {
                environment.console.print(["profile": .string(personal.udf.text), "same": true])
            } else {
                environment.console.print("The portal has shown both devices the same, as far as both have seen it.")
            }
        }

        private static func read(_ input: InputFile, _ progress: Progress) throws -> [UInt8] {
            var all: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                try progress.advance(to: all.count)
                let count = try piece.withUnsafeMutableBytes { try input.read(into: $0) }
                if count == 0 { return all }
                all += piece[..<count]
                guard all.count <= largest else {
                    throw PlatformError(.tooLarge, store: input.name, "This is too long for a statement.")
                }
            }
        }
    }
}
