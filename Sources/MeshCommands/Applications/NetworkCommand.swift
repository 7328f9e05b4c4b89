import ArgumentParser
import MeshCore
import MeshDARE
import MeshPlatforms
import MeshSessions

struct NetworkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "network", abstract: "Networks and what opens them, the same on all devices.",
        subcommands: [
            AddEntry<Kind>.self, ListEntries<Kind>.self, ShowSecretEntry<Kind>.self, DefaultEntry<Kind>.self,
            RemoveEntry<Kind>.self,
        ])

    enum Kind: SecretEntryKind {
        struct Details: ParsableArguments {
            @Argument(help: "The name of the network (SSID).") var network: String
            @Option(name: .customLong("protocol"), help: "The kind of network.") var networkProtocol = "wifi"
            @Option(help: "The name of the user there, if it wants one.") var username: String?
            @Flag(help: "It is open: there is no password.") var withoutPassword = false
            @OptionGroup var password: PasswordOptions

            func validate() throws {
                if network.isEmpty { throw ValidationError("A network has a name.") }
                if withoutPassword, password.isGiven {
                    throw ValidationError("Say either --without-password or where the password comes from.")
                }
            }
        }

        static let applicationKind = ApplicationKind.network
        static let noun = "network"
        static let plural = "networks"
        static let secondaryKeys = [CatalogedNetwork.serviceKey]

        static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedNetwork> {
            try await personal.networks()
        }

        static func entry(_ details: Details, random: any RandomSource) async throws -> CatalogedNetwork {
            var entry = CatalogedNetwork(service: details.network, networkProtocol: details.networkProtocol)
            entry.username = details.username
            if !details.withoutPassword {
                try entry.setPassword(
                    try await details.password.read("Password of \(shown(details.network))", random: random).bytes)
            }
            return entry
        }

        static func members(_ entry: CatalogedNetwork) -> [EntryMemberShown] {
            [
                EntryMemberShown("protocol", entry.networkProtocol), EntryMemberShown("service", entry.service),
                EntryMemberShown("username", entry.username),
                EntryMemberShown("hasPassword", isPresent: entry.password != nil),
            ].compactMap { $0 }
        }
    }
}
