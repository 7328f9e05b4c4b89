import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshPlatforms
import MeshPortals
import MeshProfiles

/// What a device has seen of an account's history: how far each store goes, and what the last frame is. Two devices that
/// compare theirs find out whether the portal shows them the same (design §7).
public struct HistoryStatement: AssertionContent {
    public static let tag = "HistoryStatement"

    /// How far one store goes.
    public struct Point: Hashable, Sendable {
        /// The name of the store.
        public let store: String
        /// How many frames it has, and the digests of the last one.
        public let point: HistoryPoint
    }

    /// The fingerprint of the account's profile.
    public let account: UDF
    /// When it was made.
    public let made: Timestamp
    /// The stores.
    public let points: [Point]

    init(account: UDF, made: Timestamp, points: [Point]) {
        self.account = account
        self.made = made
        self.points = points
    }

    public init(members: JSONObject) throws(ProfileError) {
        guard let account = members["AccountUdf"]?.string.flatMap({ UDF($0) }),
            let made = members["Made"]?.string.flatMap({ Timestamp($0) }), let stores = members["Stores"]?.array,
            stores.count <= 1024
        else { throw ProfileError(.malformed, "The statement lacks what it is about.") }
        self.account = account
        self.made = made
        var points: [Point] = []
        for store in stores {
            guard let name = store["Container"]?.string, let index = store["Index"]?.integer,
                let count = Int(exactly: index), count >= 0, let digest = store["Digest"]?.binary,
                let check = store["Check"]?.binary
            else { throw ProfileError(.malformed, "The statement says of a store what cannot be.") }
            points.append(Point(store: name, point: HistoryPoint(count: count, digest: digest, check: check)))
        }
        self.points = points
    }

    public var members: JSONObject {
        let stores = points.map { store in
            JSONValue.object([
                "Container": .string(store.store), "Index": .integer(Int64(store.point.count)),
                "Digest": .binary(store.point.digest), "Check": .binary(store.point.check),
            ])
        }
        return [
            "AccountUdf": .string(account.text), "Made": .string(made.description), "Stores": .array(stores),
        ]
    }
}

extension PersonalSession {
    /// What this device has seen of the account's history, signed by it: for another device, by any way but the portal.
    ///
    /// - Throws: as ``store(_:)``.
    public func historyStatement() async throws -> VerifiedAssertion<HistoryStatement> {
        try await historyStatement { _ in true }
    }

    /// The same, of the stores of which `isStated` holds.
    func historyStatement(
        _ isStated: @escaping @Sendable (StoreName) -> Bool
    ) async throws -> VerifiedAssertion<HistoryStatement> {
        let context = try await context()
        let (keys, platform) = (context.storeKeys, platform)
        let points = try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let stores = OpenedStores(keys: keys, platform: platform)
            return try stores.kept().filter(isStated).compactMap { store in
                try stores.sequence(store).map {
                    HistoryStatement.Point(store: store.containerName, point: HistoryPoint(try $0.runState()))
                }
            }
        }
        return try VerifiedAssertion(
            signing: HistoryStatement(account: udf, made: platform.clock.now, points: points),
            by: context.keys.signature, created: platform.clock.now)
    }

    /// Compares what another device of the account has seen with what this one has. What this one has not seen yet cannot be
    /// compared: synchronise first.
    ///
    /// - Throws: ``SessionError`` `historyForked` if the two were shown different histories; `malformed` for a statement that no
    ///   device of the account has signed.
    public func check(_ statement: JSONValue) async throws { try await check(statement, mustBeReached: false) }

    /// - Parameter mustBeReached: whether this device has just been shown all that the portal has: then it must have at least
    ///   what the statement states, or the portal keeps something back.
    func check(_ statement: JSONValue, mustBeReached: Bool) async throws {
        let context = try await context()
        let (keys, platform, profile) = (context.storeKeys, platform, profile)
        try await BlockingCalls(store: platform.containers.name).run(deadline: .seconds(120)) {
            let stores = OpenedStores(keys: keys, platform: platform)
            let book = try stores.book(of: profile)
            guard let envelope = try? DAREEnvelope(statement),
                let signed = book.all.lazy.compactMap({ device in
                    try? VerifiedAssertion<HistoryStatement>(verifying: envelope, by: device.signature)
                }).first, signed.content.account == profile.udf
            else {
                throw SessionError(.malformed, "This is no statement of a device of the account \(profile.udf).")
            }
            for store in signed.content.points {
                guard let name = StoreName(containerName: store.store), keys.reads(name) else { continue }
                let sequence = try stores.sequence(name)
                let relation = try sequence?.compare(store.point) ?? (store.point.count > 0 ? .ahead : .same)
                if relation == .ahead, mustBeReached {
                    throw PortalError(
                        .rolledBack, "The portal keeps back what another device has already seen of \(store.store).",
                        remedy:
                            "Ask whoever runs the portal whether it was restored from a backup, and compare the devices."
                    )
                }
                guard relation == .forked else { continue }
                throw SessionError(
                    .historyForked,
                    "The portal has shown the two devices different histories of \(store.store): one or both are not what the "
                        + "account's devices wrote.",
                    remedy: "Stop using this portal, and compare what the devices have.")
            }
        }
    }
}
