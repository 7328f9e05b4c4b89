import CFuzzing
import Glibc
import MeshFuzzTargets

/// Runs a target on inputs that are kept, and measures what they take: time, and memory on the heap.
///
/// A file whose name ends in `.repeat` is a piece of an input: it is repeated until there are 4 MiB of it. If it has two lines,
/// the first stands at the beginning once, and the second is repeated.
struct Replay {
    /// How many seconds of a processor one input may take: a multiple of what the slowest does, and a small part of what one
    /// does that takes a time growing as the square of its size. Debug builds are a dozen times as slow.
    static var timeLimit: Double {
        var factor = 1.0
        assert({ factor = 12 }() == ())
        return 10 * factor
    }

    private let target: FuzzTarget
    private let timeLimit: Double

    init(_ target: FuzzTarget, timeLimit: Double = Replay.timeLimit) {
        self.target = target
        self.timeLimit = timeLimit
        // What the program allocates once is not the input's.
        target.run([])
    }

    /// Replays a file, or the files of a directory.
    func run(_ path: String) {
        if let directory = opendir(path) {
            var names: [String] = []
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if !name.hasPrefix(".") { names.append(name) }
            }
            closedir(directory)
            for name in names.sorted() { replay("\(path)/\(name)") }
        } else {
            replay(path)
        }
    }

    private func replay(_ path: String) {
        let input = octets(of: path)
        // Said first: if the input stops the program, this is the last line.
        print("\(target.name) \(path)")
        fflush(nil)
        let start = Self.processorTime
        mesh_meter_start()
        target.run(input)
        let peak = mesh_meter_peak()
        let time = Self.processorTime - start
        if peak > FuzzTarget.memoryLimit(input.count) {
            fail("\(path): \(input.count) octets of input took \(peak) octets of memory")
        }
        if time > timeLimit { fail("\(path): took \(time) s of a processor") }
    }

    /// What this process has used, in seconds: waiting for others, on a busy machine, is not counted.
    private static var processorTime: Double { Double(clock()) / Double(CLOCKS_PER_SEC) }

    private static let repeatedSize = 4 << 20

    private func octets(of path: String) -> [UInt8] {
        let octets = content(of: path)
        guard path.hasSuffix(".repeat"), !octets.isEmpty else { return octets }
        let line = octets.firstIndex(of: 0x0A)
        let piece = octets[(line.map { $0 + 1 } ?? 0)...]
        var repeated = Array(octets[..<(line ?? 0)])
        repeated.reserveCapacity(Self.repeatedSize + octets.count)
        while repeated.count < Self.repeatedSize { repeated.append(contentsOf: piece) }
        return repeated
    }

    private func content(of path: String) -> [UInt8] {
        guard let file = fopen(path, "rb") else { fail("\(path) cannot be read") }
        defer { fclose(file) }
        var octets: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return octets }
            octets.append(contentsOf: buffer[..<count])
        }
    }
}
