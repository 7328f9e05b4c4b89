import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@testable import MeshProfiles

struct ConnectionMessageTests {
    private func request(_ family: Family, pin: SaltedPIN? = nil) throws -> VerifiedConnectionRequest {
        try VerifiedConnectionRequest(
            signing: RequestConnection(
                account: "alice@example.com", device: family.device, pin: pin, random: family.random),
            seed: family.deviceSeed, created: Family.time)
    }

    @Test func requestIsSignedByTheDeviceInIt() throws {
        let family = try Family()
        let request = try request(family)
        #expect(try VerifiedConnectionRequest(verifying: request.message.envelope).device.udf == family.device.udf)
        #expect(request.message.envelope.members.envelopeID == request.content.identifiers.envelope.text)
        let stranger = try PrivateKey.generate(.ed448, from: family.random)
        let forged = try VerifiedAssertion(signing: request.content, by: stranger, created: Family.time)
        #expect(throws: ProfileError(.badSignature, "")) { try VerifiedConnectionRequest(verifying: forged.envelope) }
    }

    @Test func witnessIsMadeByBothSides() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let service = try PrivateKey.generate(.ed448, from: family.random)
        let request = try request(family)
        let account = family.account.content.profileSignature
        let content = AcknowledgeConnection(of: request, account: account, random: family.random)
        let signed = try VerifiedAssertion(signing: content, by: service, created: Family.time)
        let taken = try VerifiedAcknowledgement(
            verifying: signed.envelope, by: service.publicKey, account: family.account)
        #expect(taken.witness == content.witness)
        // A portal that shows the device another account than the administrator's.
        #expect(throws: ProfileError(.notRelated, "")) {
            try VerifiedAcknowledgement(verifying: signed.envelope, by: service.publicKey, account: other.account)
        }
        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedAcknowledgement(verifying: signed.envelope, by: account, account: family.account)
        }
    }

    @Test func answerIsOneToThisRequestOfThisDevice() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let request = try request(family)
        func answer(_ content: RespondConnection, _ key: PrivateKey) throws -> DAREEnvelope {
            try VerifiedAssertion(signing: content, by: key, created: Family.time).envelope
        }
        let signer = family.keys.administratorSignature
        let content = RespondConnection(
            accepting: request, entry: try family.entry(), account: family.account.udf, history: ["index": 3])
        let accepted = try VerifiedConnectionResponse(
            verifying: answer(content, signer), to: request, account: family.account)
        #expect(accepted.device?.udf == family.device.udf && accepted.message.content.history == ["index": 3])
        let rejected = try VerifiedConnectionResponse(
            verifying: answer(RespondConnection(rejecting: request), signer), to: request, account: family.account)
        #expect(rejected.device == nil)

        #expect(throws: ProfileError(.badSignature, "")) {
            try VerifiedConnectionResponse(
                verifying: answer(content, other.keys.administratorSignature), to: request, account: family.account)
        }
        let second = try self.request(family)
        #expect(throws: ProfileError(.notRelated, "")) {
            try VerifiedConnectionResponse(verifying: answer(content, signer), to: second, account: family.account)
        }
        let swapped = RespondConnection(
            accepting: request,
            entry: try family.connector.connect(
                other.device, rights: Right.usual, at: Family.time, random: family.random),
            account: family.account.udf, history: nil)
        #expect(throws: ProfileError(.notRelated, "")) {
            try VerifiedConnectionResponse(verifying: answer(swapped, signer), to: request, account: family.account)
        }
    }

    /// The words of before mean the same (sessions specification §G); others mean nothing.
    @Test func answersInTheWordsOfBefore() throws {
        let family = try Family()
        let request = try request(family)
        let accepted = RespondConnection(
            accepting: request, entry: try family.entry(), account: family.account.udf, history: nil)
        func read(_ result: JSONValue?, _ content: RespondConnection) throws(ProfileError) -> RespondConnection {
            var members = content.members
            members["Result"] = result
            return try RespondConnection(members: members)
        }
        let rejected = RespondConnection(rejecting: request)
        for word in ["Accept", "Accepted"] {
            #expect(try read(.string(word), accepted).isAccepted)
            #expect(throws: ProfileError(.malformed, "")) { try read(.string(word), rejected) }
        }
        for word in ["Reject", "Rejected", "Refused"] {
            #expect(try !read(.string(word), rejected).isAccepted)
            // A refusal that connects a device is none.
            #expect(throws: ProfileError(.malformed, "")) { try read(.string(word), accepted) }
        }
        for word in ["Pending", "Unknown", "Query", "Expired", "", "accept", true, nil] as [JSONValue?] {
            for content in [accepted, rejected] {
                #expect(throws: ProfileError(.malformed, "")) { try read(word, content) }
            }
        }
    }

    @Test func bothSidesProveThePIN() throws {
        let family = try Family()
        let (right, wrong) = (try pin(family), try pin(family))
        let request = try request(family, pin: right)
        #expect(request.isProved(by: right) && !request.isProved(by: wrong))
        #expect(try !self.request(family).isProved(by: right))
        for (used, isGood) in [(right, true), (wrong, false), (nil, false)] as [(SaltedPIN?, Bool)] {
            let content = RespondConnection(
                accepting: request, entry: try family.entry(), account: family.account.udf, history: nil, pin: used)
            let envelope = try VerifiedAssertion(
                signing: content, by: family.keys.administratorSignature, created: Family.time
            ).envelope
            let taken = try? VerifiedConnectionResponse(
                verifying: envelope, to: request, account: family.account, pin: right)
            #expect((taken != nil) == isGood)
        }
    }

    @Test func keptPINIsTheSame() throws {
        let family = try Family()
        let message = MessagePIN(
            pin: try pin(family), account: "alice@example.com", action: "Device", expires: Family.time,
            isAutomatic: true)
        let sealed = try message.sealed(
            to: family.account.content.accountEncryption, by: family.keys.person.signature, created: Family.time,
            random: family.random)
        let kept = try MessagePIN(
            opening: sealed, with: family.keys.accountEncryption,
            signedBy: family.account.content.accountSignature)
        #expect(kept.identifier == message.identifier && kept.isAutomatic && kept.expires == Family.time)
        #expect(try request(family, pin: message.saltedPIN).isProved(by: kept.saltedPIN))
        #expect(throws: ProfileError(.cannotOpen, "")) {
            try MessagePIN(
                opening: sealed, with: family.keys.person.authentication,
                signedBy: family.account.content.accountSignature)
        }
    }

    @Test func largeMessagesAreRefused() throws {
        let family = try Family()
        let claim = MessageClaim(
            sender: "a@b.example", recipient: "c@d.example", publicationID: String(repeating: "x", count: 32 << 10),
            serviceAuthenticate: "", deviceAuthenticate: "", expires: Family.time, random: family.random)
        #expect(throws: ProfileError(.tooLarge, "")) {
            try VerifiedAssertion(signing: claim, by: family.keys.person.signature, created: Family.time)
        }
        let envelope = try DAREEnvelope.signed(claim.body, by: family.keys.person.signature)
        #expect(throws: ProfileError(.tooLarge, "")) {
            try VerifiedAssertion<MessageClaim>(verifying: envelope, by: family.keys.person.signature.publicKey)
        }
    }

    @Test func completionSaysWhatBecameOfMessages() throws {
        let family = try Family()
        let (first, second) = (NonceUDF.make(from: family.random), NonceUDF.make(from: family.random))
        let content = MessageComplete(
            references: [
                .init(messageID: first, state: .closed),
                .init(
                    messageID: second, responseID: MessageIdentifiers(of: second).response,
                    state: SpoolState(rawValue: "Later")),
            ], sender: "alice@example.com", random: family.random)
        let signed = try VerifiedAssertion(signing: content, by: family.keys.person.signature, created: Family.time)
        let taken = try VerifiedAssertion<MessageComplete>(
            verifying: signed.envelope, by: family.account.content.accountSignature
        ).content
        #expect(taken.references == content.references && taken.messageID == content.messageID)
        #expect(taken.sender == "alice@example.com" && taken.recipient == nil)
        for list in ["x", [1], [["MessageId": "x", "Relationship": "Read"]], [["MessageId": .string(first.text)]]]
            as [JSONValue]
        {
            let members: JSONObject = ["MessageId": .string(first.text), "References": list]
            #expect(throws: ProfileError(.malformed, "")) { try MessageComplete(members: members) }
        }
    }

    /// Texts of others are compared by their octets: as Unicode compares them, one letter under many marks takes hours.
    @Test func longTextsAreComparedInNoTime() throws {
        let marks = "E" + String(repeating: "\u{301}\u{316}", count: 1 << 17)
        let family = try Family()
        var members = family.device.content.members
        members["BaseSignature"] = [
            "Udf": "x", "PublicParameters": ["PublicKeyECDH": ["crv": .string(marks), "Public": ""]],
        ]
        #expect(throws: ProfileError(.badKey, "")) { try ProfileDevice(members: members) }
        let rights = try Right.list([.string(marks), .string(marks + "x"), "administrator", .string(marks)])
        #expect(rights.count == 3)
        let answer: JSONObject = ["MessageId": .string(family.account.udf.text), "Result": .string(marks)]
        #expect(throws: ProfileError(.malformed, "")) { try RespondConnection(members: answer) }
    }

    private func pin(_ family: Family) throws -> SaltedPIN {
        let text = SaltedPIN.makePIN(from: family.random)
        return try SaltedPIN(pin: text, action: "Device")
    }
}
