import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@testable import MeshProfiles

struct ContactTests {
    private static let names: [PersonName] = {
        var name = PersonName()
        name.fullName = "Alice B. Example"
        name.first = "Alice"
        name.middle = ["B."]
        name.last = "Example"
        return [name]
    }()

    private func contact(_ family: Family) throws -> VerifiedContact<ContactPerson> {
        try VerifiedContact(of: family.account, names: Self.names, keys: family.keys, at: Family.time)
    }

    private func expect(_ code: ProfileError.Code, _ content: ContactPerson, by key: PrivateKey) throws {
        let signed = try VerifiedAssertion(signing: content, by: key, created: Family.time).signed
        #expect(throws: ProfileError(code, "")) { try VerifiedContact<ContactPerson>(verifying: signed) }
    }

    @Test func ownContactIsTheVerifiedProfiles() throws {
        let family = try Family()
        let contact = try contact(family)
        let taken = try VerifiedContact<ContactPerson>(verifying: contact.contact.signed, as: family.account.udf)
        #expect(taken.profile.udf == family.account.udf && taken.profile.signed == family.account.envelope.encoded)
        let content = taken.contact.content
        #expect(content == contact.contact.content && content.commonNames == Self.names)
        #expect(content.anchors.map(\.udf) == [family.account.udf.text])
        #expect(content.networkAddresses.map(\.address) == ["alice@example.com"] && content.updated == Family.time)
        let other = try Family(seed: 2)
        #expect(throws: ProfileError(.wrongProfile, "")) {
            try VerifiedContact<ContactPerson>(verifying: contact.contact.signed, as: other.account.udf)
        }
        #expect(throws: ProfileError(.badKey, "")) {
            try VerifiedContact(of: family.account, names: [], keys: other.keys, at: Family.time)
        }
        #expect(throws: ProfileError(.wrongKind, "")) {
            try VerifiedContact<ContactOrganization>(verifying: contact.contact.signed)
        }
    }

    @Test func aPersonWithoutAnAccountHasAContactToo() throws {
        let random = SeededRandomSource(seed: 3)
        let seed = SecretSeed(.profileAccount, from: random)
        let profile = try VerifiedProfile(
            signing: ProfileUser(seed: seed, updated: Family.time), seed: seed, created: Family.time)
        let contact = try VerifiedContact(
            of: profile, names: Self.names, keys: AdministratorKeys(seed: seed), at: Family.time)
        #expect(contact.contact.content.networkAddresses.map(\.address) == [nil])
        #expect(try VerifiedContact<ContactPerson>(verifying: contact.contact.signed).profile.udf == profile.udf)
    }

    @Test func contactsOfOthersMakingAreRefused() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let content = try contact(family).contact.content
        // Signed by another, or by a key of the account that does not speak for it in this.
        try expect(.badSignature, content, by: other.keys.administratorSignature)
        try expect(.badSignature, content, by: family.keys.person.signature)
        // Who encloses a stranger's profile, or names it as an anchor, is not that stranger.
        var changed = content
        changed.networkAddresses[0].profile = other.account.envelope
        try expect(.badSignature, changed, by: family.keys.administratorSignature)
        changed = content
        changed.anchors[0].udf = other.account.udf.text
        try expect(.badSignature, changed, by: family.keys.administratorSignature)
        // An address that the profile does not state.
        for address in ["bob@example.com", nil] {
            changed = content
            changed.networkAddresses[0].address = address
            try expect(.notRelated, changed, by: family.keys.administratorSignature)
        }
        changed = content
        changed.networkAddresses = []
        try expect(.badSignature, changed, by: family.keys.administratorSignature)
        // A profile that does not verify is not passed over.
        changed = content
        var damaged = family.account.envelope
        damaged.body[damaged.body.count / 2] ^= 1
        changed.networkAddresses[0].profile = damaged
        let signed = try VerifiedAssertion(
            signing: changed, by: family.keys.administratorSignature, created: Family.time
        ).signed
        #expect(throws: ProfileError.self) { try VerifiedContact<ContactPerson>(verifying: signed) }
        // Each enclosed profile is a signature to verify: there are only so many.
        changed = content
        changed.networkAddresses = Array(repeating: content.networkAddresses[0], count: 17)
        try expect(.tooLarge, changed, by: family.keys.administratorSignature)
    }

    @Test func severalAddressesOfOnePerson() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        var content = try contact(family).contact.content
        var mail = NetworkAddress()
        mail.address = "alice@mail.example"
        mail.isInactive = true
        var second = NetworkAddress()
        second.address = "alice@example.com"
        second.profile = other.account.envelope
        content.networkAddresses = [mail, second] + content.networkAddresses
        let signed = try VerifiedAssertion(
            signing: content, by: family.keys.administratorSignature, created: Family.time
        ).signed
        let taken = try VerifiedContact<ContactPerson>(verifying: signed)
        #expect(taken.profile.udf == family.account.udf)
        #expect(taken.contact.content.networkAddresses.map(\.isInactive) == [true, false, false])
    }

    @Test func ownEntryIsThatOfTheAccount() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let contact = try contact(family)
        let entry = contact.ownEntry
        #expect(entry.isSelf && entry.addresses == ["alice@example.com"])
        // As it is stored and read.
        let stored = try #require(CatalogContent<CatalogedContact>(payload: entry.encoded.compact).entry)
        let taken = try VerifiedContact<ContactPerson>(verifying: stored, of: family.account)
        #expect(taken.contact.content == contact.contact.content)
        #expect(throws: ProfileError(.wrongProfile, "")) {
            try VerifiedContact<ContactPerson>(verifying: entry, of: other.account)
        }
        for change: (inout CatalogedContact) -> Void in [
            { $0.isSelf = false }, { $0.key = "alice" }, { $0.key = nil },
            { $0.contact?["ContactPerson"] = ["CommonNames": []] },
        ] {
            var changed = entry
            change(&changed)
            #expect(throws: ProfileError(.notRelated, "")) {
                try VerifiedContact<ContactPerson>(verifying: changed, of: family.account)
            }
        }
        var empty = entry
        empty.envelopedContact = nil
        #expect(throws: ProfileError(.malformed, "")) {
            try VerifiedContact<ContactPerson>(verifying: empty, of: family.account)
        }
    }

    private static let full = """
        {"Id":"c","Later":{"x":[1,2.50]},"Anchors":[{"Udf":"MAAA","Validation":"Self","Later":1}],"NetworkAddresses":\
        [{"Inactive":true,"Address":"a@b","NetworkCapability":["mesh"],"Protocols":[{"Protocol":"mmm","Later":null}]}],\
        "Locations":[{"Appartment":"1","Street":"s","District":"d","Locality":"l","County":"c","Postcode":"p",\
        "Country":"k"}],"Roles":[{"OrganizationName":"o","Titles":["t"],"Locations":[{"Street":"r"}]}],"Bookmark":\
        [{"Uri":"u","Title":"t","Role":["home"]}],"Sources":[{"LocalName":"n","Validation":"v","BinarySource":"AQID"}],\
        "CommonNames":[{"Inactive":true,"FullName":"f","Prefix":"p","First":"a","Middle":["b","c"],"Last":"l",\
        "Suffix":"s","PostNominal":"n","RegisteredName":"r","DBA":"d"}]}
        """

    @Test func everyMemberIsReadAndKept() throws {
        let decoder = JSONBCDDecoder()
        let text = Array(Self.full.utf8)
        let person = try decoder.decode(ContactPerson.self, from: text)
        #expect(JSONValue.object(person.members).compact == text)
        #expect(try decoder.decode(ContactPerson.self, from: JSONBCDEncoder().encode(person)) == person)
        #expect(person.id == "c" && person.anchors[0].validation == Anchor.ownWord)
        let address = person.networkAddresses[0]
        #expect(address.isInactive && address.capabilities == ["mesh"] && address.protocols[0].name == "mmm")
        let location = person.locations[0]
        #expect(
            [
                location.apartment, location.street, location.district, location.locality, location.county,
                location.postcode, location.country,
            ] == ["1", "s", "d", "l", "c", "p", "k"])
        let role = person.roles[0]
        #expect(role.organizationName == "o" && role.titles == ["t"] && role.locations[0].street == "r")
        let page = person.bookmarks[0]
        #expect(page.uri == "u" && page.title == "t" && page.roles == ["home"])
        let source = person.sources[0]
        #expect(source.localName == "n" && source.validation == "v" && source.binary == [1, 2, 3])
        let name = person.commonNames[0]
        #expect(
            [name.fullName, name.prefix, name.first, name.last, name.suffix, name.postNominal] == [
                "f", "p", "a", "l", "s", "n",
            ])
        #expect(name.isInactive && name.middle == ["b", "c"])
        let organization = try decoder.decode(ContactOrganization.self, from: text).commonNames[0]
        #expect(organization.isInactive && organization.registeredName == "r" && organization.tradingName == "d")
        #expect(try decoder.decode(ContactGroup.self, from: text).id == "c")
        // A change leaves what is not known where it is.
        var changed = person
        changed.anchors[0].validation = "Seen"
        changed.commonNames[0].first = nil
        let kept = String(decoding: JSONValue.object(changed.members).compact, as: UTF8.self)
        #expect(
            kept
                == Self.full.replacing(#""Validation":"Self""#, with: #""Validation":"Seen""#)
                .replacing(#""First":"a","#, with: ""))
    }

    @Test(arguments: [
        #"{"Id":1}"#, #"{"Anchors":{}}"#, #"{"Anchors":[1]}"#, #"{"Anchors":[{"Udf":[]}]}"#,
        #"{"NetworkAddresses":[{"Inactive":"yes"}]}"#, #"{"NetworkAddresses":[{"EnvelopedProfileAccount":{}}]}"#,
        #"{"NetworkAddresses":[{"Protocols":[{"Protocol":1}]}]}"#, #"{"CommonNames":[{"Middle":"B."}]}"#,
        #"{"Roles":[{"Locations":[{"Street":false}]}]}"#, #"{"Sources":[{"BinarySource":"*"}]}"#,
        #"{"Updated":"yesterday"}"#,
    ])
    func otherKindsOfMembersAreRefused(text: String) throws {
        let members = try #require(JSONValue(parsing: Array(text.utf8)).object)
        #expect(throws: ProfileError(.malformed, "")) { try ContactPerson(members: members) }
        #expect(throws: JSONError.self) {
            try JSONBCDDecoder().decode(ContactPerson.self, from: Array(text.utf8))
        }
    }
}
