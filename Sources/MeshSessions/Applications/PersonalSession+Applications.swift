import MeshDARE

// What applications keep on all devices of a person (sessions specification §H). None of this needs a portal.
extension PersonalSession {
    /// Names and passwords.
    ///
    /// - Throws: as ``store(_:)``.
    public func credentials() async throws -> EntryStore<CatalogedCredential> { try await entries(in: .credential) }

    /// Networks, and what opens them.
    ///
    /// - Throws: as ``store(_:)``.
    public func networks() async throws -> EntryStore<CatalogedNetwork> { try await entries(in: .network) }

    /// Bookmarks.
    ///
    /// - Throws: as ``store(_:)``.
    public func bookmarks() async throws -> EntryStore<CatalogedBookmark> { try await entries(in: .bookmark) }

    /// Things to do, and appointments.
    ///
    /// - Throws: as ``store(_:)``.
    public func tasks() async throws -> EntryStore<CatalogedTask> { try await entries(in: .task) }

    /// People and organizations.
    ///
    /// - Throws: as ``store(_:)``.
    public func contacts() async throws -> EntryStore<CatalogedContact> { try await entries(in: .contact) }

    /// The entries of a type in a store.
    ///
    /// - Throws: as ``store(_:)``.
    public func entries<Entry: CatalogEntry>(
        of type: Entry.Type = Entry.self, in name: StoreName
    ) async throws -> EntryStore<Entry> {
        EntryStore(try await store(name))
    }
}
