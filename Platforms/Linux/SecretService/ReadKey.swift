#if SecretService
    import MeshCore
    import MeshPlatforms
    import Synchronization

    /// Where items were found, as a hint for the next reading. Holds no secrets.
    final class ItemPlaces: Sendable {
        private let places = Mutex<[UDF: String]>([:])

        func path(of identifier: UDF) -> String? { places.withLock { $0[identifier] } }

        func note(_ path: String, of identifier: UDF) {
            places.withLock {
                if $0.count >= 1024 { $0.removeAll() }
                $0[identifier] = path
            }
        }

        func forget(_ identifier: UDF) { places.withLock { _ = $0.removeValue(forKey: identifier) } }
    }

    /// A key on its way from a blocking thread to the task that asked for it.
    final class ReadKey: Sendable {
        let identifier: UDF
        let revision: KeyRevision?
        private let key: Mutex<StoredKey?>

        init(_ key: consuming StoredKey) {
            identifier = key.item.identifier
            revision = key.revision
            self.key = Mutex(consume key)
        }

        /// Hands the key over; nil the second time.
        func take() -> StoredKey? { key.withLock { $0.take() } }
    }
#endif
