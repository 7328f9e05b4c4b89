import MeshCore
import MeshCryptography
import MeshPortals
import Synchronization

// The parts of an account lie in a partition of their own, which is filled before the account's name is claimed, and emptied
// after it was given up. Whose work that is says a reservation in the portal's partition.
extension PortalService {
    /// How long an attempt of another process may take, in seconds.
    private static let reservationLifetime: Int64 = 15

    /// Takes the partition of that profile for this attempt; from one that was abandoned, if need be.
    ///
    /// - Throws: ``PortalFailure`` `unavailable` if another attempt is under way.
    func reserve(_ profile: UDF) async throws -> Versioned<ReservationRecord> {
        let attempt = NonceUDF.make(from: random).text
        let record = ReservationRecord(
            epoch: epoch, attempt: attempt,
            expires: Timestamp(secondsSince1970: clock.now.secondsSince1970 + Self.reservationLifetime))
        underWay.withLock { _ = $0.insert(attempt) }
        do {
            let old = try await store.read(ReservationRecord.self, profile.text, in: .portal)
            if let old {
                guard isAbandoned(old.content) else {
                    throw PortalFailure(.unavailable, "The account is being made or removed.")
                }
                try await store.commit([try old.put(record)], in: .portal)
            } else {
                try await store.commit([try record.creation(profile.text)], in: .portal)
            }
            guard let made = try await store.read(ReservationRecord.self, profile.text, in: .portal),
                made.content.attempt == attempt
            else { throw PortalStoreError(.conflict, "The reservation was taken over.") }
            return made
        } catch let error as PortalStoreError where error.code == .conflict {
            underWay.withLock { _ = $0.remove(attempt) }
            throw PortalFailure(.unavailable, "The account is being made or removed.")
        } catch {
            underWay.withLock { _ = $0.remove(attempt) }
            throw error
        }
    }

    /// Whether nobody is at it any more.
    func isAbandoned(_ record: ReservationRecord) -> Bool {
        if underWay.withLock({ $0.contains(record.attempt) }) { return false }
        return record.epoch == epoch || !store.isShared || record.expires <= clock.now
    }

    /// Removes what is in the partition of a profile that has no account, and gives the reservation back.
    func giveUp(_ reservation: Versioned<ReservationRecord>, _ profile: UDF) async throws {
        let current = try await store.read(ReservationRecord.self, profile.text, in: .portal)
        guard let current, current.version == reservation.version,
            current.content.attempt == reservation.content.attempt
        else { return }
        if try await store.record(OwnerRecord.key(profile.text), in: .portal) == nil {
            _ = try await store.remove(.account(profile))
            accounts.forget(profile)
        }
        try await store.commit([current.removal], in: .portal)
    }

    /// Says that this attempt is not under way any more. A reservation that is still there counts as abandoned then.
    func finished(_ reservation: Versioned<ReservationRecord>) {
        underWay.withLock { _ = $0.remove(reservation.content.attempt) }
    }
}
