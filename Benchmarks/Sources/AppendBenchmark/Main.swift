import Glibc
import MeshDARE
import MeshEncoding
import MeshFiles
import MeshPlatforms

/// Durable appends against the same octets written and synchronized by bare system calls, and against SQLite, by turns.
/// Prints `name ratio ours baseline`, times in microseconds (medians unless the name says p99); the ratio is one of time.
/// What one synchronization takes is printed before and after: see ``Disk``.
///
/// The files are in `TMPDIR`, else in `/var/tmp`: where that is must be on a disk.
@main struct AppendBenchmark {
    static let record = [UInt8](repeating: 0x61, count: 512)
    static let frame = JBCDFrame.encode([record])
    static let processes = 8

    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        if arguments.first == "worker" { return try Worker.run(Array(arguments.dropFirst())) }
        func wants(_ name: String) -> Bool { arguments.isEmpty || arguments.contains(name) }
        let path = "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/var/tmp")/mesh-append-benchmark-\(getpid())"
        let place = try Place(path, create: true)
        defer { place.remove() }
        try Disk.measure(place, "before")
        if wants("one") { try OneWriter.measure(place) }
        if wants("batch") { try Batches.measure(place) }
        if wants("buffered") { try Batches.measureBuffered(place) }
        if wants("processes") { try Crowd.measure(place) }
        try Disk.measure(place, "after")
    }

    /// Microseconds.
    static func time(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        let (seconds, attoseconds) = start.duration(to: .now).components
        return Double(seconds) * 1e6 + Double(attoseconds) / 1e12
    }

    static func report(_ name: String, _ ours: [Double], _ baseline: [Double], quantile: Double = 0.5) {
        report(name, of: ours.quantile(quantile), and: baseline.quantile(quantile))
    }

    static func report(_ name: String, of ours: Double, and baseline: Double) {
        print("\(name) \(rounded(ours / baseline)) \(rounded(ours)) \(rounded(baseline))")
    }

    private static func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }
}

extension [Double] {
    func quantile(_ share: Double) -> Double { sorted()[Swift.min(count - 1, Int(Double(count) * share))] }
}

struct Failure: Error {
    let text: String
    init(_ call: String) { text = "\(call): \(String(cString: strerror(errno)))" }
}

/// The directory of the files.
struct Place {
    let path: String
    let containers: LinuxContainerDirectory

    init(_ path: String, create: Bool) throws {
        self.path = path
        guard let directory = try Directory.open(path, create: create) else { throw Failure(path) }
        containers = LinuxContainerDirectory(directory)
    }

    func log(_ name: String) throws -> FrameLog {
        try FrameLog.create(name, in: containers, firstFrame: AppendBenchmark.frame)
    }

    func remove() {
        for directory in ["\(path)/\(LinuxContainerDirectory.locks)", path] {
            if let stream = opendir(directory) {
                while let entry = readdir(stream) {
                    let name = withUnsafeBytes(of: entry.pointee.d_name) {
                        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                    }
                    unlink("\(directory)/\(name)")
                }
                closedir(stream)
            }
            rmdir(directory)
        }
    }
}

extension FrameLog {
    func add(_ count: Int, _ durability: Durability) throws {
        try append(durability: durability, until: .now + .seconds(60)) { batch in
            for _ in 0..<count { batch.add([AppendBenchmark.record]) }
        }
    }
}
