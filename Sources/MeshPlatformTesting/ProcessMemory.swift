import Glibc
import MeshCore
import MeshPlatforms

/// Looks for what is left of secrets in the memory of this process: for tests that prove that nothing is.
public enum ProcessMemory {
    private static let mask: UInt8 = 0xA5

    /// Sixteen octets of a secret, kept in a disguise, so that the keeping is not what is found.
    public struct Needle: Sendable {
        /// What it is a part of; for messages.
        public let name: String
        fileprivate let masked: [UInt8]

        /// The first sixteen octets of `octets`. Fewer would be found by chance.
        public init(_ name: String, _ octets: UnsafeRawBufferPointer.SubSequence) {
            precondition(octets.count >= 16, "too few octets to look for")
            self.name = name
            masked = octets.prefix(16).map { $0 ^ mask }
        }
    }

    /// Whether the octets of a needle are nowhere in memory that can be written to. Takes some milliseconds.
    ///
    /// A thread that has just given its result back may hold the work, and what the work had borrowed, for a moment
    /// longer: so it is looked for again a few times.
    ///
    /// - Throws: ``PlatformError`` `accessDenied` if the memory cannot be read.
    public static func lacks(_ needle: Needle) throws -> Bool {
        for _ in 0..<50 {
            if try count(needle) == 0 { return true }
            sched_yield()
        }
        return false
    }

    /// How often the octets of a needle are in memory that can be written to.
    ///
    /// - Throws: ``PlatformError`` `accessDenied` if the memory cannot be read.
    public static func count(_ needle: Needle) throws -> Int {
        let maps = try octets(of: "/proc/self/maps")
        let memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC)
        guard memory >= 0 else { throw PlatformError(.accessDenied, store: "memory", "It cannot be read.") }
        defer { close(memory) }
        let size = 1 << 20
        var buffer = [UInt8](repeating: 0, count: size + 16)
        var found = 0
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let parts = line.split(separator: " ")
            guard parts.count > 1, parts[1].hasPrefix("rw"), !line.hasSuffix("[vvar]") else { continue }
            let ends = parts[0].split(separator: "-").compactMap { UInt(String($0), radix: 16) }
            guard ends.count == 2 else { continue }
            let own = UInt(bitPattern: buffer.withUnsafeBytes { $0.baseAddress })
            var start = ends[0]
            while start < ends[1] {
                let wanted = Int(min(UInt(size + 16), ends[1] - start))
                let read = pread(memory, &buffer, wanted, off_t(bitPattern: start))
                guard read > 0 else {
                    // Another thread has just given back this page; those behind it are looked at all the same.
                    start += UInt(getpagesize())
                    continue
                }
                // The buffer itself is in this memory: what was read into it is not counted again. What lies beside it is.
                found += occurrences(of: needle.masked, in: buffer, upTo: read) { offset in
                    let place = start + UInt(offset)
                    return offset < size && (place < own || place >= own + UInt(size + 16))
                }
                start += read < wanted ? UInt(read) : UInt(size)
            }
        }
        buffer.withUnsafeMutableBytes { if let base = $0.baseAddress { explicit_bzero(base, $0.count) } }
        return found
    }

    private static func occurrences(
        of masked: [UInt8], in buffer: [UInt8], upTo count: Int, where counts: (Int) -> Bool
    ) -> Int {
        guard count >= masked.count else { return 0 }
        let first = masked[0] ^ mask
        return buffer.withUnsafeBytes { buffer in
            var found = 0
            var position = 0
            while position <= count - masked.count, let base = buffer.baseAddress,
                let hit = memchr(base + position, Int32(first), count - masked.count + 1 - position)
            {
                position = hit - UnsafeMutableRawPointer(mutating: base)
                var index = 1
                while index < masked.count, buffer[position + index] ^ mask == masked[index] { index += 1 }
                if index == masked.count, counts(position) { found += 1 }
                position += 1
            }
            return found
        }
    }

    private static func octets(of path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else {
            throw PlatformError(.accessDenied, store: path, "It cannot be read.")
        }
        defer { fclose(file) }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&part, 1, part.count, file), count > 0 { all += part.prefix(count) }
        return all
    }
}
