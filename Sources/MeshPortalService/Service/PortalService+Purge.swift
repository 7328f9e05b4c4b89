import MeshCore
import MeshPortals
import MeshProfiles

/// What a purge removed.
public struct PortalPurge: Hashable, Sendable {
    /// Requests for connection whose time was over.
    public var requests = 0
    /// Results that were fetched, or never will be.
    public var results = 0
    /// Claims whose time was over.
    public var claims = 0
    /// Accounts of which a part was left by an attempt to make or remove them that died.
    public var remains = 0

    /// Nothing.
    public init() {}

    /// Adds what another purge removed.
    public static func += (sum: inout PortalPurge, other: PortalPurge) {
        sum.requests += other.requests
        sum.results += other.results
        sum.claims += other.claims
        sum.remains += other.remains
    }
}

extension PortalService {
    /// Removes what has expired, and what interrupted attempts left. Nothing depends on it but space: what has expired is not
    /// shown before either. Call it from time to time; it may run beside requests, and beside another purge.
    ///
    /// - Returns: what it removed.
    /// - Throws: ``PortalStoreError``.
    public func purgeExpired() async throws -> PortalPurge {
        var purge = PortalPurge()
        var after: String?
        while true {
            let page = try await store.list(AccountRecord.self, after: after, limit: 256, in: .portal)
            for account in page {
                try Task.checkCancellation()
                if let udf = UDF(account.content.profile) { try await purgeExpired(.account(udf), &purge) }
            }
            guard let last = page.last else { break }
            after = last.key
        }
        purge.remains = try await purgeAbandoned()
        return purge
    }

    private func purgeExpired(_ partition: PortalPartition, _ purge: inout PortalPurge) async throws {
        let now = clock.now
        purge.requests += try await remove(PendingRecord.self, partition) {
            $0.expires <= now && $0.closingUntil.map { $0 <= now } ?? true
        }
        // A result that was fetched may be fetched again for as long as one that was not: an answer may be lost.
        purge.results += try await remove(ResultRecord.self, partition) { $0.expires <= now }
        purge.claims += try await remove(ClaimRecord.self, partition) { $0.expires <= now }
    }

    private func remove<Content: RecordContent>(
        _ type: Content.Type, _ partition: PortalPartition, where isOver: (Content) -> Bool
    ) async throws -> Int {
        var count = 0
        var after: String?
        while true {
            let page = try await store.list(Content.self, after: after, limit: 256, in: partition)
            guard let last = page.last else { return count }
            for record in page where isOver(record.content) {
                do {
                    try await store.commit([record.removal], in: partition)
                    count += 1
                } catch let error as PortalStoreError where error.code == .conflict {
                    continue
                }
            }
            after = last.key
        }
    }

    /// Removes the partitions of accounts that were never made, or are not any more.
    private func purgeAbandoned() async throws -> Int {
        var count = 0
        var after: String?
        while true {
            let page = try await store.list(ReservationRecord.self, after: after, limit: 256, in: .portal)
            guard let last = page.last else { return count }
            for record in page where isAbandoned(record.content) {
                let name = String(record.key.dropFirst(ReservationRecord.prefix.count))
                guard let udf = UDF(name), let reservation = try? await reserve(udf) else { continue }
                defer { finished(reservation) }
                try await giveUp(reservation, udf)
                count += 1
            }
            after = last.key
        }
    }
}
