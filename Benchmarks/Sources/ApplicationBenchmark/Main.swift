import Foundation
import MeshDARE
import MeshSessions
import Synchronization

/// Credentials of a person on this disk, against SQLite that holds the same rows, one beside the other: adding, finding among all,
/// changing, synchronising, encrypting all of them anew when a device is removed. Prints `name ratio ours the-baseline's`, in microseconds for an entry; the number of entries can be
/// given as an argument. Both make what they say durable before they return. SQLite neither seals, nor signs, nor keeps history.
@main struct ApplicationBenchmark {
    static let batch = 1_000

    static func main() async throws {
        let count = max(
            batch, CommandLine.arguments.dropFirst().compactMap { Int($0) }.first ?? 100_000)
        let root =
            FileManager.default.temporaryDirectory.path + "/mesh-application-benchmark-\(getpid())"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let world = try await World(root: root)
        let alice = try await world.session().createAccount("alice@\(World.domain)")
        let other = try await world.connected(to: alice)
        let rows = try Rows("\(root)/rows.sqlite")
        let store = try await alice.credentials()

        try await add(count, to: store, rows)
        try await sync(count, from: alice, to: other, rows, "\(root)/copy.sqlite")
        let there = try await other.credentials()
        try await open(count, other, "\(root)/copy.sqlite")
        try await find(count, in: there, rows)
        try await update(count, in: there, rows)
        try await remove(count, other, from: alice, rows, "\(root)/anew.sqlite")
    }

    /// Removing the other machine: new keys, and all entries encrypted anew, here and at the portal; for SQLite, all rows written
    /// to two other databases.
    private static func remove(
        _ count: Int, _ other: PersonalSession, from alice: PersonalSession, _ rows: Rows, _ path: String
    ) async throws {
        guard let lost = try await alice.connectedDevices().first(where: { !$0.isThis }) else {
            throw Failure("remove")
        }
        let told = Mutex(0)
        let ours = try await time {
            _ = try await alice.remove(lost.udf) { step in
                if step.store == .credential { told.withLock { $0 = step.done } }
            }
        }
        guard told.withLock({ $0 }) == count, try await !alice.hasUnfinishedRemovals() else {
            throw Failure("remove")
        }
        let (first, second) = (try Rows(path + "-portal"), try Rows(path))
        let theirs = try time {
            try rows.copy(to: first, batch: batch)
            try rows.copy(to: second, batch: batch)
        }
        say("encrypt-anew", [ours / Double(count)], [theirs / Double(count)])
    }

    /// In batches, each durable.
    private static func add(_ count: Int, to store: EntryStore<CatalogedCredential>, _ rows: Rows)
        async throws
    {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for start in stride(from: 0, to: count, by: batch) {
            let entries = (start..<min(start + batch, count)).map(entry)
            ours.append(try await time { try await store.add(entries) } / Double(entries.count))
            theirs.append(try time { try rows.add(entries) } / Double(entries.count))
        }
        say("add", ours, theirs)
    }

    /// From one machine to the portal, and from there to another; for SQLite, from one database to two others.
    private static func sync(
        _ count: Int, from alice: PersonalSession, to other: PersonalSession, _ rows: Rows,
        _ path: String
    ) async throws {
        let send = try await time {
            guard try await alice.sync().sent == [.credential: count] else { throw Failure("sync") }
        }
        let receive = try await time {
            guard let received = try await other.sync().received[.credential], received >= count else {
                throw Failure("sync")
            }
        }
        let (first, second) = (try Rows(path + "-portal"), try Rows(path))
        let copies = try time {
            try rows.copy(to: first, batch: batch)
            try first.copy(to: second, batch: batch)
        }
        say("sync", [(send + receive) / Double(count)], [copies / Double(count)])
    }

