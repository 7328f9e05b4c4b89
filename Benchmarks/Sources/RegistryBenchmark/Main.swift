import Foundation
import MeshCore
import MeshHomeDirectory
import MeshPlatforms
import MeshRegistry

/// Opening and changing a registry of 10, 1,000 and 100,000 keys, against what the system takes for the same octets in
/// the same run. Prints `name ratio ours baseline`, times in microseconds (medians).
@main struct RegistryBenchmark {
    static func main() async throws {
        let root = FileManager.default.temporaryDirectory.path + "/mesh-registry-benchmark-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: root) }
        for count in [10, 1_000, 100_000] { try await measure(count, at: "\(root)/\(count)") }
    }

    static func measure(_ count: Int, at path: String) async throws {
        let home = HomeDirectory(mode: .test("benchmark"), path: path)
        func open() -> JSONRegistry {
            JSONRegistry(mode: home.mode, path: path) { try home.root(create: $0) }
        }
        let registry = open()
        let options = CallOptions(deadline: .seconds(60))
        try await registry.modify(expecting: nil, options: options) { transaction in
            for number in 0..<count {
                let key = try RegistryPath(["PersonalProfiles", "Entries", name(number)])
                try transaction.set(.string("profiles/\(name(number)).mmm"), "File", at: key)
            }
        }
        let file = "\(path)/\(JSONRegistry.fileName)"
        let last = try RegistryPath(["PersonalProfiles", "Entries", name(count - 1)])

        // Open and look one key up, against Foundation's parser on the same file.
        let rounds = count > 10_000 ? 5 : 200
        var ours: [Double] = []
        var baseline: [Double] = []
        for _ in 0..<rounds {
            ours.append(
                try await time {
                    let value = try await open().read(options: options) { try $0.string("File", at: last) }
                    precondition(value != nil)
                })
            baseline.append(
                try await time {
                    let data = try Data(contentsOf: URL(fileURLWithPath: file))
                    _ = try JSONSerialization.jsonObject(with: data)
                })
        }
        report("registry-open-\(count)", ours, baseline)

        // Looking up on a held registry, many in one call.
        let lookups = 100_000
        let held = try await time {
            try await registry.read(options: options) { reader in
                for _ in 0..<lookups {
                    let value = try reader.value("File", at: last)
                    precondition(value != nil)
                }
            }
        }
        print("registry-lookup-\(count) - \(rounded(held / Double(lookups))) -")

        // One changed value, against the least that makes as many octets durable in the same way.
        let size = try FileManager.default.attributesOfItem(atPath: file)[.size] as? Int ?? 0
        let journalled = size > 64 << 10
        let raw = try RawWriter(directory: path, size: journalled ? 200 : size)
        var updates: [Double] = []
        var raws: [Double] = []
        for round in 0..<(journalled ? 1_000 : 300) {
            updates.append(
                try await time {
                    try await registry.modify(expecting: nil, options: options) {
                        try $0.set(.integer(Int64(round)), "Count", at: last)
                    }
                })
            raws.append(try await time { journalled ? try raw.append() : try raw.replace() })
        }
        report("registry-update-\(count)", updates, raws)
        print("registry-update-worst-\(count) - \(rounded(updates.max() ?? 0)) \(rounded(raws.max() ?? 0))")
    }

    static func name(_ number: Int) -> String {
        let digits = String(number)
        return "MAAA-BBBB-CCCC-DDDD-" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    static func time(_ body: () async throws -> Void) async rethrows -> Double {
        let start = ContinuousClock.now
        try await body()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    static func report(_ name: String, _ ours: [Double], _ baseline: [Double]) {
        let (left, right) = (median(ours), median(baseline))
        print("\(name) \(rounded(left / right)) \(rounded(left)) \(rounded(right))")
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

/// The system calls alone.
struct RawWriter {
    let directory: Int32
    let journal: Int32
    let octets: [UInt8]

    struct Failure: Error {}

    init(directory path: String, size: Int) throws {
        directory = open(path, O_RDONLY | O_DIRECTORY)
        journal = open("\(path)/raw-journal", O_WRONLY | O_CREAT | O_APPEND, 0o600)
        octets = [UInt8](repeating: 0x61, count: size)
        guard directory >= 0, journal >= 0 else { throw Failure() }
    }

    /// Writes a new file, makes it durable, renames it over the old one, makes that durable.
    func replace() throws {
        let file = openat(directory, "raw-new", O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0, write(file, octets, octets.count) == octets.count, fsync(file) == 0,
            renameat(directory, "raw-new", directory, "raw") == 0, fsync(directory) == 0, close(file) == 0
        else { throw Failure() }
    }

    /// Appends to a file and makes that durable.
    func append() throws {
        guard write(journal, octets, octets.count) == octets.count, fdatasync(journal) == 0 else { throw Failure() }
    }
}
