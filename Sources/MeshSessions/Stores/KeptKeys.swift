import MeshCore
import MeshCryptography
import MeshDARE
import MeshProfiles

/// The keys of rights that an account keeps in its access catalog, and who can open them.
///
/// The escrow key of the profile opens all of them, and the key of each generation the one before it: so a device that was handed
/// the newest key of a right reads everything that was written by the right.
struct KeptKeys: Sendable {
    private var kept: [KeptGroupKey] = []

    /// - Throws: ``DAREError``, ``PlatformError``.
    init(_ access: Catalog?) throws {
        guard let access else { return }
        for key in try access.keys {
            guard let record = try access.find(key) else { continue }
            let entry = try CatalogContent<CatalogedAccess>(payload: access.content(of: record)).entry
            if let found = entry.flatMap({ KeptGroupKey($0) }) { kept.append(found) }
        }
    }

    /// The keys of `right` that `keys` open, and those that these open in turn, without `keys` themselves.
    ///
    /// - Parameters:
    ///   - right: nil: of all rights.
    ///   - administrator: who must have signed them. What does not verify is nobody's key.
    func opened(
        by keys: [PrivateKey], of right: Right? = nil, signedBy administrator: PublicKey
    ) -> [GroupKey] {
        var readers = keys
        var known = Set(keys.map(\.publicKey.udf.text))
        var found: [GroupKey] = []
        while let reader = readers.popLast() {
            for entry in kept where right.map({ $0 == entry.right }) ?? true {
                guard !known.contains(entry.key.text), entry.isFor(reader.publicKey),
                    let key = try? entry.open(with: reader, signedBy: administrator)
                else { continue }
                known.insert(entry.key.text)
                found.append(key)
                readers.append(key.key)
            }
        }
        return found
    }

    /// The entries that are missing: each key of `keys` is kept for the escrow key, and for the newest key of its right.
    ///
    /// - Parameter escrow: the profile's escrow key.
    func missing(
        of keys: [GroupKey], escrow: PublicKey, make: (GroupKey, [PublicKey]) throws -> CatalogedAccess
    ) rethrows -> [CatalogedAccess] {
        try keys.compactMap { key in
            var readers = [escrow]
            if let newest = keys.newest(of: key.right), newest.generation > key.generation {
                readers.append(newest.key.publicKey)
            }
            let present = kept.first { $0.key == key.key.publicKey.udf }
            if let present, readers.allSatisfy(present.isFor) { return nil }
            return try make(key, readers)
        }
    }
}
