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
                let path = try created(replies.second, beside: existing.unlocked, identity, connection, call)
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
            // Nothing is made for a caller who was told already that it was not.
            try call.requireWaiting()
            let request = try creating(line, item, connection)
            let reply = Result {
                try connection.send(
                    request.path, request.interface, request.method, request.arguments, reply: request.reply, call)
            }
            let path = try created(reply, beside: existing, identity, connection, call)
            try removeOthers(existing, than: path, connection, call)
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

        /// The path of the item that was created, or replaced in its place.
        private func created(
            _ reply: Result<Variant, any Error>, beside existing: [String], _ identity: [String: String],
            _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> String? {
            do {
                let reply = try reply.get()
                guard try settle(reply[1]?.text, connection, call) else { return reply[0]?.text }
                // Which item it was is seen by looking again.
                let now = try search(identity, connection, call).unlocked
                if let new = now.first(where: { !existing.contains($0) }) { return new }
                guard existing.count == 1, now == existing else {
                    throw PlatformError(
                        .changedUnderneath, store: Self.name, "Items were changed while a key was stored.",
                        remedy: "Look for the key, and store it again if it is not there.")
                }
                return existing.first
            } catch let error as GLibError where error.isMissingObject {
                // Says which it is: no collection, or a service that cannot create items.
                try requireUnlocked(connection, call)
                throw error
            }
        }

        /// Settles the prompt that a service gives for an answer to a change; false if it gave none.
        ///
        /// Some services (KeePassXC) give one for every change, and only do their work when they are told to go on. They
        /// are, if the collection is unlocked, so that it is no prompt to unlock. If the service then asks a person after
        /// all, the question is taken back at the deadline.
        ///
        /// - Throws: ``PlatformError`` `locked`, `promptDismissed`, `promptImpossible`.
        private func settle(_ prompt: String?, _ connection: ServiceConnection, _ call: ServiceCall) throws -> Bool {
            guard let prompt, prompt != "/" else { return false }
            if try traits.provider == "gnome-keyring" || FoundCollection.isLocked(collectionPath, connection, call) {
                Self.dismiss(prompt, connection, call)
                throw Self.lockedError
            }
            let time = max(.milliseconds(1), call.left - .milliseconds(200))
            switch try PromptWait.run(prompt, connection, call, lifetime: time) {
            case .completed(isDismissed: false): return true
            case .completed(isDismissed: true):
                throw PlatformError(
                    .promptDismissed, store: Self.name, "The keyring asked whether to do this, and was told not to.",
                    remedy: "Allow it in the keyring manager.")
            case .unanswered, .refused:
                throw PlatformError(
                    .promptImpossible, store: Self.name,
                    "The keyring wants to ask before each change, and this call shows no questions.",
                    remedy: "Switch the confirmation off in the settings of the keyring manager.")
            case .disconnected:
                drop(connection)
                throw PlatformError(
                    .disconnected, store: Self.name, "The keyring service went away during the call.",
                    remedy: "Try again; whether a change was made is to be looked up.")
            }
        }

        /// Deletes an item; false if it is not there any more.
        private func delete(_ path: String, _ connection: ServiceConnection, _ call: ServiceCall) throws -> Bool {
            do {
                let reply = try connection.send(path, ItemAttribute.itemInterface, "Delete", [], reply: "(o)", call)
                _ = try settle(reply[0]?.text, connection, call)
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
