#if SecretService
    import CLibSecret
    import MeshCore
    import MeshPlatforms

    /// Names of the attributes of an item (platform specification §7.4).
    enum ItemAttribute {
        static let schema = "xdg:schema"
        static let schemaName = "org.mathmesh.Key"
        static let identifier = "mesh-udf"
        static let mode = "mesh-mode"
        static let keyClass = "mesh-class"
        static let exportable = "mesh-exportable"
        static let account = "mesh-account"

        static let itemInterface = "org.freedesktop.Secret.Item"

        /// All attributes of `item`.
        static func all(of item: KeyItem, mode: PlatformMode) -> [String: String] {
            var attributes = [
                schema: schemaName, identifier: item.identifier.text, Self.mode: mode.description,
                keyClass: item.keyClass.rawValue, exportable: item.isExportable ? "true" : "false",
            ]
            attributes[account] = item.account
            return attributes
        }

        /// The key that the attributes of an item and its label describe; nil if they describe none.
        static func item(_ attributes: [String: String], label: String?) -> KeyItem? {
            guard let text = attributes[identifier], let udf = UDF(text),
                let keyClass = attributes[keyClass].flatMap(KeyClass.init(rawValue:)),
                let exportable = attributes[exportable], ["true", "false"].contains(exportable)
            else { return nil }
            return try? KeyItem(
                identifier: udf, keyClass: keyClass, isExportable: exportable == "true", account: attributes[account],
                label: label)
        }
    }

    extension SecretServiceKeyStore {
        // MARK: Finding

        /// The items of this store's collection that have `attributes`: object paths.
        func search(
            _ attributes: [String: String], _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> Found {
            let request = searching(attributes)
            return found(
                try connection.send(
                    request.path, request.interface, request.method, request.arguments, reply: request.reply, call))
        }

        typealias Found = (unlocked: [String], locked: [String])

        func searching(_ attributes: [String: String]) -> Request {
            Request(
                path: ServiceConnection.servicePath, interface: ServiceConnection.serviceInterface,
                method: "SearchItems", arguments: [.dictionary(attributes)], reply: "(aoao)")
        }

        func found(_ reply: Variant) -> Found {
            let prefix = collectionPath + "/"
            func ours(_ index: Int) -> [String] { (reply[index]?.texts ?? []).filter { $0.hasPrefix(prefix) } }
            return (ours(0), ours(1))
        }

        func attributes(for identifier: UDF) -> [String: String] {
            [ItemAttribute.identifier: identifier.text, ItemAttribute.mode: mode.description]
        }

        func requireUnlocked(_ connection: ServiceConnection, _ call: ServiceCall) throws {
            if try FoundCollection.isLocked(collectionPath, connection, call) { throw Self.lockedError }
        }

        /// The items of an identity, or of the whole mode. None are returned only if there certainly are none.
        ///
        /// - Throws: ``PlatformError`` `locked`, `noDefaultCollection`; ``GLibError``.
        func find(
            _ attributes: [String: String], _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> [String] {
            var found = try search(attributes, connection, call)
            if found.unlocked.isEmpty, found.locked.isEmpty {
                // A locked collection may hide its items, and may have been unlocked since: what counts is a search
                // between two looks at the lock that both saw it open.
                try requireUnlocked(connection, call)
                found = try search(attributes, connection, call)
                if found.unlocked.isEmpty { try requireUnlocked(connection, call) }
            }
            guard found.locked.isEmpty else { throw Self.lockedError }
            return found.unlocked
        }

        func ambiguous(_ identifier: UDF, _ paths: [String]) -> PlatformError {
            PlatformError(
                .ambiguous, store: Self.name,
                "\(paths.count) items of collection \(traits.collection) answer to \(identifier.text).",
                remedy: "Remove all but one in the keyring manager, or store the key again with replacement.",
                candidates: paths.map { .init(name: $0, detail: "item of collection \(traits.collection)") })
        }

        // MARK: Reading

        /// The values of `paths`, encrypted for the session. What is locked or gone is left out.
        func secrets(
            _ paths: [String], _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> [(path: String, secret: Variant)] {
            let request = try fetching(paths, connection)
            return secrets(
                try connection.send(
                    request.path, request.interface, request.method, request.arguments, reply: request.reply, call))
        }

        func fetching(_ paths: [String], _ connection: ServiceConnection) throws -> Request {
            guard let session = Variant.path(connection.sessionPath) else { throw GLibError(taking: nil) }
            return Request(
                path: ServiceConnection.servicePath, interface: ServiceConnection.serviceInterface,
                method: "GetSecrets",
                arguments: [.paths(paths), session], reply: "(a{o(oayays)})")
        }

        func secrets(_ reply: Variant) -> [(path: String, secret: Variant)] {
            (reply[0]?.members ?? []).compactMap { entry in
                guard let path = entry[0]?.text, let secret = entry[1] else { return nil }
                return (path, secret)
            }
        }

        func decode(
            _ secret: Variant, expected: UDF?, path: String, _ connection: ServiceConnection
        ) throws -> ReadKey {
            let key = try connection.withDecoded(secret) { octets in
                ReadKey(try KeyEnvelope.decode(octets, expected: expected, store: Self.name, place: path))
            }
            guard let key else {
                throw PlatformError(.corrupt, store: Self.name, "The value of \(path) was damaged on its way here.")
            }
            return key
        }

        func readOne(
            _ identifier: UDF, _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> ReadKey? {
            if let key = try readWhereItWas(identifier, connection, call) { return key }
            // A second round only if the item went away between the search and the reading.
            for _ in 0..<2 {
                let paths = try find(attributes(for: identifier), connection, call)
                guard let path = paths.first else { return nil }
                guard paths.count == 1 else { throw ambiguous(identifier, paths) }
                if let (_, secret) = try secrets([path], connection, call).first {
                    let key = try decode(secret, expected: identifier, path: path, connection)
                    places.note(path, of: identifier)
                    return key
                }
                try requireUnlocked(connection, call)
            }
            throw PlatformError(
                .changedUnderneath, store: Self.name, "The item of \(identifier.text) changes while it is read.",
                remedy: "Try again.")
        }

        /// Reads a key whose item was found before: its value is fetched while the search is still under way, and counts
        /// only if the search finds that item and no other. Nil if it has to be looked for.
        func readWhereItWas(
            _ identifier: UDF, _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> ReadKey? {
            guard let path = places.path(of: identifier) else { return nil }
            let replies = connection.sendBoth(
                searching(attributes(for: identifier)), try fetching([path], connection), call)
            let found = found(try replies.first.get())
            guard found.locked.isEmpty else { throw Self.lockedError }
            guard found.unlocked == [path], let reply = try? replies.second.get(),
                let (_, secret) = secrets(reply).first
            else {
                places.forget(identifier)
                return nil
            }
            return try decode(secret, expected: identifier, path: path, connection)
        }

        public func read(_ identifier: UDF, options: CallOptions) async throws -> StoredKey? {
            try await perform(options) { connection, call in try self.readOne(identifier, connection, call) }?.take()
        }

        public func readEach(
            _ identifiers: [UDF], options: CallOptions, _ body: @Sendable (borrowing StoredKey) throws -> Void
        ) async throws -> [UDF] {
            if identifiers.isEmpty { return [] }
            let keys = try await perform(options) { connection, call in
                try self.readBatch(identifiers, connection, call)
            }
            for key in keys {
                if let key = key.take() { try body(key) }
            }
            let found = Set(keys.map(\.identifier))
            return identifiers.filter { !found.contains($0) }
        }

        /// All keys of the mode are fetched at once: one search, one answer with every value.
        func readBatch(
            _ identifiers: [UDF], _ connection: ServiceConnection, _ call: ServiceCall
        ) throws -> [ReadKey] {
            let wanted = Set(identifiers)
            let paths = try find([ItemAttribute.mode: mode.description], connection, call)
            let found = paths.isEmpty ? [] : try secrets(paths, connection, call)
            var keys: [UDF: ReadKey] = [:]
            var isPlain = found.count == paths.count
            for (path, secret) in found where isPlain {
                guard let key = try? decode(secret, expected: nil, path: path, connection) else {
                    isPlain = false
                    break
                }
                if wanted.contains(key.identifier), keys.updateValue(key, forKey: key.identifier) != nil {
                    isPlain = false
                }
            }
            if isPlain { return Array(keys.values) }
            // Something is damaged, double or changing: which keys that concerns is found by asking one by one.
            return try wanted.compactMap { try readOne($0, connection, call) }
        }

        // MARK: Listing

        public func list(matching filter: KeyFilter, options: CallOptions) async throws -> KeyListing {
            try await perform(options) { connection, call in
                let found = try self.search([ItemAttribute.mode: self.mode.description], connection, call)
                let isLocked = try FoundCollection.isLocked(self.collectionPath, connection, call)
                var items: [KeyItem] = []
                var problems: [PlatformError] = []
                for path in found.unlocked + found.locked {
                    let properties: [String: Variant]
                    do {
                        properties = try connection.properties(of: path, ItemAttribute.itemInterface, call)
                    } catch let error as GLibError where error.isMissingObject {
                        continue  // Removed since the search.
                    }
                    let attributes = properties["Attributes"]?.dictionary ?? [:]
                    if let item = ItemAttribute.item(attributes, label: properties["Label"]?.text) {
                        if filter.matches(item) { items.append(item) }
                    } else if !isLocked {
                        problems.append(
                            PlatformError(
                                .corrupt, store: Self.name, "The attributes of \(path) describe no key.",
                                remedy: "Look at the item in the keyring manager."))
                    }
                }
                if isLocked, items.isEmpty { throw Self.lockedError }
                return KeyListing(items: items, isPartial: isLocked || !problems.isEmpty, problems: problems)
            }
        }
    }
#endif
