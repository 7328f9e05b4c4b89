import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding

/// A contact that its own account signed: one of its anchors is the account's profile, which stands in it, and whose
/// administrator key signed it. There is no other way to get one.
///
/// It says what somebody says of themselves, not that it is true: whose profile it is, people have to compare.
public struct VerifiedContact<Content: Contact>: Sendable {
    /// The most profiles that a contact may enclose.
    public static var maximumProfiles: Int { 16 }

    /// The contact.
    public let contact: VerifiedAssertion<Content>
    /// The profile of the account that it is a contact of.
    public let profile: VerifiedProfile<ProfileUser>

    /// Verifies a contact.
    ///
    /// - Parameter expected: the fingerprint of the account's profile, if it is known.
    /// - Throws: ``ProfileError`` `malformed`, `tooLarge`, `wrongKind`, `badKey`, `badSignature`; `wrongProfile` for the contact
    ///   of another account than the expected one; `notRelated` for an address that is not the one in its profile.
    public init(verifying signed: [UInt8], as expected: UDF? = nil) throws(ProfileError) {
        let object = try SignedObject<Content>(reading: signed)
        let anchors = object.content.anchors.compactMap { $0.udf.flatMap { UDF($0) } }
        let addresses = object.content.networkAddresses.filter { $0.members["EnvelopedProfileAccount"] != nil }
        guard addresses.count <= Self.maximumProfiles else { throw .tooLarge(Content.tag) }
        for address in addresses {
            let profile = try VerifiedProfile<ProfileUser>(
                verifying: address.members.envelope("EnvelopedProfileAccount"))
            guard anchors.contains(where: { $0.matches(profile.udf) }),
                let contact = try? VerifiedAssertion(
                    object, signed: signed, by: profile.content.administratorSignature)
            else { continue }
            if let expected, !profile.udf.matches(expected) {
                throw ProfileError(
                    .wrongProfile, "The contact of \(profile.udf) stands where that of \(expected) was expected.")
            }
            guard (address.address ?? "").hasOctets(of: profile.content.accountAddress ?? "") else {
                throw ProfileError(.notRelated, "The contact has another address than its profile \(profile.udf).")
            }
            self.contact = contact
            self.profile = profile
            return
        }
        throw ProfileError(
            .badSignature, "The \(Content.tag) is not signed by an account that it is a contact of.",
            remedy: "Do not trust it. Get it again from where it came from.")
    }

    /// Verifies the entry of the user's own contact: the signed contact is the one of `account`, and what stands beside it in the
    /// clear is the same.
    ///
    /// - Throws: ``ProfileError`` as ``init(verifying:as:)``; `notRelated` for an entry that says anything else.
    public init(verifying entry: CatalogedContact, of account: VerifiedProfile<ProfileUser>) throws(ProfileError) {
        try self.init(
            verifying: entry.content.envelope("EnvelopedContact").encoded, as: account.udf)
        guard entry.isSelf, entry.key.map({ $0.hasOctets(of: account.udf.text) }) ?? false,
            entry.contact.map({ $0 == contact.content.tagged }) ?? true
        else { throw ProfileError(.notRelated, "The entry is not that of the contact in it, \(account.udf).") }
    }

    /// The entry of the contact catalog that says that this is the user.
    public var ownEntry: CatalogedContact {
        var entry = CatalogedContact(key: profile.udf.text)
        entry.isSelf = true
        entry.contact = contact.content.tagged
        entry.envelopedContact = contact.envelope.value
        return entry
    }
}

extension VerifiedContact<ContactPerson> {
    /// Signs the contact of the person whose account it is: its anchor is the profile, its address that of the account.
    ///
    /// - Parameters:
    ///   - names: the names of the person, the usual one first.
    ///   - keys: those of the account.
    /// - Throws: ``ProfileError`` `badKey` for the keys of another account, `tooLarge`.
    public init(
        of account: VerifiedProfile<ProfileUser>, names: [PersonName], keys: AdministratorKeys, at time: Timestamp
    ) throws(ProfileError) {
        var address = NetworkAddress()
        address.address = account.content.accountAddress
        address.profile = account.envelope
        var content = ContactPerson()
        content.networkAddresses = [address]
        content.commonNames = names
        try self.init(signing: content, of: account, keys: keys, at: time)
    }

    /// Signs a contact for the person whose account it is. The account's profile becomes one of its anchors, if it is none.
    ///
    /// - Parameters:
    ///   - content: what it says, with the address that encloses the profile.
    ///   - keys: those of the account.
    /// - Throws: ``ProfileError`` `badKey` for the keys of another account, `tooLarge`; `badSignature`, `notRelated` for a
    ///   contact that does not enclose the profile, or at another address.
    public init(
        signing content: ContactPerson, of account: VerifiedProfile<ProfileUser>, keys: AdministratorKeys,
        at time: Timestamp
    ) throws(ProfileError) {
        guard keys.belong(to: account.content) else {
            throw ProfileError(.badKey, "The private keys are not those that the profile \(account.udf) states.")
        }
        var content = content
        if !content.anchors.contains(where: { $0.udf == account.udf.text }) {
            var anchor = Anchor()
            anchor.udf = account.udf.text
            anchor.validation = Anchor.ownWord
            content.anchors.append(anchor)
        }
        content.updated = time
        let signed = try VerifiedAssertion(signing: content, by: keys.administratorSignature, created: time)
        try self.init(verifying: signed.signed, as: account.udf)
    }
}
