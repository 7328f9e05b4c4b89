#if SecretService
    import CLibSecret
    import MeshPlatforms

    extension SecretServiceKeyStore {
        public func unlock(_ policy: UnlockPolicy, options: CallOptions) async throws {
            let path = collectionPath
            let prompt: String? = try await perform(options) { connection, call in
                guard try FoundCollection.isLocked(path, connection, call) else { return nil }
                if policy == .never { throw Self.lockedError }
                let reply = try connection.send(
                    ServiceConnection.servicePath, ServiceConnection.serviceInterface, "Unlock", [.paths([path])],
                    reply: "(aoo)", call)
                Self.dismiss(reply[1]?.text, connection, call)
                if try FoundCollection.isLocked(path, connection, call) { throw Self.lockedError }
                return nil
            }
            _ = prompt
        }
    }
#endif
