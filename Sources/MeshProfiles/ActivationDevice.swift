import MeshCore
import MeshCryptography
import MeshEncoding

/// What an administrator hands to a device so that it can act for the account: the seed of the keys that are added to its own
/// (`schema-08` §7, ActivationDevice). It is sealed to the device and signed by the administrator.
struct ActivationDevice: SealedContent {
    static let tag = "ActivationDevice"

    /// The seed, of the type MeshActivationDevice.
    let seed: SecretSeed
    /// The fingerprint of the account's profile.
    let account: UDF

    init(seed: SecretSeed, account: UDF) {
        self.seed = seed
        self.account = account
    }

    init(members: JSONObject, secrets json: SecretJSON) throws(ProfileError) {
        account = try members.fingerprint("AccountUdf")
        guard let text = json.secret(members["ActivationKey"]), let seed = try? SecretSeed(parsing: text.bytes),
            seed.specifier == .activationDevice
        else { throw ProfileError(.wrongSeed, "The activation of the device has no seed of the type for that.") }
        self.seed = seed
    }

    func members(secrets json: inout SecretJSON) -> JSONObject {
        ["ActivationKey": json.add(seed.text()), "AccountUdf": .string(account.text)]
    }
}

/// The private keys of the account that a device has by its rights (`schema-08` §10.2, ActivationAccount). They are sealed to
/// the device's summed key and signed by the administrator.
struct ActivationAccount: SealedContent {
    static let tag = "ActivationAccount"

    /// The keys by which the person is known to others: for the right ``Right/messages``.
    let person: PersonKeys?
    /// For administrators only.
    let administratorSignature: PrivateKey?

    init(keys: AdministratorKeys, rights: [Right]) {
        person = rights.give(.messages) ? keys.person : nil
        administratorSignature = rights.contains(.administrator) ? keys.administratorSignature : nil
    }

    init(members: JSONObject, secrets json: SecretJSON) throws(ProfileError) {
        func key(_ name: String, _ algorithms: Set<KeyAlgorithm>) throws(ProfileError) -> PrivateKey? {
            try KeyData.decode(name, of: members, secrets: json, algorithms: algorithms)
        }
        let keys = (
            try key("AccountEncryption", KeyData.agreement),
            try key("AccountAuthentication", KeyData.agreement.union(KeyData.signing)),
            try key("AccountSignature", KeyData.signing)
        )
        switch keys {
        case (let encryption?, let authentication?, let signature?):
            person = PersonKeys(encryption: encryption, authentication: authentication, signature: signature)
        case (nil, nil, nil): person = nil
        default: throw ProfileError(.badKey, "The activation of the account has some of its keys, and not the others.")
        }
        administratorSignature = try KeyData.decode(
            "AdministratorSignature", of: members, secrets: json, algorithms: KeyData.signing)
    }

    func members(secrets json: inout SecretJSON) -> JSONObject {
        var members = JSONObject()
        members["AdministratorSignature"] = administratorSignature.map { KeyData.encode($0, secrets: &json) }
        members["AccountEncryption"] = person.map { KeyData.encode($0.encryption, secrets: &json) }
        members["AccountAuthentication"] = person.map { KeyData.encode($0.authentication, secrets: &json) }
        members["AccountSignature"] = person.map { KeyData.encode($0.signature, secrets: &json) }
        return members
    }
}
