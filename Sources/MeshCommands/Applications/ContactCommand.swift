import ArgumentParser
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshProfiles
import MeshSessions

struct ContactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "contact", abstract: "People and organizations, the same on all devices.",
        subcommands: [AddEntry<Kind>.self, ListEntries<Kind>.self, ShowEntry<Kind>.self, RemoveEntry<Kind>.self])

    enum Kind: EntryKind {
        struct Details: ParsableArguments {
            @Argument(help: "The name of the person or organization.") var name: String
            @Option(help: "Where they are reached, such as bob@example.com (can be repeated).") var address: [String] =
                []
            @Flag(help: "It is an organization.") var organization = false
            @Option(help: "A key to find it by; without it one is made.") var key: String?

            func validate() throws {
                if name.isEmpty || key?.isEmpty == true || address.contains("") {
                    throw ValidationError("A contact has a name and a key, and no empty addresses.")
                }
            }
        }

        static let noun = "contact"
        static let plural = "contacts"
        static let secondaryKeys = ["Address"]

        static func store(of personal: PersonalSession) async throws -> EntryStore<CatalogedContact> {
            try await personal.contacts()
        }

        static func entry(_ details: Details, random: any RandomSource) -> CatalogedContact {
            var entry = CatalogedContact(key: details.key ?? NonceUDF.make(from: random).text)
            let addresses = details.address.map { text in
                var address = NetworkAddress()
                address.address = text
                return address
            }
            if details.organization {
                var organization = ContactOrganization()
                var name = OrganizationName()
                name.registeredName = details.name
                organization.commonNames = [name]
                organization.networkAddresses = addresses
                entry.contact = organization.tagged
            } else {
                var person = ContactPerson()
                var name = PersonName()
                name.fullName = details.name
                person.commonNames = [name]
                person.networkAddresses = addresses
                entry.contact = person.tagged
            }
            return entry
        }

        static func members(_ entry: CatalogedContact) -> [EntryMemberShown] {
            let inner = entry.contact.flatMap { contact in contact.names.first.flatMap { contact[$0]?.object } }
            let names = inner?["CommonNames"]?.array?.compactMap { name in
                (name["FullName"] ?? name["RegisteredName"])?.string
            }
            return [
                EntryMemberShown("name", names ?? []), EntryMemberShown("addresses", entry.addresses),
                EntryMemberShown("self", isPresent: entry.isSelf),
            ].compactMap { $0 }
        }
    }
}
