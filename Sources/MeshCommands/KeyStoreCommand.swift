import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshSessions

struct KeyStoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keystore", abstract: "The key store: what it is, and what it holds.",
        subcommands: [Status.self, List.self])

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Tell which key store is used, why, and its state.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let environment = try CommandEnvironment.required
            let opened = try await environment.open(try shared.request(needsKeys: true))
            let traits = opened.platform.keys.traits
            let state = await opened.platform.keys.state()
            let word: String
            var problem: PlatformError?
            switch state {
            case .ready: word = "ready"
            case .locked: word = "locked"
            case .unavailable(let error): (word, problem) = ("unavailable", error)
            }
            if shared.json {
                var object = JSONObject()
                object["store"] = .string(traits.name)
                object["state"] = .string(word)
                object["problem"] = problem.map { .string($0.codeName) }
                object["chosen"] = .string(opened.keyStoreReason)
                object["provider"] = .string(traits.provider)
                object["collection"] = .string(traits.collection)
                object["persistence"] = .string(traits.persistence.description)
                object["protection"] = .string(traits.protection.description)
                object["largestValue"] = traits.largestValue.map { .integer($0) }
                object["capabilities"] = .array(
                    traits.capabilities.description.split(separator: ", ").map { .string(String($0)) })
                environment.console.print(.object(object))
            } else {
                environment.console.print("store         \(traits.name) (\(opened.keyStoreReason))")
                environment.console.print("state         \(word)")
                environment.console.print("provider      \(traits.provider)")
                if !traits.collection.isEmpty { environment.console.print("collection    \(traits.collection)") }
                environment.console.print("kept          \(traits.persistence)")
                environment.console.print("protected by  \(traits.protection)")
                environment.console.print("can           \(traits.capabilities)")
            }
            if let problem { throw problem }
            if case .locked = state {
                throw PlatformError(
                    .locked, store: traits.name, "The key store is locked.",
                    remedy: "Unlock it by logging in, or give --unlock to a command that needs it.")
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the keys that are kept, not the keys themselves.")

        @OptionGroup var shared: SharedOptions

        func run() async throws {
            let environment = try CommandEnvironment.required
            let opened = try await shared.open()
            // Listing is slow in some keyrings (2 ms a key), and no hot path.
            let listing = try await opened.platform.keys.list(
                matching: KeyFilter(), options: CallOptions(deadline: .seconds(30)))
            if shared.json {
                environment.console.print([
                    "keys": .array(listing.items.map(Self.json)), "partial": .bool(listing.isPartial),
                    "problems": .array(listing.problems.map { .string($0.description) }),
                ])
            } else {
                for item in listing.items {
                    environment.console.print(
                        "\(item.identifier)  \(item.keyClass.rawValue)\(item.isExportable ? "  exportable" : "")  \(item.label)"
                    )
                }
                for problem in listing.problems { environment.console.printError("\(problem)") }
                if listing.isPartial { environment.console.printError("There may be more that cannot be seen.") }
            }
        }

        private static func json(_ item: KeyItem) -> JSONValue {
            var object = JSONObject()
            object["udf"] = .string(item.identifier.text)
            object["class"] = .string(item.keyClass.rawValue)
            object["exportable"] = .bool(item.isExportable)
            object["account"] = item.account.map { .string($0) }
            object["label"] = .string(item.label)
            return .object(object)
        }
    }
}
