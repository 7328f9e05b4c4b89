import MeshCore
import MeshDARE
import MeshEncoding
import MeshPortals

/// A kind of records: JSON under a key that begins with the name of the kind.
protocol RecordContent: Codable, Sendable {
    /// The name of the kind, with its slash.
    static var prefix: String { get }
}

/// A record that was read, with the version that a change of it has to expect.
struct Versioned<Content: RecordContent>: Sendable {
    var content: Content
    let key: String
    let version: UInt64

    /// The change that puts `content` in its place.
    func put(_ content: Content) throws -> PortalChange {
        .put(key: key, octets: try JSONBCDEncoder().encode(content), expecting: version)
    }
    /// The change that removes it.
    var removal: PortalChange { .remove(key: key, expecting: version) }
}

extension RecordContent {
    /// The key of the record called `name`.
    static func key(_ name: String) -> String { prefix + name }

    /// The change that makes the record called `name`, which must not be there.
    func creation(_ name: String) throws -> PortalChange {
        .put(key: Self.key(name), octets: try JSONBCDEncoder().encode(self), expecting: 0)
    }
}

extension PortalStore {
    /// The record of that kind called `name`.
    func read<Content: RecordContent>(
        _ type: Content.Type, _ name: String, in partition: PortalPartition
    ) async throws -> Versioned<Content>? {
        try await record(Content.key(name), in: partition).map { try parsed($0, in: partition) }
    }

    /// The records of that kind, by key, from the one after `after` on.
    func list<Content: RecordContent>(
        _ type: Content.Type, _ name: String = "", after: String? = nil, limit: Int, in partition: PortalPartition
    ) async throws -> [Versioned<Content>] {
        try await records(Content.key(name), after: after, limit: limit, in: partition)
            .map { try parsed($0, in: partition) }
    }

    private func parsed<Content: RecordContent>(
        _ record: PortalRecord, in partition: PortalPartition
    ) throws -> Versioned<Content> {
        do {
            let content = try JSONBCDDecoder().decode(Content.self, from: record.octets)
            return Versioned(content: content, key: record.key, version: record.version)
        } catch {
            throw PortalStoreError(
                .corrupt, "A record of \(partition) in \(name) cannot be read.",
                remedy: "Restore the store from a copy.", cause: error)
        }
    }
}

// Of the portal itself.

/// An account: whose it is. Under its address in lower case; making it is what makes the account.
struct AccountRecord: RecordContent {
    static let prefix = "Account/"
    /// The address as it was written.
    var account: String
    /// The fingerprint of the person's profile.
    var profile: String
    var created: Timestamp
    var modified: Timestamp

    enum CodingKeys: String, CodingKey {
        case account = "AccountID"
        case profile = "UserProfileUDF"
        case created = "Created"
        case modified = "Modified"
    }
}

/// Which account a profile has. Under the fingerprint of the profile; it comes and goes with the account.
struct OwnerRecord: RecordContent {
    static let prefix = "Profile/"
    /// The address in lower case.
    var account: String

    enum CodingKeys: String, CodingKey { case account = "AccountID" }
}

/// An account that is being made, or removed: its partition belongs to whoever wrote this. Under the fingerprint of the profile.
struct ReservationRecord: RecordContent {
    static let prefix = "Reservation/"
    /// The life of the service that does it.
    var epoch: String
    /// Which of its attempts.
    var attempt: String
    /// When it counts as abandoned.
    var expires: Timestamp

    enum CodingKeys: String, CodingKey {
        case epoch = "Epoch"
        case attempt = "Attempt"
        case expires = "Expires"
    }
}

/// A published entry, such as an escrow entry. Under its identifier.
struct EntryRecord: RecordContent {
    static let prefix = "Entry/"
    /// The fingerprint of the profile that published it.
    var profile: String
    var entry: DAREEnvelope

    enum CodingKeys: String, CodingKey {
        case profile = "UserProfileUDF"
        case entry = "Entry"
    }
}

/// That an entry is somebody's. Under the fingerprint of the profile, a slash, and the identifier.
struct OwnedEntryRecord: RecordContent {
    static let prefix = "Owned/"
    var identifier: String

    enum CodingKeys: String, CodingKey { case identifier = "Identifier" }
}

// Of an account.

/// The account's profile. One record.
struct ProfileRecord: RecordContent {
    static let prefix = "Profile/"
    static let name = "Current"
    var profile: DAREEnvelope

    enum CodingKeys: String, CodingKey { case profile = "EnvelopedProfileAccount" }
}

/// How many octets of frames the account keeps. One record.
struct UsageRecord: RecordContent {
    static let prefix = "Usage/"
    static let name = "Frames"
    var octets: Int

    enum CodingKeys: String, CodingKey { case octets = "Octets" }
}

/// The stores of the account that are named by rights: those that have frames, and such that were about to. One record.
struct SharedStoresRecord: RecordContent {
    static let prefix = "Stores/"
    static let name = "Shared"
    /// How many an account has at most.
    static let most = 64
    var containers: [String]

    enum CodingKeys: String, CodingKey { case containers = "Containers" }
}

/// A request for connection that waits. Under the fingerprint of the device.
struct PendingRecord: RecordContent {
    static let prefix = "Pending/"
    /// The fingerprint of the key that signs for the device until it is connected.
    var signer: String
    /// Under which identifier the device looks for the result.
    var responseID: String
    var received: Timestamp
    var expires: Timestamp
    /// The acknowledgement, with the request in it.
    var acknowledgement: DAREEnvelope
    /// Which result an administrator is closing the request with: no other may until ``closingUntil``.
    var closing: String?
    var closingUntil: Timestamp?

    enum CodingKeys: String, CodingKey {
        case signer = "Signer"
        case responseID = "ResponseID"
        case received = "Received"
        case expires = "Expires"
        case acknowledgement = "EnvelopedAcknowledgeConnection"
        case closing = "Closing"
        case closingUntil = "ClosingUntil"
    }
}

/// What became of a request. Under the identifier of the response.
struct ResultRecord: RecordContent {
    static let prefix = "Result/"
    /// The fingerprint of the device.
    var device: String
    /// The fingerprint of the key that signs for the device until it is connected.
    var signer: String
    var result: DAREEnvelope
    var expires: Timestamp
    /// When the device first fetched it.
    var collected: Timestamp?

    enum CodingKeys: String, CodingKey {
        case device = "DeviceID"
        case signer = "Signer"
        case result = "EnvelopedRespondConnection"
        case expires = "Expires"
        case collected = "Collected"
    }
}

/// Who claimed a publication. Under its identifier.
struct ClaimRecord: RecordContent {
    static let prefix = "Claim/"
    var claim: DAREEnvelope
    var expires: Timestamp

    enum CodingKeys: String, CodingKey {
        case claim = "EnvelopedMessageClaim"
        case expires = "Expires"
    }
}
