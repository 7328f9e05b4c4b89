import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshProfiles

extension FuzzTarget {
    /// What devices, administrators and services say of each other: signed, and sealed.
    static let connections = [
        FuzzTarget("assertion", seeds: { try FuzzAccount().assertions }) { input in
            // What is signed: so that inputs get past the signature, the tagged object is the input.
            guard let object = try? JSONValue(parsing: input).object, object.count == 1, let tag = object.names.first,
                let members = object[tag]?.object
            else { return }
            read(ProfileDevice.self, tag, members)
            read(ProfileUser.self, tag, members)
            read(ProfileService.self, tag, members)
            read(ProfileHost.self, tag, members)
            read(ConnectionDevice.self, tag, members)
            read(ConnectionHost.self, tag, members)
            read(RequestConnection.self, tag, members)
            read(AcknowledgeConnection.self, tag, members)
            read(RespondConnection.self, tag, members)
            read(MessageClaim.self, tag, members)
            read(MessageComplete.self, tag, members)
            read(DevicePreconfiguration.self, tag, members)
            read(ContactPerson.self, tag, members)
            read(ContactOrganization.self, tag, members)
            read(ContactGroup.self, tag, members)
        },
        FuzzTarget("verified-message", seeds: { try FuzzAccount().messages }) { input in
            guard let known else { return require(false, "the account is one") }
            if let envelope = try? DAREEnvelope(parsing: input) {
                if let request = try? VerifiedConnectionRequest(verifying: envelope) {
                    require(request.device.udf == known.device.udf, "a request is accepted that no device signed")
                    require(
                        request.content.messageID == known.request.content.messageID, "another request is accepted")
                }
                if let acknowledged = try? VerifiedAcknowledgement(
                    verifying: envelope, by: FuzzKeys.signer.publicKey, account: known.account)
                {
                    require(acknowledged.witness == known.witness, "another witness is accepted")
                }
                if let answer = try? VerifiedConnectionResponse(
                    verifying: envelope, to: known.request, account: known.account)
                {
                    require(
                        answer.device?.connection.signed == known.connected.connection.signed,
                        "another connection is accepted")
                }
                if let claim = try? VerifiedClaim(verifying: envelope, by: known.connected, of: known.account) {
                    require(claim.content.publicationID == FuzzAccount.publication, "another claim is accepted")
                }
            }
            if let described = try? VerifiedPreconfiguration(verifying: input) {
                require(described.device.udf == known.device.udf, "another device is accepted")
            }
            if let contact = try? VerifiedContact<ContactPerson>(verifying: input) {
                require(contact.profile.udf == known.account.udf, "another contact is accepted")
                // What was read holds text where octets are: as it is written, it is the same.
                require(
                    JSONValue.object(contact.contact.content.members).compact
                        == JSONValue.object(known.contact.contact.content.members).compact,
                    "a changed contact is accepted")
            }
        },
        FuzzTarget("device-entry", seeds: { [JSONValue.object(try FuzzAccount().entry.content).compact] }) { input in
            guard let known, let content = try? JSONValue(parsing: input).object,
                let entry = try? CatalogedDevice(reading: CatalogedDevice.tags[0], content)
            else { return }
            if let device = try? ConnectedDevice(verifying: entry, of: known.account) {
                require(
                    device.connection.content.members == known.connected.connection.content.members,
                    "a connection is accepted that nobody signed")
                require(device.udf == known.device.udf, "another device is connected")
            }
            if let keys = try? AccountKeys(opening: entry, of: known.account, seed: known.deviceSeed) {
                require(keys.signature.publicKey == known.connected.signature, "another key is opened")
            }
        },
        FuzzTarget("sealed-activation", seeds: { try FuzzAccount().sealed }) { input in
            guard let known else { return require(false, "the account is one") }
            // The input is what was sealed, by who may: so that it is read at all.
            var sealer = EnvelopeSealer(
                recipients: [
                    known.device.content.baseEncryption, known.connected.encryption,
                    known.account.content.accountEncryption,
                ],
                signers: [known.keys.administratorSignature])
            sealer.random = SeededRandomSource(seed: 9)
            guard let envelope = try? sealer.seal(input) else { return require(false, "whatever it is can be sealed") }
            func open(_ change: (inout CatalogedDevice) -> Void) {
                var entry = known.entry
                change(&entry)
                guard let keys = try? AccountKeys(opening: entry, of: known.account, seed: known.deviceSeed) else {
                    return
                }
                require(keys.signature.publicKey == known.connected.signature, "another key is opened")
                require(
                    keys.person.map { $0.encryption.publicKey == known.account.content.accountEncryption } ?? true,
                    "keys of another account are opened")
            }
            open { $0.envelopedActivationDevice = envelope.value }
            open { $0.envelopedActivationAccount = envelope.value }
            open { $0.envelopedActivationApplication = [envelope.value] }
            _ = try? MessagePIN(
                opening: envelope, with: known.keys.accountEncryption,
                signedBy: known.keys.administratorSignature.publicKey)
        },
    ]

    /// The same in every run.
    private static let known = try? FuzzAccount()

