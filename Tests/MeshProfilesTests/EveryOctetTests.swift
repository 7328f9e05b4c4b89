import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@testable import MeshProfiles

/// Every octet of what an administrator signs for a device, changed: the whole envelope as it is kept, its header and trailer
/// included.
///
/// What is signed is the body; not an octet of it may be another. No signature covers the header and the trailer. What is taken
/// in spite of a change there has the same body, and nothing else is concluded from it: identifiers, times, keys and rights are
/// read from the body alone. The members that may be another are those of ``mayDiffer``.
struct EveryOctetTests {
    /// The parts of the envelopes, for tests that run at the same time.
    private static let ranges = 12

    /// What stands in the header for who lists envelopes, or repeats what the reader has to work out anyway.
    private static let mayDiffer: Set<String> = [
        "EnvelopeId", "ContentMetaData",
        // Who signed is known beforehand, and what does not open with the reader's key does not open.
        "signatures.kid", "recipients.kid", "kid",
        // Under another name they are missing, and the digest is the standard one. With another value they are refused.
        "dig", "signatures.alg",
    ]

    /// Makes the changes of one part of the octets, and calls `accept` with what can still be read as an envelope.
    ///
    /// - Parameter accept: nil if the changed envelope is refused.
    private func change(
        _ original: DAREEnvelope, _ part: Int, accept: (DAREEnvelope, _ octets: [UInt8]) throws -> Bool
    ) throws {
        let octets = original.encoded
        // As it is read: what was just made has octets where the text has base64url.
        let original = try DAREEnvelope(parsing: octets)
        try #require(try accept(original, octets), "The envelope is refused without a change.")
        for place in stride(from: part, to: octets.count, by: Self.ranges) {
            var changed = octets
            changed[place] ^= 0x01
            guard let envelope = try? DAREEnvelope(parsing: changed), try accept(envelope, changed) else { continue }
            #expect(envelope.body == original.body, "octet \(place) of \(octets.count)")
            let members = Self.differing(envelope.header, original.header)
                .union(Self.differing(envelope.trailer, original.trailer))
            #expect(members.isSubset(of: Self.mayDiffer), "octet \(place): \(members)")
        }
    }

    /// The names of the members of `right` that `left` does not have, or has otherwise; those of the members in a list with the
    /// name of the list. A member under a name that nobody knows is passed over by every reader.
    private static func differing(_ left: JSONObject, _ right: JSONObject) -> Set<String> {
        var names: Set<String> = []
        for name in right.names where left[name] != right[name] {
            guard let ours = left[name]?.array, let theirs = right[name]?.array, ours.count == theirs.count else {
                names.insert(name)
                continue
            }
            for (one, other) in zip(ours, theirs) {
                guard let one = one.object, let other = other.object else {
                    names.insert(name)
                    continue
                }
                names.formUnion(differing(one, other).map { "\(name).\($0)" })
            }
        }
        return names
    }

    @Test(arguments: 0..<ranges) func ofAConnection(part: Int) throws {
        let family = try Family()
        let entry = try family.entry([.administrator])
        let administrator = family.account.content.administratorSignature
        let original = try VerifiedAssertion<ConnectionDevice>(
            verifying: DAREEnvelope(#require(entry.envelopedConnection)), by: administrator)
        try change(original.envelope, part) { _, octets in
            guard let taken = try? VerifiedAssertion<ConnectionDevice>(verifying: octets, by: administrator)
            else { return false }
            #expect(taken.content.members == original.content.members)
            return true
        }
    }

    @Test(arguments: 0..<ranges) func ofTheActivationOfADevice(part: Int) throws {
        let family = try Family()
        let entry = try family.entry([.administrator])
        let key = try ProfileDevice.key(.encrypt, from: family.deviceSeed)
        try ofActivation(ActivationDevice.self, entry.envelopedActivationDevice, key, family, part) {
            let keys = try [$0, $1].map { try $0.seed.deriveKey(.sign).publicKey }
            return $0.account == $1.account && keys[0] == keys[1]
        }
    }

    @Test(arguments: 0..<ranges) func ofTheActivationOfTheAccount(part: Int) throws {
        let family = try Family()
        let entry = try family.entry([.administrator])
        let key = try AccountKeys(opening: entry, of: family.account, seed: family.deviceSeed).encryption
        try ofActivation(ActivationAccount.self, entry.envelopedActivationAccount, key, family, part) {
            func keys(_ content: ActivationAccount) -> [PublicKey?] {
                [
                    content.person?.signature, content.person?.encryption, content.person?.authentication,
                    content.administratorSignature,
                ].map { $0?.publicKey }
            }
            return keys($0) == keys($1)
        }
    }

    private func ofActivation<Content: SealedContent>(
        _ type: Content.Type, _ value: JSONValue?, _ key: PrivateKey, _ family: Family, _ part: Int,
        isSame: (Content, Content) throws -> Bool
    ) throws {
        let administrator = family.account.content.administratorSignature
        let envelope = try DAREEnvelope(#require(value))
        let original = try SealedAssertion.open(type, envelope, with: key, signedBy: administrator)
        try change(envelope, part) { envelope, _ in
            guard let taken = try? SealedAssertion.open(type, envelope, with: key, signedBy: administrator)
            else { return false }
            let same = try isSame(taken, original)
            #expect(same)
            return true
        }
    }
}
