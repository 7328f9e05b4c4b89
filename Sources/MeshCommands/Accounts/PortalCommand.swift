import ArgumentParser
import MeshCore
import MeshEncoding
import MeshPlatforms
import MeshPortalService
import MeshProfiles

struct PortalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portal", abstract: "Portals that are directories.",
        discussion: """
            A portal keeps accounts and what their devices share. Here it is a directory that several machines of one person \
            reach; whoever can write to it is the portal, but can neither read nor forge what the devices share.
            """,
        subcommands: [Create.self, Status.self, Purge.self])

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make a portal.")

        @Flag(help: "Answer in JSON, errors too.") var json = false
        @Argument(help: "The directory: not there yet, or empty.") var directory: String
        @Option(help: "The domain of its accounts: what stands behind the @.") var domain: String

        func run() async throws {
            let environment = try CommandEnvironment.required
            let service = try await environment.openPortal(directory, domain)
            if json {
                environment.console.print(PortalCommand.json(service))
            } else {
                environment.console.print(service.profile.udf.text)
                environment.console.printError(
                    "The portal of \(service.domain) is made. Use it: --portal \(directory), or "
                        + "\(PortalOptions.variable)=dir:\(directory)")
            }
        }
    }

    struct Status: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a portal and its accounts.")

        @Flag(help: "Answer in JSON, errors too.") var json = false
        @Argument(help: "The directory of the portal; without it the ones that MESH_PORTAL names.")
        var directory: String?

        func run() async throws {
            let console = try CommandEnvironment.required.console
            var all: [JSONValue] = []
            for service in try await PortalCommand.services(directory) {
                let accounts = try await PortalCommand.accounts(of: service)
                if json {
                    var value = PortalCommand.json(service).object ?? JSONObject()
                    value["accounts"] = .array(accounts.map { .string($0) })
                    all.append(.object(value))
                } else {
                    console.print("domain       \(service.domain)")
                    console.print("fingerprint  \(service.profile.udf)")
                    console.print("accounts     \(accounts.isEmpty ? "none" : accounts.joined(separator: " "))")
                }
            }
            if json { console.print(["portals": .array(all)]) }
        }
    }

    struct Purge: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove requests for connection whose time is over, and what interrupted work has left.")

        @Flag(help: "Answer in JSON, errors too.") var json = false
        @Argument(help: "The directory of the portal; without it the ones that MESH_PORTAL names.")
        var directory: String?

        func run() async throws {
            let environment = try CommandEnvironment.required
            var sum = PortalPurge()
            for service in try await PortalCommand.services(directory) {
                sum += try await environment.interruption.cancelling { try await service.purgeExpired() }
            }
            if json {
                environment.console.print([
                    "requests": .integer(Int64(sum.requests)), "results": .integer(Int64(sum.results)),
                    "claims": .integer(Int64(sum.claims)), "remains": .integer(Int64(sum.remains)),
                ])
            } else {
                let (requests, results) = (counted(sum.requests, "request"), counted(sum.results, "result"))
                let (claims, remains) = (counted(sum.claims, "claim"), counted(sum.remains, "interrupted attempt"))
                environment.console.print("Removed \(requests), \(results), \(claims) and what \(remains) had left.")
            }
        }
    }

    private static func services(_ directory: String?) async throws -> [PortalService] {
        let named = try directory.map { [$0] } ?? PortalOptions.parse([]).directories()
        guard !named.isEmpty else {
            throw UsageError("No portal was named.", remedy: "Name its directory, or set MESH_PORTAL=dir:/path.")
        }
        var services: [PortalService] = []
        for directory in named { services.append(try await CommandEnvironment.required.openPortal(directory, nil)) }
        return services
    }

    private static func accounts(of service: PortalService) async throws -> [String] {
        var all: [String] = []
        while true {
            let page = try await service.accountAddresses(after: all.last, limit: 256)
            guard !page.isEmpty else { return all }
            all += page
        }
    }

    private static func json(_ service: PortalService) -> JSONValue {
        ["domain": .string(service.domain), "udf": .string(service.profile.udf.text)]
    }
}