    /// What was read is written and read again, the same, and verifies when it was signed.
    private static func read<Content: AssertionContent>(_ type: Content.Type, _ tag: String, _ members: JSONObject) {
        guard tag.utf8.elementsEqual(Content.tag.utf8), let content = try? Content(members: members) else { return }
        let written = content.members
        guard let again = try? Content(members: written) else {
            return require(false, "a \(Content.tag) that was read and written cannot be read")
        }
        require(again.members == written, "a \(Content.tag) that was written reads as another")
        do {
            let signed = try VerifiedAssertion(signing: content, by: FuzzKeys.signer, created: FuzzAccount.time)
            let other = FuzzKeys.recipient.publicKey
            require(
                (try? VerifiedAssertion<Content>(verifying: signed.signed, by: other)) == nil,
                "a \(Content.tag) is accepted from who did not sign it")
        } catch {
            require(error.code == .tooLarge, "a \(Content.tag) that was read cannot be signed: \(error)")
        }
    }
}

/// An account, a device that is connected to it, and what they said: from seeds that everybody knows.
private struct FuzzAccount {
    static let time = Timestamp(secondsSince1970: 1_800_000_000)
    static let address = "alice@example.com"
    static let publication = "publication"

    let account: VerifiedProfile<ProfileUser>
    let device: VerifiedProfile<ProfileDevice>
    let deviceSeed: SecretSeed
    let keys: AdministratorKeys
    let entry: CatalogedDevice
    let connected: ConnectedDevice
    let request: VerifiedConnectionRequest
    let witness: String
    let contact: VerifiedContact<ContactPerson>
    /// Signed messages, as they are sent.
    let messages: [[UInt8]]
    /// The objects in them, as they are signed.
    let assertions: [[UInt8]]
    /// What is sealed, in the clear.
    let sealed: [[UInt8]]

    init() throws {
        let time = Self.time
        let random = SeededRandomSource(seed: 5)
        let accountSeed = SecretSeed(.profileAccount, from: random)
        deviceSeed = SecretSeed(.profileDevice, from: random)
        account = try VerifiedProfile(
            signing: ProfileUser(seed: accountSeed, accountAddress: Self.address, updated: time), seed: accountSeed,
            created: time)
        device = try VerifiedProfile(
            signing: ProfileDevice(seed: deviceSeed, description: "desk", updated: time), seed: deviceSeed,
            created: time)
        var keys = try AdministratorKeys(seed: accountSeed)
        keys.groups = try GroupKey.first(from: random)
        self.keys = keys
        entry = try DeviceConnector(account: account, keys: keys).connect(
            device, rights: [.administrator], at: time, random: random)
        connected = try ConnectedDevice(verifying: entry, of: account)
        let accountKeys = try AccountKeys(opening: entry, of: account, seed: deviceSeed)

        let pin = try SaltedPIN(pin: SaltedPIN.makePIN(from: random), action: "Device")
        request = try VerifiedConnectionRequest(
            signing: RequestConnection(account: Self.address, device: device, pin: pin, random: random),
            seed: deviceSeed, created: time)
        let acknowledgement = try VerifiedAssertion(
            signing: AcknowledgeConnection(
                of: request, account: account.content.profileSignature, random: random), by: FuzzKeys.signer,
            created: time)
        witness = acknowledgement.content.witness
        let answer = try VerifiedAssertion(
            signing: RespondConnection(
                accepting: request, entry: entry, account: account.udf, history: ["index": 1], pin: pin),
            by: keys.administratorSignature, created: time)
        let claim = try VerifiedAssertion(
            signing: MessageClaim(
                sender: Self.address, recipient: "maker@example.com", publicationID: Self.publication,
                serviceAuthenticate: "s", deviceAuthenticate: "d", expires: time, random: random),
            by: accountKeys.signature, created: time)
        let complete = try VerifiedAssertion(
            signing: MessageComplete(
                references: [.init(messageID: request.content.messageID, state: .closed)], random: random),
            by: accountKeys.signature, created: time)
        let description = try VerifiedAssertion(
            signing: DevicePreconfiguration(
                profile: device, connection: connected.connection.envelope, connectURI: "mcu://maker@example.com/"),
            by: ProfileDevice.key(.sign, from: deviceSeed), created: time)
        var name = PersonName()
        name.fullName = "Alice Example"
        name.middle = ["B."]
        contact = try VerifiedContact(of: account, names: [name], keys: keys, at: time)

        let envelopes = [
            request.message.envelope, acknowledgement.envelope, answer.envelope, claim.envelope, description.envelope,
            contact.contact.envelope,
        ]
        messages = envelopes.map(\.encoded)
        assertions =
            (envelopes + [
                complete.envelope, connected.connection.envelope, account.envelope, device.envelope,
            ]).map(\.body)
        let kept = try MessagePIN(pin: pin, account: Self.address, action: "Device", expires: time, isAutomatic: true)
            .sealed(
                to: account.content.accountEncryption, by: keys.person.signature, created: time, random: random)
        func text(_ value: JSONValue?, _ key: PrivateKey) throws -> [UInt8] {
            guard let value else { return [] }
            return try DAREEnvelope(value).openSecret(with: DecryptionKeys([key])).withUnsafeBytes { Array($0) }
        }
        sealed = [
            try text(entry.envelopedActivationDevice, ProfileDevice.key(.encrypt, from: deviceSeed)),
            try text(entry.envelopedActivationAccount, accountKeys.encryption),
            try text(kept.value, keys.accountEncryption),
            try text(entry.envelopedActivationApplication.first, accountKeys.encryption),
        ]
    }
}