    /// Opening the store, and finding one entry in it.
    private static func open(_ count: Int, _ session: PersonalSession, _ path: String) async throws {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for round in 0..<5 {
            let wanted = entry(round * 7919 % count)
            ours.append(
                try await time {
                    guard try await session.credentials().find(wanted.primaryKey ?? "") != nil else {
                        throw Failure("open")
                    }
                })
            theirs.append(
                try time {
                    guard try Rows(path).find(wanted.primaryKey ?? "") == wanted else {
                        throw Failure("open")
                    }
                })
        }
        say("open-and-find-one", ours, theirs)
    }

    /// By the key, and by the host, among all; the entry is read on both sides.
    private static func find(_ count: Int, in store: EntryStore<CatalogedCredential>, _ rows: Rows)
        async throws
    {
        let first = SecondaryKey(name: CatalogedCredential.hostKey, value: host(0))
        say(
            "find-by-host-first", [try await time { _ = try await store.find(first) }],
            [try time { _ = try rows.find(host: host(0)) }])
        var (byKey, byHost) = (
            (ours: [Double](), theirs: [Double]()), (ours: [Double](), theirs: [Double]())
        )
        for round in 0..<20 {
            let wanted = (0..<200).map { entry(($0 &* 7919 &+ round &* 104_729) % count) }
            let each = Double(wanted.count)
            byKey.ours.append(
                try await time {
                    for entry in wanted {
                        guard try await store.find(entry.primaryKey ?? "")?.entry == entry else {
                            throw Failure("find")
                        }
                    }
                } / each)
            byKey.theirs.append(
                try time {
                    for entry in wanted {
                        guard try rows.find(entry.primaryKey ?? "") == entry else { throw Failure("find") }
                    }
                } / each)
            byHost.ours.append(
                try await time {
                    for entry in wanted {
                        let key = SecondaryKey(name: CatalogedCredential.hostKey, value: entry.service ?? "")
                        guard try await store.find(key).map(\.entry) == [entry] else { throw Failure("find") }
                    }
                } / each)
            byHost.theirs.append(
                try time {
                    for entry in wanted {
                        guard try rows.find(host: entry.service ?? "") == [entry] else { throw Failure("find") }
                    }
                } / each)
        }
        say("find-by-key", byKey.ours, byKey.theirs)
        say("find-by-host", byHost.ours, byHost.theirs)
    }

    /// One by one, each durable, each from the version that was read.
    private static func update(_ count: Int, in store: EntryStore<CatalogedCredential>, _ rows: Rows)
        async throws
    {
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for round in 0..<10 {
            let keys = (0..<20).map { entry(($0 &* 7919 &+ round &* 104_729) % count).primaryKey ?? "" }
            ours.append(
                try await time {
                    for key in keys {
                        guard var item = try await store.find(key) else { throw Failure("update") }
                        item.entry.password = "changed in \(round)"
                        try await store.update(item.entry, from: item.version)
                    }
                } / Double(keys.count))
            theirs.append(
                try time {
                    for key in keys {
                        guard var entry = try rows.find(key) else { throw Failure("update") }
                        entry.password = "changed in \(round)"
                        try rows.update(entry)
                    }
                } / Double(keys.count))
        }
        say("update", ours, theirs)
    }

    /// An entry of about 200 octets.
    static func entry(_ number: Int) -> CatalogedCredential {
        var entry = CatalogedCredential(service: host(number), networkProtocol: "https")
        entry.username = "alice-\(number)"
        entry.password = String(repeating: "\(number)-", count: 12)
        return entry
    }

    private static func host(_ number: Int) -> String { "service-\(number).example" }

    // MARK: Measuring

    struct Failure: Error {
        let what: String
        init(_ what: String) { self.what = what }
    }

    private static func time(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return (ContinuousClock.now - start) / .microseconds(1)
    }

    private static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return (ContinuousClock.now - start) / .microseconds(1)
    }

    /// The median of the ratios of what was measured side by side, and both medians.
    private static func say(_ name: String, _ ours: [Double], _ theirs: [Double]) {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        func text(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }
        let ratio = median(zip(ours, theirs).map { $0 / $1 })
        print(name, text(ratio), text(median(ours)), text(median(theirs)))
        // At once, so that what was measured is seen also if something fails.
        fflush(nil)
    }
}
