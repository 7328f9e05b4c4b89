import MeshDARE
import MeshEncoding

/// What entries are found by besides their primary keys, read from their contents: the catalogs are sealed, so that the headers
/// of their frames do not say it.
enum EntryKeys {
    /// The keys of an entry of the type.
    static func keys<Entry: CatalogEntry>(of type: Entry.Type) -> @Sendable ([UInt8]) -> [SecondaryKey] {
        // What is no entry of the type has no keys; it is reported when it is looked at.
        return { content in (try? CatalogContent<Entry>(payload: content))?.entry?.allSecondaryKeys ?? [] }
    }

    /// The keys of an entry of any type that is known here.
    static let ofKnownTypes: @Sendable ([UInt8]) -> [SecondaryKey] = { content in
        // The type does not matter for reading: every tag but its own is unknown to it.
        guard let read = try? CatalogContent<CatalogedCredential>(payload: content) else { return [] }
        switch read {
        case .entry(let credential): return credential.allSecondaryKeys
        case .unknown(let other):
            for type in EntryKeys.types where type.tags.contains(where: { $0 == other.tag }) {
                return EntryKeys.keys(of: other, as: type)
            }
            guard let name = other.content["LocalName"]?.string else { return [] }
            return [SecondaryKey(name: SecondaryKey.localName, value: name)]
        }
    }

    private static let types: [any CatalogEntry.Type] = [
        CatalogedNetwork.self, CatalogedBookmark.self, CatalogedTask.self, CatalogedContact.self,
        CatalogedPublication.self, CatalogedMember.self, CatalogedApplication.self,
    ]

    private static func keys<Entry: CatalogEntry>(of other: UnknownEntry, as type: Entry.Type) -> [SecondaryKey] {
        other.content.object.flatMap { try? Entry(reading: other.tag, $0) }?.allSecondaryKeys ?? []
    }
}
