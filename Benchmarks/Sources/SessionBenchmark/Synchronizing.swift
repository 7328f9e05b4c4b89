import Foundation
import MeshCore
import MeshDARE
import MeshSessions
import Synchronization

/// Entries that are added on one machine in batches, sent, and received by another.
struct Synchronizing {
    let world: World
    let count: Int
    let cryptography: CryptographyCosts

    private static let batch = 1_000
    /// A portal gives whole runs; a sender makes them of so many changes.
    private static let run = 1_000

    struct Cost {
        let name: String
        /// For each entry.
        let microseconds: Double
    }

    /// The costs of the three steps, which are printed as well.
    func measured() async throws -> [Cost] {
        let alice = try await world.session().createAccount("alice@\(World.domain)")
        let other = try await world.connected(to: alice)
        var costs: [Cost] = []
        func step(_ name: String, _ counts: CryptographyCosts.Counts, _ body: () async throws -> Void) async throws {
            let before = world.portal.traffic
            let peak = PeakMemory()
            let time = try await SessionBenchmark.time(body)
            let traffic = world.portal.traffic - before
            var counts = counts
            // Each request and each answer is hashed and signed here, and hashed and verified there.
            counts.signatures += 2 * traffic.requests
            counts.verifications += 2 * traffic.requests
            counts.octets += 2 * traffic.octets
            let share = cryptography.time(counts) / time
            costs.append(Cost(name: name, microseconds: time / Double(count)))
            SessionBenchmark.say(
                "\(world.kind)-\(name)-\(count) \(SessionBenchmark.rounded(time / Double(count))) us per entry, "
                    + "\(Int(share * 100)) % cryptography, \(traffic.requests) requests, "
                    + "\(peak.grown() >> 20) MiB more memory")
        }
        let runs = (count + Self.run - 1) / Self.run
        var counts = CryptographyCosts.Counts(payloads: count, frames: count, agreements: 4)
        try await step("add", counts) {
            let store = try await alice.store(.credential)
            for start in stride(from: 0, to: count, by: Self.batch) {
                try await store.add((start..<min(start + Self.batch, count)).map(Self.entry))
            }
        }
        // Each is opened, sealed anew, and taken out here (three frames with the one it makes), and verified there.
        counts = .init(
            payloads: 2 * count, frames: 3 * count, runFrames: 2 * count, signatures: runs, verifications: runs,
            agreements: 4)
        try await step("send", counts) {
            guard try await alice.sync().sent == [.credential: count] else { throw SessionBenchmark.Failure() }
        }
        counts = .init(frames: count, runFrames: count, verifications: runs, agreements: 4)
        try await step("receive", counts) {
            guard let received = try await other.sync().received[.credential], received >= count else {
                throw SessionBenchmark.Failure()
            }
        }
        // Frame for frame the same, and readable.
        let store = try await other.store(.credential)
        for number in [0, count / 2, count - 1] {
            let entry = Self.entry(number)
            guard let key = entry.primaryKey,
                try await store.find(key, as: CatalogedCredential.self)?.password == entry.password
            else { throw SessionBenchmark.Failure() }
        }
        return costs
    }

    /// An entry of 200 to 500 octets.
    private static func entry(_ number: Int) -> CatalogedCredential {
        var entry = CatalogedCredential()
        entry.service = "service-\(number).example"
        entry.username = "alice-\(number)"
        entry.password = String(repeating: "\(number)-", count: 12) + String(repeating: "x", count: number &* 7 % 200)
        return entry
    }
}

/// How much memory the process has at most, from now on.
struct PeakMemory {
    private let before: Int

    init() {
        // Forgets the highest mark, where the system lets us.
        if let file = FileHandle(forWritingAtPath: "/proc/self/clear_refs") {
            try? file.write(contentsOf: Data("5".utf8))
            try? file.close()
        }
        before = Self.size("VmRSS:")
    }

    /// By how many octets the highest mark is above what there was.
    func grown() -> Int { max(0, Self.size("VmHWM:") - before) }

    private static func size(_ name: String) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix(name) })
        else { return 0 }
        return (line.split(separator: " ").dropFirst().first ?? line[...]).split(separator: "\t").compactMap { Int($0) }
            .first.map { $0 << 10 } ?? 0
    }
}
