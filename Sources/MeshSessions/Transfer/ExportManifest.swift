import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What is in the export of a personal profile, as its last part says, signed by a key that follows from the secret. Every
/// other part is in it with its digest, so that none can be changed, exchanged or left out.
struct ExportManifest: AssertionContent {
    static let tag = "ProfileExport"
    /// The version that is written and read.
    static let version = 1

    /// A small part: a version of the profile, a key.
    struct Part: Sendable, Equatable {
        let path: String
        let size: Int
        /// SHA-2-512 of the content.
        let digest: [UInt8]

        init(_ path: String, _ content: UnsafeRawBufferPointer) {
            self.path = path
            size = content.count
            digest = HashAlgorithm.sha512.digest(content)
        }

        init(path: String, size: Int, digest: [UInt8]) {
            self.path = path
            self.size = size
            self.digest = digest
        }
    }

    /// A container, octet by octet.
    struct Container: Sendable, Equatable {
        let path: String
        let size: Int
        /// How far it goes: the digests in it cover everything before.
        let point: HistoryPoint
    }

    /// A private seed.
    struct Key: Sendable, Equatable {
        /// The profile whose seed it is.
        let udf: UDF
        /// Where in the export it is.
        let part: Part
        /// What the key store knows of it besides.
        let account: String?
    }

    var profile: UDF
    var made: Timestamp
    var name: String?
    /// The versions of the profile, the oldest first.
    var versions: [Part] = []
    /// The account: addresses, and the device by which the machine acts.
    var addresses: [String] = []
    /// The account that was being made.
    var registering: String?
    var device: UDF?
    var deviceName: String?
    /// The device's entry in the account's device catalog.
    var entry: JSONObject?
    var masterKey: Key?
    var deviceKey: Key?
    /// The copies of the stores, by the names that messages call them.
    var stores: [(store: StoreName, container: Container)] = []
    var outbox: Container?
    /// The requests for connection that wait: entries of `host.dare`.
    var pending: [JSONObject] = []
    /// What is known of the recovery shares.
    var recovery = RecoveryRecord(state: .none, quorum: nil, shares: nil)
    /// The services that were met, by the domains of the addresses.
    var services: [(domain: String, udf: UDF)] = []

    /// The profile's own defaults on the machine, by the kinds of application.
    var defaults: [(kind: ApplicationKind, key: String)] = []

    init(profile: UDF, made: Timestamp) {
        self.profile = profile
        self.made = made
    }

    /// The containers, with the names that they have in the account's directory.
    var containers: [(name: String, container: Container)] {
        stores.map { ($0.store.fileName, $0.container) } + (outbox.map { [(Outbox.fileName, $0)] } ?? [])
    }
}

// How it is written.
extension ExportManifest {
    init(members: JSONObject) throws(ProfileError) {
        guard let version = members["Version"]?.integer else { throw Self.malformed("its version") }
        guard version == Self.version else {
            throw ProfileError(
                .malformed, "The export is of version \(version), which this program does not know.",
                remedy: "Import it with the program that made it, or with a newer one.")
        }
        profile = try Self.udf(members, "Udf")
        guard let made = members["Made"]?.string.flatMap({ Timestamp($0) }) else { throw Self.malformed("its time") }
        self.made = made
        name = members["Name"]?.string
        versions = try Self.list(members, "Versions", Self.part)
        addresses = try Self.list(members, "Addresses") { (value) throws(ProfileError) in
            guard let text = value.string else { throw Self.malformed("an address") }
            return text
        }
        registering = members["Registering"]?.string
        device = members["DeviceUdf"] == nil ? nil : try Self.udf(members, "DeviceUdf")
        deviceName = members["DeviceName"]?.string
        entry = members["CatalogedDevice"]?.object
        masterKey = try Self.key(members["MasterKey"])
        deviceKey = try Self.key(members["DeviceKey"])
        stores = try Self.list(members, "Stores") { (value) throws(ProfileError) in
            guard let store = value["Container"]?.string.flatMap({ StoreName(containerName: $0) }) else {
                throw Self.malformed("the name of a store")
            }
            return (store, try Self.container(value))
        }
        guard Set(stores.map(\.store)).count == stores.count else { throw Self.malformed("each store once") }
        outbox = try members["Outbox"].map { (value) throws(ProfileError) in try Self.container(value) }
        pending = try Self.list(members, "Pending") { (value) throws(ProfileError) in
            guard let object = value.object else { throw Self.malformed("a request") }
            return object
        }
        recovery = RecoveryRecord(state: .none, quorum: nil, shares: nil)
        if let known = members["Recovery"] {
            func time(_ name: String) -> Timestamp? { known[name]?.string.flatMap { Timestamp($0) } }
            recovery.state = time("Proven").map { .proven($0) } ?? time("Made").map { .made($0) } ?? .none
            recovery.quorum = known["Quorum"]?.integer.flatMap { Int(exactly: $0) }
            recovery.shares = known["Shares"]?.integer.flatMap { Int(exactly: $0) }
        }
        services = try Self.list(members, "Services") { (value) throws(ProfileError) in
            guard let domain = value["Domain"]?.string, let object = value.object else {
                throw Self.malformed("a domain")
            }
            return (domain, try Self.udf(object, "ServiceUdf"))
        }
        defaults = try Self.list(members, "Defaults") { (value) throws(ProfileError) in
            guard let kind = value["Kind"]?.string.flatMap({ ApplicationKind(rawValue: $0) }),
                let key = value["Key"]?.string
            else { throw Self.malformed("a default") }
            return (kind, key)
        }
    }

