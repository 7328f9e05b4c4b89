import Foundation
import MeshCore
import MeshCryptography
import MeshDARE
import MeshEncoding
import MeshFiles
import MeshPlatforms

/// Sequences against the system calls and the hash below them, and against SQLite, in the same run.
/// Prints `name ratio ours baseline`, times in microseconds (medians); the ratio is one of time.
@main struct SequenceBenchmark {
    static let payload = [UInt8](repeating: 0x61, count: 512)

    static func main() throws {
        let names = Set(CommandLine.arguments.dropFirst())
        func wants(_ name: String) -> Bool { names.isEmpty || names.contains(name) }
        let path = FileManager.default.temporaryDirectory.path + "/mesh-sequence-benchmark-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard let opened = try Directory.open(path, create: true) else { throw Failure("no directory at \(path)") }
        let place = Place(path: path, directory: LinuxContainerDirectory(opened))
        if wants("append") { try Appending.measure(place) }
        if wants("open") || wants("read") || wants("verify") { try Reading.measure(place) }
        if wants("proof") { try Proving.measure(place) }
        if wants("large") { try Verifying.measure(place) }
    }

    struct Place {
        let path: String
        let directory: LinuxContainerDirectory
    }

    struct Failure: Error {
        let text: String
        init(_ text: String) { self.text = text }
    }

    /// Microseconds.
    static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    /// Both by turns, so that the machine's noise falls on both.
    static func compare(
        _ name: String, rounds: Int, per count: Int, _ ours: () throws -> Void, _ baseline: () throws -> Void
    ) rethrows {
        var (left, right): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds {
            left.append(try time(ours) / Double(count))
            right.append(try time(baseline) / Double(count))
        }
        report(name, left, right)
    }

    static func report(_ name: String, _ ours: [Double], _ baseline: [Double]) {
        let (left, right) = (median(ours), median(baseline))
        print("\(name) \(rounded(left / right)) \(rounded(left)) \(rounded(right))")
    }

    static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
    static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    /// The most memory the process has had, in octets.
    static func peakMemory() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return (line?.split(whereSeparator: { $0 == " " || $0 == "\t" }).compactMap { Int($0) }.first ?? 0) * 1024
    }

    /// Forgets the most there was.
    static func resetPeak() throws {
        try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
    }
}
