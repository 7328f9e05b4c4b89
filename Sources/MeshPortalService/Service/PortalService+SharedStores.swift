import MeshDARE
import MeshPortals

// The stores that are named by rights: an account has those that somebody has written to. Who may is decided before.
extension PortalService {
    /// How many stores an account has at most.
    static let mostStores = StoreName.fixed.count + SharedStoresRecord.most

    /// The stores that an account has, or may have, in the order in which they are listed.
    func stores(of partition: PortalPartition) async throws -> [StoreName] {
        let record = try await store.read(SharedStoresRecord.self, SharedStoresRecord.name, in: partition)
        guard let record else { return StoreName.fixed }
        let shared = record.content.containers.compactMap { StoreName(containerName: $0) }
        guard shared.count == record.content.containers.count else { throw corrupt(record.key) }
        return StoreName.fixed + shared
    }

    /// Notes that a store is about to get its first frames; nothing for one that any account may have.
    ///
    /// - Throws: ``PortalFailure`` `tooMany` if the account has as many as it may.
    func note(_ name: StoreName, in partition: PortalPartition) async throws {
        guard case .shared = name else { return }
        for _ in 0..<16 {
            let record = try await store.read(SharedStoresRecord.self, SharedStoresRecord.name, in: partition)
            let known = record?.content.containers ?? []
            guard !known.contains(name.containerName) else { return }
            guard known.count < SharedStoresRecord.most else {
                throw PortalFailure.tooMany(
                    "The account has \(SharedStoresRecord.most) stores of applications of its own here, and can have no more."
                )
            }
            let next = SharedStoresRecord(containers: (known + [name.containerName]).sorted())
            do {
                return try await store.commit(
                    [try record?.put(next) ?? next.creation(SharedStoresRecord.name)], in: partition)
            } catch let error as PortalStoreError where error.code == .conflict {
                continue
            }
        }
        throw PortalFailure(.unavailable, "The account is busy. Try again later.")
    }
}