    var members: JSONObject {
        var members = JSONObject()
        members["Version"] = .integer(Self.version)
        members["Udf"] = .string(profile.text)
        members["Made"] = .string(made.description)
        members["Name"] = name.map { .string($0) }
        members["Versions"] = .array(versions.map { .object(Self.value($0)) })
        members["Addresses"] = .array(addresses.map { .string($0) })
        members["Registering"] = registering.map { .string($0) }
        members["DeviceUdf"] = device.map { .string($0.text) }
        members["DeviceName"] = deviceName.map { .string($0) }
        members["CatalogedDevice"] = entry.map { .object($0) }
        members["MasterKey"] = masterKey.map(Self.value)
        members["DeviceKey"] = deviceKey.map(Self.value)
        members["Stores"] = .array(
            stores.map { store in
                var object = Self.value(store.container)
                object["Container"] = .string(store.store.containerName)
                return .object(object)
            })
        members["Outbox"] = outbox.map { .object(Self.value($0)) }
        members["Pending"] = .array(pending.map { .object($0) })
        var known = JSONObject()
        switch recovery.state {
        case .none: break
        case .made(let time): known["Made"] = .string(time.description)
        case .proven(let time): known["Proven"] = .string(time.description)
        }
        known["Quorum"] = recovery.quorum.map { .integer($0) }
        known["Shares"] = recovery.shares.map { .integer($0) }
        members["Recovery"] = .object(known)
        members["Services"] = .array(
            services.map { ["Domain": .string($0.domain), "ServiceUdf": .string($0.udf.text)] })
        members["Defaults"] = .array(defaults.map { ["Kind": .string($0.kind.rawValue), "Key": .string($0.key)] })
        return members
    }

    private static func value(_ part: Part) -> JSONObject {
        ["Path": .string(part.path), "Size": .integer(part.size), "Digest": .binary(part.digest)]
    }

    private static func value(_ container: Container) -> JSONObject {
        [
            "Path": .string(container.path), "Size": .integer(container.size),
            "Index": .integer(container.point.count), "Digest": .binary(container.point.digest),
            "Check": .binary(container.point.check),
        ]
    }

    private static func value(_ key: Key) -> JSONValue {
        var object = value(key.part)
        object["Udf"] = .string(key.udf.text)
        object["Account"] = key.account.map { .string($0) }
        return .object(object)
    }

    private static func malformed(_ what: String) -> ProfileError {
        ProfileError(.malformed, "The manifest of the export does not say \(what) as it should.")
    }

    private static func udf(_ members: JSONObject, _ name: String) throws(ProfileError) -> UDF {
        guard let udf = members[name]?.string.flatMap({ UDF($0) }) else { throw malformed("the fingerprint \(name)") }
        return udf
    }

    private static func list<R>(
        _ members: JSONObject, _ name: String, _ read: (JSONValue) throws(ProfileError) -> R
    ) throws(ProfileError) -> [R] {
        guard let values = members[name] else { return [] }
        guard let values = values.array else { throw malformed(name) }
        var list: [R] = []
        for value in values { list.append(try read(value)) }
        return list
    }

    private static func size(_ value: JSONValue) throws(ProfileError) -> (path: String, size: Int) {
        guard let path = value["Path"]?.string, let size = value["Size"]?.integer.flatMap({ Int(exactly: $0) }),
            size >= 0
        else { throw malformed("where a part is, and its size,") }
        return (path, size)
    }

    private static func part(_ value: JSONValue) throws(ProfileError) -> Part {
        let (path, size) = try size(value)
        guard let digest = value["Digest"]?.binary else { throw malformed("the digest of a part") }
        return Part(path: path, size: size, digest: digest)
    }

    private static func container(_ value: JSONValue) throws(ProfileError) -> Container {
        let (path, size) = try size(value)
        guard let count = value["Index"]?.integer.flatMap({ Int(exactly: $0) }), count > 0,
            let digest = value["Digest"]?.binary, let check = value["Check"]?.binary
        else { throw malformed("how far a container goes") }
        return Container(path: path, size: size, point: HistoryPoint(count: count, digest: digest, check: check))
    }

    private static func key(_ value: JSONValue?) throws(ProfileError) -> Key? {
        guard let value else { return nil }
        guard let object = value.object else { throw malformed("a key") }
        return Key(udf: try udf(object, "Udf"), part: try part(value), account: value["Account"]?.string)
    }
}
