#if SecretService
    import CLibSecret
    import MeshCore
    import MeshPlatforms

    extension SecretServiceKeyStore {
        // MARK: Writing

        public func store(
            _ secret: borrowing SecretBytes, as item: KeyItem, replacement: KeyReplacement, options: CallOptions
        ) async throws {
            guard secret.count <= Self.largestValue else {
                throw PlatformError(
                    .tooLarge, store: Self.name,
                    "A key of \(secret.count) octets is larger than the \(Self.largestValue) that this store takes.")
            }
            if case .ifUnchanged = replacement, !canExclude {
                throw traits.unsupported("replace a key only if it is unchanged")
            }
            let revision = KeyEnvelope.newRevision(self.options.random)
            let line = SharedSecret(KeyEnvelope.encode(secret, as: item, revision: revision))
            try await perform(options, isWriting: true) { connection, call in
                try WriterTurn.run(self, connection, call) {
                    try self.write(line, item, replacement, connection, call)
                }
            }
        }

        private func write(
            _ line: SharedSecret, _ item: KeyItem, _ replacement: KeyReplacement, _ connection: ServiceConnection,
            _ call: ServiceCall
        ) throws {
            let identity = attributes(for: item.identifier)
            if replacement == .always {
                // The service sees the search first, so that it finds what was there before.
                let replies = connection.sendBoth(searching(identity), try creating(line, item, connection), call)
                let existing = found(try replies.first.get())
                let path = try created(replies.second, connection, call)
                guard existing.locked.isEmpty else {
                    // A service that locks items one by one: the old one could not be replaced, so the new one goes.
                    if let path, !existing.locked.contains(path) { _ = try delete(path, connection, call) }
                    throw Self.lockedError
                }
                if let path { places.note(path, of: item.identifier) }
                try removeOthers(existing.unlocked, than: path, connection, call)
                return
            }
            let existing = try find(identity, connection, call)
            guard existing.count <= 1 else { throw ambiguous(item.identifier, existing) }
            if case .never = replacement, !existing.isEmpty {
                throw PlatformError(
                    .alreadyExists, store: Self.name, "There is a key \(item.identifier.text) already.",
                    remedy: "Store it with replacement if that is meant.")
            }
            if case .ifUnchanged(let revision) = replacement {
                guard let current = try readOne(item.identifier, connection, call), current.revision == revision else {
                    throw PlatformError(
                        .changedUnderneath, store: Self.name,
                        "Someone else changed or removed the key \(item.identifier.text) since it was read.",
                        remedy: "Read it again.")
                }
            }
            let request = try creating(line, item, connection)
            let reply = Result {
                try connection.send(
                    request.path, request.interface, request.method, request.arguments, reply: request.reply, call)
            }
            try removeOthers(existing, than: try created(reply, connection, call), connection, call)
        }

        /// Removes what the service did not replace, because other attributes of it were different.
        private func removeOthers(
            _ existing: [String], than path: String?, _ connection: ServiceConnection, _ call: ServiceCall
        ) throws {
            for old in existing where old != path { _ = try delete(old, connection, call) }
        }

        private func creating(
            _ line: SharedSecret, _ item: KeyItem, _ connection: ServiceConnection
        ) throws -> Request {
            let properties = Variant.properties([
                "org.freedesktop.Secret.Item.Label": .string(item.label),
                "org.freedesktop.Secret.Item.Attributes": .dictionary(ItemAttribute.all(of: item, mode: mode)),
            ])
            return Request(
                path: collectionPath, interface: FoundCollection.interface, method: "CreateItem",
                arguments: [properties, try connection.encode(line.bytes), .boolean(true)], reply: "(oo)")
        }

        /// The path of the item that was created.
        private func created(
            _ reply: Result<Variant, any Error>, _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> String? {
            do {
                let reply = try reply.get()
                if Self.dismiss(reply[1]?.text, connection, call) { throw Self.lockedError }
                return reply[0]?.text
            } catch let error as GLibError where error.isMissingObject {
                // Says which it is: no collection, or a service that cannot create items.
                try requireUnlocked(connection, call)
                throw error
            }
        }

        /// Deletes an item; false if it is not there any more.
        private func delete(_ path: String, _ connection: ServiceConnection, _ call: ServiceCall) throws -> Bool {
            do {
                let reply = try connection.send(path, ItemAttribute.itemInterface, "Delete", [], reply: "(o)", call)
                if Self.dismiss(reply[0]?.text, connection, call) { throw Self.lockedError }
                return true
            } catch let error as GLibError where error.isMissingObject {
                return false
            }
        }

        public func remove(_ identifier: UDF, options: CallOptions) async throws -> Bool {
            try await perform(options, isWriting: true) { connection, call in
                try WriterTurn.run(self, connection, call) {
                    let paths = try self.find(self.attributes(for: identifier), connection, call)
                    guard let path = paths.first else { return false }
                    guard paths.count == 1 else { throw self.ambiguous(identifier, paths) }
                    self.places.forget(identifier)
                    if try self.delete(path, connection, call) { return true }
                    try self.requireUnlocked(connection, call)
                    return false
                }
            }
        }

        public func eraseTestKeys(options: CallOptions) async throws -> Int {
            try mode.requireTest(store: Self.name)
            return try await perform(options, isWriting: true) { connection, call in
                try WriterTurn.run(self, connection, call) {
                    let paths = try self.find([ItemAttribute.mode: self.mode.description], connection, call)
                    return try paths.count { try self.delete($0, connection, call) }
                }
            }
        }
    }
#endif
