import MeshDARE
import MeshPlatforms
import Synchronization

/// All keys of a catalog in the order of their octets.
struct KeyOrder: Sendable {
    /// The catalog's file, and how many frames it had.
    let sequence: DARESequence
    let count: Int
    let keys: [[UInt8]]

    /// Where the first key is that does not come before `octets`.
    func place(of octets: some Collection<UInt8>) -> Int {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(octets) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// Records: the entries of the catalog. The content of an entry is the version, 8 octets, and that of the record.
extension DAREPartition {
    /// The entry that says up to which version keys were used that are not there any more. No key of a record is like it.
    private static let lastRemoved = "removed"

    /// Runs `body`, which works on records; damage is named.
    func inCatalog<R>(_ body: (DAREPartition) throws -> R) throws -> R {
        try DAREPortalFault.naming(catalog.name, in: directory) { try body(self) }
    }

    func record(_ key: String) throws -> PortalRecord? {
        guard let record = try catalog.find(key) else { return nil }
        return try read(record)
    }

    private func read(_ record: CatalogRecord) throws -> PortalRecord {
        let content = try catalog.content(of: record)
        guard content.count >= 8 else {
            throw DAREPortalFault.corrupt("In \(catalog.path), \(record.version) is no record: it has no version.")
        }
        let version = content.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return PortalRecord(key: record.key, version: version, octets: Array(content.dropFirst(8)))
    }

    private func version(of key: String) throws -> UInt64? { try record(key)?.version }

    // MARK: Pages

    func records(
        _ prefix: String, after: String?, limit: Int, until deadline: ContinuousClock.Instant
    ) throws -> [PortalRecord] {
        // They are to be as they were at one moment: nothing was appended between the first and the last look.
        for _ in 0..<4 {
            let before = try catalog.sequence
            let count = before.count
            let page = try page(prefix, after, limit, before, count)
            let now = try catalog.sequence
            if now === before, now.count == count { return page }
        }
        return try catalog.transact(until: deadline) { _ in
            let now = try catalog.sequence
            return try page(prefix, after, limit, now, now.count)
        }
    }

    private func page(
        _ prefix: String, _ after: String?, _ limit: Int, _ sequence: DARESequence, _ count: Int
    ) throws -> [PortalRecord] {
        let order = try keys(sequence, count)
        var start = order.place(of: prefix.utf8)
        if let after {
            let next = order.place(of: after.utf8)
            let isThere = next < order.keys.count && order.keys[next].elementsEqual(after.utf8)
            start = max(start, isThere ? next + 1 : next)
        }
        var page: [PortalRecord] = []
        for key in order.keys[start...].prefix(while: { $0.starts(with: prefix.utf8) }) where page.count < limit {
            guard let record = try record(String(decoding: key, as: UTF8.self)) else { continue }
            page.append(record)
        }
        return page
    }

    private func keys(_ sequence: DARESequence, _ count: Int) throws -> KeyOrder {
        if let known = order.withLock({ $0 }), known.sequence === sequence, known.count == count { return known }
        let keys = try catalog.keys.filter { $0 != Self.lastRemoved }.map { Array($0.utf8) }
            .sorted { $0.lexicographicallyPrecedes($1) }
        let found = KeyOrder(sequence: sequence, count: count, keys: keys)
        order.withLock { $0 = found }
        return found
    }

    // MARK: Changes

    func commit(_ changes: [PortalChange], until deadline: ContinuousClock.Instant) throws {
        try catalog.transact(durability: .grouped, until: deadline) { transaction in
            let old = try changes.map { change in
                let version = try transaction.find(change.key) == nil ? nil : version(of: change.key)
                try PortalStoreRules.check(change, against: version)
                return version
            }
            let lastRemoved = try transaction.find(Self.lastRemoved) == nil ? nil : version(of: Self.lastRemoved)
            var removed: UInt64 = 0
            for (change, version) in zip(changes, old) {
                switch change {
                case .put(let key, let octets, _):
                    let next = (version ?? lastRemoved ?? 0) + 1
                    try transaction.put(key, Self.frame(next, octets))
                case .remove(let key, _):
                    guard let version else { continue }
                    try transaction.delete(key, from: nil)
                    removed = max(removed, version)
                }
            }
            if removed > lastRemoved ?? 0 { try transaction.put(Self.lastRemoved, Self.frame(removed, [])) }
        }
        compactIfMostlyDead(until: deadline)
    }

    private static func frame(_ version: UInt64, _ octets: [UInt8]) -> CatalogFrame {
        CatalogFrame(withUnsafeBytes(of: version.bigEndian) { Array($0) } + octets)
    }

    // MARK: Compaction

    /// A smaller catalog is not compacted.
    static let fewestFrames = 256

    /// Compacts the catalog if less than a quarter of its frames is of use, so that what compaction costs is shared by the
    /// changes that have made it necessary. That it fails is no failure of the change that was made before.
    private func compactIfMostlyDead(until deadline: ContinuousClock.Instant) {
        guard let count = try? catalog.sequence.count, count > compactionStart.withLock({ $0 }),
            let live = try? catalog.count, count > 4 * (live + 1)
        else { return }
        do {
            _ = try directory.remove(catalog.compact(until: deadline))
            compactionStart.withLock { $0 = Self.fewestFrames }
        } catch {
            compactionStart.withLock { $0 = 2 * count }
        }
    }
}
