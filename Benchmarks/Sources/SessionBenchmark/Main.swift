import Foundation
import MeshCore
import MeshDARE
import MeshPlatforms
import MeshPortalService
import MeshSessions

/// Accounts, devices, and entries that get from one machine over a portal to another, in files on this disk. Prints
/// `name figure unit`; the sizes can be given as arguments.
///
/// What grows with the number of entries is shown for each entry, for both sizes, and as the ratio of the larger size's
/// figure to the smaller's: 1 is flat.
@main struct SessionBenchmark {
    static func main() async throws {
        let sizes = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let root = FileManager.default.temporaryDirectory.path + "/mesh-session-benchmark-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        let cryptography = try CryptographyCosts.measured()
        for kind in World.Kind.allCases {
            var costs: [[Synchronizing.Cost]] = []
            for (number, size) in (sizes.isEmpty ? [1_000, 100_000] : sizes).enumerated() {
                let world = try await World(kind, root: "\(root)/\(kind)-\(number)")
                if number == 0 { try await measureAccounts(world) }
                costs.append(try await Synchronizing(world: world, count: size, cryptography: cryptography).measured())
            }
            guard let small = costs.first, let large = costs.last, costs.count > 1 else { continue }
            for (less, more) in zip(small, large) {
                say("\(kind)-\(less.name)-flat \(rounded(more.microseconds / less.microseconds)) ratio")
            }
        }
    }

    /// Making an account, and connecting a device by comparing witnesses, from its question until it is synchronised.
    private static func measureAccounts(_ world: World) async throws {
        var makes: [Double] = []
        var connects: [Double] = []
        for number in 0..<11 {
            let session = world.session()
            var alice: PersonalSession?
            makes.append(
                try await time { alice = try await session.createAccount("person-\(number)@\(World.domain)") })
            guard let alice else { throw Failure() }
            connects.append(try await time { _ = try await world.connected(to: alice) })
        }
        say("\(world.kind)-account-create \(rounded(median(makes) / 1000)) ms")
        say("\(world.kind)-device-connect \(rounded(median(connects) / 1000)) ms")
    }

    // MARK: Measuring

    struct Failure: Error {}

    static func time(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        return microseconds(since: start)
    }

    static func microseconds(since start: ContinuousClock.Instant) -> Double {
        let (seconds, attoseconds) = (ContinuousClock.now - start).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    static func rounded(_ value: Double) -> String { String(format: value < 10 ? "%.2f" : "%.0f", value) }

    /// At once, so that what was measured is seen also if something fails.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }
}
