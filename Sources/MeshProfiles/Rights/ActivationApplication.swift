import MeshCore
import MeshCryptography
import MeshEncoding

/// The keys of the rights that a device has (`schema-08` §10.2, ActivationApplication): sealed to the device's summed key and
/// signed by the administrator. The entry of a key names its right as the `Resource`.
struct ActivationApplication: SealedContent {
    static let tag = "ActivationApplication"

    let keys: [GroupKey]

    init(keys: [GroupKey]) { self.keys = keys }

    init(members: JSONObject, secrets json: SecretJSON) throws(ProfileError) {
        guard let entries = members["Entries"]?.array, entries.count <= 128 else {
            throw ProfileError(.malformed, "The activation of the rights lists no keys.")
        }
        var keys: [GroupKey] = []
        for entry in entries { keys.append(try GroupKey(activation: entry, secrets: json)) }
        self.keys = keys
    }

    func members(secrets json: inout SecretJSON) -> JSONObject {
        var entries: [JSONValue] = []
        for key in keys { entries.append(key.activation(secrets: &json)) }
        return ["Entries": .array(entries)]
    }
}

extension GroupKey {
    /// Reads an entry of an activation.
    fileprivate init(activation entry: JSONValue, secrets json: SecretJSON) throws(ProfileError) {
        guard let members = entry.object, let resource = members["Resource"]?.string,
            let generation = members["Generation"]?.integer.flatMap({ Int(exactly: $0) }), generation > 0,
            let key = try KeyData.decode("Key", of: members, secrets: json, algorithms: [.x448])
        else { throw ProfileError(.malformed, "The activation of a right is not whole.") }
        self.init(right: Right(rawValue: resource), generation: generation, key: key)
    }

    /// The entry of an activation.
    fileprivate func activation(secrets json: inout SecretJSON) -> JSONValue {
        [
            "Resource": .string(right.rawValue), "Generation": .integer(Int64(generation)),
            "Key": KeyData.encode(key, secrets: &json),
        ]
    }
}
