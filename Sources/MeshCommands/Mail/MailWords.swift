import MeshCore
import MeshDARE
import MeshEncoding
import MeshMail
import MeshSessions

/// Mail accounts and keys as they are shown.
enum MailWords {
    static func name(_ kind: MailKey.Kind) -> String { kind == .openPGP ? "OpenPGP" : "S/MIME" }

    /// The option that means a kind.
    static func option(_ kind: MailKey.Kind) -> String { kind == .openPGP ? "--openpgp" : "--smime" }

    static func marks(_ item: PersonalMail.Item) -> [String] {
        item.isConflict ? ["(conflict)"] : item.isPending ? ["(not sent yet)"] : []
    }

    static func lines(_ account: MailAccount) -> [(String, String)] {
        var lines = [("address", account.address.text)]
        if let name = account.displayName { lines.append(("name", name)) }
        if let name = account.accountName { lines.append(("accountName", name)) }
        if let address = account.replyTo { lines.append(("replyTo", address.text)) }
        lines += account.inbound.map { ("inbound", $0.uri) } + account.outbound.map { ("outbound", $0.uri) }
        return lines + account.keys.map { ("key", words($0)) }
    }

    static func words(_ key: MailKey) -> String {
        var words = [name(key.kind), key.fingerprint]
        let uses = MailKey.Use.allCases.filter(key.uses.contains).map { $0 == .sign ? "sign" : "encrypt" }
        if let since = key.formerSince {
            words.append("former, since \(since)")
        } else {
            words.append(uses.joined(separator: ","))
            if let expires = key.expires { words.append("until \(expires)") }
        }
        return words.joined(separator: "  ")
    }

    static func json(_ item: PersonalMail.Item, _ exposed: [PersonalMail.ExposedKey]) -> JSONObject {
        let account = item.account
        var object: JSONObject = ["address": .string(account.address.text)]
        object["name"] = account.displayName.map { .string($0) }
        object["accountName"] = account.accountName.map { .string($0) }
        object["replyTo"] = account.replyTo.map { .string($0.text) }
        object["inbound"] = .array(account.inbound.map(json))
        object["outbound"] = .array(account.outbound.map(json))
        let toReplace = exposed.filter { $0.address == account.address }.map(\.key.udf)
        object["keys"] = .array(
            account.keys.map { key in
                var members = json(key)
                members["replace"] = .bool(!key.isFormer && toReplace.contains(key.udf))
                return .object(members)
            })
        object["pending"] = .bool(item.isPending)
        object["conflict"] = .bool(item.isConflict)
        return object
    }

    private static func json(_ connection: MailConnection) -> JSONValue {
        var object: JSONObject = [
            "uri": .string(connection.uri), "protocol": .string(connection.service.rawValue),
            "host": .string(connection.host), "port": .integer(Int64(connection.port)),
            "security": .string(connection.security.rawValue),
        ]
        object["username"] = connection.username.map { .string($0) }
        if !connection.authentication.isEmpty {
            object["authentication"] = .array(connection.authentication.map { .string($0) })
        }
        object["timeout"] = connection.timeout.map { .integer(Int64($0)) }
        if connection.isPolled { object["polled"] = true }
        return .object(object)
    }

    static func json(_ key: MailKey) -> JSONObject {
        var object: JSONObject = [
            "kind": .string(key.kind.rawValue), "fingerprint": .string(key.fingerprint), "udf": .string(key.udf.text),
            "uses": .array(key.uses.map(\.rawValue).sorted().map { .string($0) }), "former": .bool(key.isFormer),
        ]
        object["formerSince"] = key.formerSince.map { .string($0.description) }
        object["expires"] = key.expires.map { .string($0.description) }
        return object
    }

    // MARK: Keys to replace

    /// Says which keys should be replaced, and how.
    static func tell(_ exposed: [PersonalMail.ExposedKey], on console: any Console) {
        guard !exposed.isEmpty else { return }
        console.printError("A device that may not read mail any more may have kept keys. Replace them:")
        for found in exposed {
            console.printError(
                "  meshclient mail key replace \(found.address) \(option(found.key.kind))   (\(found.key.fingerprint))")
        }
    }

    /// The keys that should be replaced, for what was done to a device; none where this device does not read mail.
    static func exposed(_ personal: PersonalSession) async throws -> [PersonalMail.ExposedKey] {
        guard try await personal.readableStores().contains(.mail) else { return [] }
        return try await personal.mail.exposedKeys()
    }

    static func json(_ exposed: [PersonalMail.ExposedKey]) -> JSONValue {
        .array(
            exposed.map { found in
                var object = json(found.key)
                object["address"] = .string(found.address.text)
                return .object(object)
            })
    }
}
