import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import Testing

@testable import MeshProfiles

/// Every rule of a connection has one that breaks it.
struct ConnectionRefusalTests {
    private func expect(
        _ code: ProfileError.Code, _ family: Family, _ entry: CatalogedDevice,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: ProfileError(code, ""), sourceLocation: sourceLocation) {
            try AccountKeys(opening: entry, of: family.account, seed: family.deviceSeed)
        }
    }

    @Test func connectionOfAnotherAdministratorIsRefused() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let stolen = try other.connector.connect(
            family.device, rights: Right.usual, at: Family.time, random: other.random)
        expect(.badSignature, family, stolen)
        // The account's own word, with the other's connection put in.
        var entry = try family.entry()
        entry.envelopedConnection = stolen.envelopedConnection
        expect(.badSignature, family, entry)
    }

    @Test func connectionToAnotherAccountIsRefused() throws {
        // One administrator key serves two accounts: the connection still names the one it is to.
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        var entry = try family.entry()
        let connection = try ConnectedDevice(verifying: entry, of: family.account).connection.content
        let foreign = ConnectionDevice(
            subject: connection.subject, authority: other.account.udf, accountAddress: nil,
            signature: connection.signature, encryption: connection.encryption,
            authentication: connection.authentication, rights: [], updated: nil)
        entry.envelopedConnection = try signed(foreign, family)
        expect(.notRelated, family, entry)
        // A profile of another account in the entry.
        var second = try family.entry()
        second.envelopedProfileUser = other.account.envelope.value
        expect(.notRelated, family, second)
    }

    @Test func connectionOfAnotherDeviceIsRefused() throws {
        let family = try Family()
        let seed = SecretSeed(.profileDevice, from: family.random)
        let second = try Family.device(seed)
        let foreign = try family.connector.connect(second, rights: Right.usual, at: Family.time, random: family.random)
        var entry = try family.entry()
        let own = entry
        entry.envelopedConnection = foreign.envelopedConnection
        expect(.notRelated, family, entry)
        entry = own
        entry.envelopedProfileDevice = second.envelope.value
        expect(.notRelated, family, entry)
        // The other device's entry, whole, with this device's seed.
        expect(.wrongSeed, family, foreign)
        // The other device's activations.
        entry = own
        entry.envelopedActivationDevice = foreign.envelopedActivationDevice
        expect(.cannotOpen, family, entry)
        entry = own
        entry.envelopedActivationAccount = foreign.envelopedActivationAccount
        expect(.cannotOpen, family, entry)
    }

    @Test func fingerprintsOfTheEntryMustBeThoseOfTheConnection() throws {
        let family = try Family()
        for change: (inout CatalogedDevice) -> Void in [
            { $0.udf = $0.deviceUDF }, { $0.deviceUDF = $0.udf }, { $0.signatureUDF = nil }, { $0.udf = nil },
        ] {
            var entry = try family.entry()
            change(&entry)
            expect(.notRelated, family, entry)
        }
    }

    @Test func missingPartsAreRefused() throws {
        let family = try Family()
        for name in family.partNames {
            var entry = try family.entry()
            entry.content[name] = nil
            expect(.malformed, family, entry)
            entry.content[name] = "nothing"
            expect(.malformed, family, entry)
        }
    }

    @Test func activationOfAnEarlierConnectionIsRefused() throws {
        let family = try Family()
        let early = try family.entry()
        var late = try family.entry()
        late.envelopedActivationDevice = early.envelopedActivationDevice
        expect(.wrongActivation, family, late)
    }

    @Test func rightsDecideWhichKeysAreHandedOut() throws {
        let family = try Family()
        // A member that was handed the administrator's key, and the other way round.
        for (isAdministrator, rights) in [(true, Right.usual), (false, [Right.administrator])] {
            var entry = try family.entry(rights)
            let key = try ConnectedDevice(verifying: entry, of: family.account).encryption
            entry.envelopedActivationAccount =
                try SealedAssertion.seal(
                    ActivationAccount(keys: family.keys, rights: isAdministrator ? [.administrator] : Right.usual),
                    to: key,
                    by: family.keys.administratorSignature, created: Family.time, random: family.random
                ).value
            expect(.notRelated, family, entry)
        }
        let member = try AccountKeys(opening: family.entry(), of: family.account, seed: family.deviceSeed)
        #expect(throws: ProfileError(.notPermitted, "")) { try AdministratorKeys(member) }
    }

    @Test func keysOfAnotherAccountAreRefused() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        var entry = try family.entry()
        let key = try ConnectedDevice(verifying: entry, of: family.account).encryption
        entry.envelopedActivationAccount =
            try SealedAssertion.seal(
                ActivationAccount(keys: other.keys, rights: Right.usual), to: key,
                by: family.keys.administratorSignature, created: Family.time, random: family.random
            ).value
        expect(.badKey, family, entry)
        #expect(throws: ProfileError(.badKey, "")) { try DeviceConnector(account: family.account, keys: other.keys) }
        // An activation that names another account.
        entry = try family.entry()
        let foreign = ActivationDevice(
            seed: SecretSeed(.activationDevice, from: family.random), account: other.account.udf)
        entry.envelopedActivationDevice =
            try SealedAssertion.seal(
                foreign, to: family.device.content.baseEncryption, by: family.keys.administratorSignature,
                created: Family.time, random: family.random
            ).value
        expect(.notRelated, family, entry)
    }

    @Test func activationThatIsNotSignedByTheAdministratorIsRefused() throws {
        let (family, other) = (try Family(seed: 1), try Family(seed: 2))
        let foreign = try other.connector.connect(
            family.device, rights: Right.usual, at: Family.time, random: other.random)
        var entry = try family.entry()
        entry.envelopedActivationDevice = foreign.envelopedActivationDevice
        expect(.badSignature, family, entry)
        // In the clear, as an envelope that was never sealed.
        entry.envelopedActivationDevice = entry.envelopedConnection
        expect(.cannotOpen, family, entry)
    }

    @Test func keysOfOtherAlgorithmsAreRefused() throws {
        let family = try Family()
        var entry = try family.entry()
        let weak = try PrivateKey.generate(.ed25519, from: family.random).publicKey
        let connection = try ConnectedDevice(verifying: entry, of: family.account).connection.content
        var members = connection.members
        members["DeviceSignature"] = KeyData.encode(weak)
        entry.envelopedConnection = try DAREEnvelope.signed(
            JSONValue.object(["ConnectionDevice": .object(members)]).compact, by: family.keys.administratorSignature
        ).value
        expect(.badKey, family, entry)
        // Another digest than the one that was signed.
        entry = try family.entry()
        var envelope = try DAREEnvelope(try #require(entry.envelopedConnection))
        envelope.header["dig"] = "S256"
        entry.envelopedConnection = envelope.value
        expect(.badSignature, family, entry)
    }

    @Test func neitherPartAloneIsTheKey() throws {
        let family = try Family()
        let entry = try family.entry()
        let keys = try AccountKeys(opening: entry, of: family.account, seed: family.deviceSeed)
        let base = try ProfileDevice.key(.sign, from: family.deviceSeed)
        let opened = try SealedAssertion.open(
            ActivationDevice.self, DAREEnvelope(try #require(entry.envelopedActivationDevice)),
            with: ProfileDevice.key(.encrypt, from: family.deviceSeed),
            signedBy: family.account.content.administratorSignature)
        let activation = try opened.seed.deriveKey(.sign)
        let message = Array("a message".utf8)
        for part in [base, activation] {
            #expect(!keys.device.signature.isValidSignature(try part.sign(message), for: message))
        }
        let sealed = try DAREEnvelope(try #require(entry.envelopedActivationAccount))
        for part in [
            try ProfileDevice.key(.encrypt, from: family.deviceSeed), try opened.seed.deriveKey(.encrypt),
        ] {
            #expect(throws: ProfileError(.cannotOpen, "")) {
                try SealedAssertion.open(
                    ActivationAccount.self, sealed, with: part,
                    signedBy: family.account.content.administratorSignature)
            }
        }
    }

    @Test func manySeedsConnect() throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        print("seed \(seed)")
        for index in 0..<20 {
            let family = try Family(seed: seed &+ UInt64(index))
            let keys = try AccountKeys(opening: family.entry(), of: family.account, seed: family.deviceSeed)
            #expect(keys.signature.publicKey == keys.device.signature)
        }
    }

    private func signed(_ content: ConnectionDevice, _ family: Family) throws -> JSONValue {
        try VerifiedAssertion(signing: content, by: family.keys.administratorSignature, created: Family.time)
            .envelope.value
    }
}

extension Family {
    /// The parts of an entry without which there is no connection.
    var partNames: [String] {
        [
            "EnvelopedProfileDevice", "EnvelopedConnectionDevice", "EnvelopedActivationDevice",
            "EnvelopedActivationAccount",
        ]
    }
}
